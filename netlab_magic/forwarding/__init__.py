"""A probe through several namespaces: its packets and the replies, over wires and bridges, with connection tracking in each.

Start reading: `probe`, then `trace`.
Imports: i18n, iptables, language, model, netfilter, nftables, text.
"""

from netlab_magic.forwarding.packets import SOME_PORT
from netlab_magic.forwarding.probe import predict

__all__ = ["SOME_PORT", "predict"]
