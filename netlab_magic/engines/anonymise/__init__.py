"""Replaces the addresses and names in a dump, consistently and so that its owner alone can go back.

It runs on the file, where netlab-magic does, and not on the host that is collected: keyed hashes, IPv6 and names are beyond what the awk of
every host can do.
"""

__all__: list[str] = []
