"""iptables."""

__all__: list[str] = []
