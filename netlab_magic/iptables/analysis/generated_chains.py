"""Chains that a program makes and fills: rules of anybody else do not belong there, since the program writes them anew."""

import re
from collections.abc import Sequence

from netlab_magic.iptables.ruleset import BUILT_IN
from netlab_magic.netfilter import Visit

__all__ = ["USER_CHAIN", "is_generated", "own_place"]

USER_CHAIN = "DOCKER-USER"
"""Docker's chain for rules of its users, which it leaves alone."""

_PATTERNS = (
    r"DOCKER(-(ISOLATION-STAGE-[12]|FORWARD|CT|BRIDGE|INTERNAL|INGRESS)|_OUTPUT|_POSTROUTING)?",  # moby, libnetwork
    r"KUBE-.+",  # kube-proxy and the kubelet
    r"LIBVIRT_(INP|OUT|FWI|FWO|FWX|PRT)",  # libvirt
    r"(INPUT|FORWARD|OUTPUT|PREROUTING|POSTROUTING)_(IN_|OUT_)?(ZONES|POLICIES|direct).*",  # firewalld
    r"(IN|FWD|FWDI|FWDO|PRE|POST)_(.+_(pre|log|deny|allow|post)|policy_.+|public|home|work|internal|external|dmz|trusted|drop|block)",
    r"ufw6?-(?!(before|after|user)-(input|output|forward)$).+",  # ufw fills the others from files of its users
    r"(cali|cilium|CILIUM|CNI|FLANNEL|NETAVARK|WEAVE|f2b|ts)[-_].+",  # container networks, fail2ban, Tailscale
)
_GENERATED = re.compile("|".join(_PATTERNS))


def is_generated(chain: str) -> bool:
    """Whether a program has made the chain for rules of its own.

    >>> is_generated("DOCKER-ISOLATION-STAGE-2"), is_generated("DOCKER-USER"), is_generated("FORWARD")
    (True, False, False)
    """
    built_in = any(chain in chains for chains in BUILT_IN.values())
    return not built_in and _GENERATED.fullmatch(chain) is not None


def own_place(visits: Sequence[Visit], at: Visit) -> tuple[str, int | None]:
    """Where a rule of one's own comes before `at`: the chain and the number there, None for its end.

    `visits` are those at which a rule matched, until `at`. In Docker's FORWARD that is the head of DOCKER-USER, where the packet has been
    there; else before the jump that led into chains of others.
    """
    if at.chain != USER_CHAIN and any((visit.table, visit.chain) == (at.table, USER_CHAIN) for visit in visits):
        return USER_CHAIN, 1
    chain, number = at.chain, at.rule
    for visit in reversed(visits):
        if not is_generated(chain):
            break
        if (visit.hook, visit.table, visit.line.action.chain) == (at.hook, at.table, chain):
            chain, number = visit.chain, visit.rule
    return chain, number
