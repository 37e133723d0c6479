"""Probes, measured."""

__all__: list[str] = []
