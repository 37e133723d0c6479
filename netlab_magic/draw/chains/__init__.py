"""The picture of chains: every rule, every jump, and the path of a packet over them."""

__all__: list[str] = []
