"""Models one packet on one host: hooks, tables, chains, rules, NAT and routing, from the rules alone.

Start reading: `pipeline`, then `table` and `matches`; `nft_program` and `nft_rules` for the rules of nft.
Imports: iptables, model, nftables.
"""

from netlab_magic.netfilter.branching import every_branch
from netlab_magic.netfilter.connection import Conversation, converse, is_answer
from netlab_magic.netfilter.ip_sets import NO_SETS, IpSets
from netlab_magic.netfilter.pipeline import routing_of, walk
from netlab_magic.netfilter.replies import refusal_of, reply_to
from netlab_magic.netfilter.result import Cause, HostTrace, Outcome, RuleVisit
from netlab_magic.netfilter.routing import Device, Host, host_of

__all__ = [
    "NO_SETS",
    "Cause",
    "Conversation",
    "Device",
    "Host",
    "HostTrace",
    "IpSets",
    "Outcome",
    "RuleVisit",
    "converse",
    "every_branch",
    "host_of",
    "is_answer",
    "refusal_of",
    "reply_to",
    "routing_of",
    "walk",
]
