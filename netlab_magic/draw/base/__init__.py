"""What every picture is made of: markup, styles, badges, edges side by side, and the program that draws."""

__all__: list[str] = []
