"""What can matter in a table of nft: chains that nobody enters, rules that can never match."""

__all__: list[str] = []
