"""Captured packets: frames as bytes, their headers as values, filters, and one packet as it was seen at several places."""

__all__: list[str] = []
