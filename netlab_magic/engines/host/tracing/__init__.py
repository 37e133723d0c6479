"""The kernel's report of a packet."""

__all__: list[str] = []
