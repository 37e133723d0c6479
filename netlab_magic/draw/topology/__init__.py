"""The picture of a topology."""

__all__: list[str] = []
