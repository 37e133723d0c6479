"""The engine over another host's dumps: they are read, what they leave out is inferred, and nothing is sent."""

__all__: list[str] = []
