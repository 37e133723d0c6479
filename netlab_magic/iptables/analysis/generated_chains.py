"""Chains that a program creates and fills: other rules do not belong there, since the program rewrites the chain."""

import re
from functools import lru_cache

from netlab_magic.model.hooks import BUILT_IN

__all__ = ["USER_CHAIN", "is_generated", "program_of"]


_PROGRAMS = (
    ("Docker", r"DOCKER(-(ISOLATION-STAGE-[12]|FORWARD|CT|BRIDGE|INTERNAL|INGRESS)|_OUTPUT|_POSTROUTING)?"),  # moby, libnetwork
    ("Kubernetes", r"KUBE-.+"),  # kube-proxy and the kubelet
    ("libvirt", r"LIBVIRT_(INP|OUT|FWI|FWO|FWX|PRT)"),
    ("firewalld", r"(INPUT|FORWARD|OUTPUT|PREROUTING|POSTROUTING)_(IN_|OUT_)?(ZONES|POLICIES|direct).*"),
    (
        "firewalld",
        r"(IN|FWD|FWDI|FWDO|PRE|POST)_(.+_(pre|log|deny|allow|post)|policy_.+|public|home|work|internal|external|dmz|trusted|drop|block)",
    ),
    ("ufw", r"ufw6?-.+"),
    ("Podman", r"NETAVARK[-_].+"),
    ("CNI", r"CNI[-_].+"),
    ("fail2ban", r"f2b-.+"),
    ("Tailscale", r"ts[-_].+"),
    ("Calico", r"cali[-_].+"),
    ("Cilium", r"(cilium|CILIUM)[-_].+"),
    ("Flannel", r"FLANNEL[-_].+"),
    ("Weave", r"WEAVE[-_].+"),
)
_OWNED = [(program, re.compile(pattern)) for program, pattern in _PROGRAMS]
_FOR_USERS = re.compile(r"ufw6?-(before|after|user)-(input|output|forward)")
"""Chains that ufw fills from files of its users."""


@lru_cache(4096)
def program_of(chain: str) -> str:
    """The program that has created the chain; "" for any other chain.

    >>> program_of("DOCKER-ISOLATION-STAGE-2"), program_of("ufw-user-input"), program_of("DOCKER-USER"), program_of("FORWARD")
    ('Docker', 'ufw', '', '')
    """
    if any(chain in chains for chains in BUILT_IN.values()):
        return ""
    return next((program for program, pattern in _OWNED if pattern.fullmatch(chain)), "")


def is_generated(chain: str) -> bool:
    """Whether a program has created the chain for its own rules.

    >>> is_generated("DOCKER-ISOLATION-STAGE-2"), is_generated("DOCKER-USER"), is_generated("FORWARD")
    (True, False, False)
    """
    return program_of(chain) != "" and _FOR_USERS.fullmatch(chain) is None


USER_CHAIN = "DOCKER-USER"
"""Docker's chain for its users' rules, which it does not change."""
