"""Results."""

__all__: list[str] = []
