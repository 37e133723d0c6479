"""The command line: the same questions as in a cell, about dumps in files or on standard input, for people and for scripts.

Start reading: `subcommands`, the table; then `main`.
Imports: draw, engines, errors, i18n, iptables, model, session, teaching.
"""

__all__: list[str] = []
