"""A lab."""

__all__: list[str] = []
