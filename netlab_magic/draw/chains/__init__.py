"""The picture of chains."""

__all__: list[str] = []
