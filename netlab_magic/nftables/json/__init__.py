"""nft's JSON (libnftables-json(5)), read to the same values as its text."""

__all__: list[str] = []
