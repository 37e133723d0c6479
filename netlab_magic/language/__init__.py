"""The language of a cell: its text becomes statements, statements become plans.

A lexer, one table of statements (`syntax`) with their parsers, and what each building or firewall statement wants the network to be
(`plan_topology`, `plan_rules`). Nothing here has an effect.

Start reading: `syntax`, the table of statements, then `parser` and `plan_topology`.
Imports: errors, iptables, model, nftables, text.
"""

__all__: list[str] = []
