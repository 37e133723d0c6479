"""Command lines."""

__all__: list[str] = []
