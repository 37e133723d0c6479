"""Chains that a program creates and fills: other rules do not belong there, since the program rewrites the chain."""


import re

from netlab_magic.model.hooks import BUILT_IN

__all__ = ["USER_CHAIN", "is_generated"]


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
    """Whether a program has created the chain for its own rules.

    >>> is_generated("DOCKER-ISOLATION-STAGE-2"), is_generated("DOCKER-USER"), is_generated("FORWARD")
    (True, False, False)
    """
    built_in = any(chain in chains for chains in BUILT_IN.values())
    return not built_in and _GENERATED.fullmatch(chain) is not None


USER_CHAIN = "DOCKER-USER"
"""Docker's chain for its users' rules, which it does not change."""
