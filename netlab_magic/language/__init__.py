"""The language of a cell."""

__all__: list[str] = []
