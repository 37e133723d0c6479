"""Tables, chains, rules, sets and maps of nft in words."""

__all__: list[str] = []
