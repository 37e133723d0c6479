"""The engine for dumps of another host: they are read, missing facts are inferred, and nothing is sent."""

__all__: list[str] = []
