"""The picture of the hooks and tables that a packet passes on one host."""

__all__: list[str] = []
