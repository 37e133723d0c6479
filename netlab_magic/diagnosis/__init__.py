"""Why a packet was delivered or dropped: the model compared with the kernel's report, an explanation in words, and remedies.

Start reading: `summary`; `remedies/` looks for changes that help.
Imports: docker, errors, explain, forwarding, i18n, iptables, language, model, netfilter, nftables.
"""

__all__: list[str] = []
