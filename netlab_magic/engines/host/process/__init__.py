"""The process itself."""

__all__: list[str] = []
