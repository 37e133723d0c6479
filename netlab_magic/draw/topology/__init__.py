"""The picture of a topology: namespaces, bridges, cables, and the outcomes of probes on them."""

__all__: list[str] = []
