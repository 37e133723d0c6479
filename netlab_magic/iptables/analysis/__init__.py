"""What can be said of rules without sending a packet: what no packet reaches, what can never match, who wrote a chain."""

__all__: list[str] = []
