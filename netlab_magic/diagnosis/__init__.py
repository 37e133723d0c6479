"""Why a packet was delivered or dropped: the model beside the kernel's report, the account in words, and what would change it.

Start reading: `summary`; `remedies/` has the changes that help.
Imports: docker, errors, explain, forwarding, i18n, iptables, language, model, netfilter.
"""

__all__: list[str] = []
