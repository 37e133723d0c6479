"""A lab as its user sees it: it runs cells, remembers earlier states, and returns results.

Start reading: `lab`, then `runner`; what statements return is in `results/`.
Imports: diagnosis, docker, draw, engines, errors, explain, forwarding, i18n, iptables, language, model, netfilter, nftables, text.
"""

__all__: list[str] = []
