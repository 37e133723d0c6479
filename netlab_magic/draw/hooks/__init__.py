"""The picture of the hooks that a packet passes on a host, with the tables at each."""

__all__: list[str] = []
