"""Why."""

__all__: list[str] = []
