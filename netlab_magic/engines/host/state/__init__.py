"""The state of the kernel in the lab: read back, and changed."""

__all__: list[str] = []
