"""The packets of a capture as a ladder between the places where they were seen."""

__all__: list[str] = []
