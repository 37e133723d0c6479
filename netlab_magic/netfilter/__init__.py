"""One packet on one host, as the kernel treats it: hooks, tables, chains, rules, NAT and routing, worked out from the rules alone.

Start reading: `pipeline`, then `table` and `matches`.
Imports: iptables, model.
"""

from netlab_magic.netfilter.connection import Conversation, converse, is_answer
from netlab_magic.netfilter.pipeline import branches, routing_of, walk
from netlab_magic.netfilter.replies import port_closed, refusal_of, reply_to
from netlab_magic.netfilter.result import Cause, HostTrace, Outcome, RuleVisit
from netlab_magic.netfilter.routing import Device, Host, host_of

__all__ = [
    "Cause",
    "Conversation",
    "Device",
    "Host",
    "HostTrace",
    "Outcome",
    "RuleVisit",
    "branches",
    "converse",
    "host_of",
    "is_answer",
    "port_closed",
    "refusal_of",
    "reply_to",
    "routing_of",
    "walk",
]
