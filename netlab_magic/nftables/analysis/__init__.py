"""What can never matter in a table of nft: chains that no packet enters, rules that can never match."""

__all__: list[str] = []
