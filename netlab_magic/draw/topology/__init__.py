"""The picture of a topology: namespaces, bridges, cables, and the outcomes of probes."""

__all__: list[str] = []
