"""What programs write."""

__all__: list[str] = []
