"""The picture of a host's hooks, with the tables that a packet meets at each."""

__all__: list[str] = []
