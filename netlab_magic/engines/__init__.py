"""Engines: what has the network of a lab."""

__all__: list[str] = []
