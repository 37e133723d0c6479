"""Command lines in the lab: the shells that run them, the programs on their PATH, the servers."""

__all__: list[str] = []
