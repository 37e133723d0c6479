"""Values: what there is on a network, and what became of a packet."""

__all__: list[str] = []
