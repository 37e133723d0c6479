"""Netlink."""

__all__: list[str] = []
