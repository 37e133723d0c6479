"""Analysis."""

__all__: list[str] = []
