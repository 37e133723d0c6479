"""Probes on the real network, all in flight at once."""

__all__: list[str] = []
