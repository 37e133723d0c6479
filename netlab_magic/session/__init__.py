"""A lab as its user has it: it runs cells, remembers what was there, and gives results.

Start reading: `lab`, then `runner`; what statements give is in `results/`.
Imports: diagnosis, docker, draw, engines, errors, explain, forwarding, i18n, iptables, language, model, text.
"""

__all__: list[str] = []
