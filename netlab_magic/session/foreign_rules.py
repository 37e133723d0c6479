"""Rules that filter in a lab besides those of its iptables: the warnings about them, and how they are shown next to iptables' own."""

import re
from collections.abc import Iterator

from netlab_magic.engines.protocol import ForeignRules, Observed
from netlab_magic.session.state import Seen

__all__ = ["WITH_HANDLE", "foreign_warnings", "inside_warnings", "with_foreign"]

WITH_HANDLE = re.compile(r" # handle \d+$", re.MULTILINE)
"""What `nft -a` adds to a line."""


def foreign_warnings(observed: Observed, own: str) -> list[str]:
    """A warning about other rules that the host's packets must pass too; `own` is the lab's variant of iptables."""
    return [_warning(foreign, own) for foreign in observed.foreign]


def _warning(foreign: ForeignRules, own: str) -> str:
    if not foreign.text:
        who = foreign.owner if foreign.owner == "nftables" else f"iptables-{foreign.owner}"
        look = "nft list ruleset" if foreign.owner == "nftables" else f"iptables-{foreign.owner}-save"
        return f"Warning: {who} has rules here too, which were not read. A packet must pass both; {look} prints them"
    if foreign.owner == "nftables":
        whose = f"this lab also has nftables tables ({', '.join(foreign.tables)})"
        return f"Warning: {whose}. A packet must pass both, and iptables does not show them; look with: show nft"
    return (
        f"Warning: the other variant of iptables ({foreign.owner}) has rules in this lab too. A packet must pass both, and this lab's "
        f"iptables ({own}) does not show them; look with: $ iptables-{foreign.owner}-save; ip6tables-{foreign.owner}-save"
    )


def inside_warnings(seen: Seen) -> Iterator[str]:
    """A warning about each namespace, except the host, in which something other than iptables filters."""
    for name, held in seen.inside_namespaces.items():
        for foreign in held.foreign:
            look = "nft list ruleset" if foreign.owner == "nftables" else f"iptables-{foreign.owner}-save"
            whose = f"{name} also has nftables tables ({', '.join(foreign.tables)})"
            if foreign.owner != "nftables":
                whose = f"the other variant of iptables ({foreign.owner}) has rules in {name}"
            yield f"Warning: {whose}; look with: $ ip netns exec {name} {look}"


def with_foreign(observed: Observed, own: str, text: str) -> str:
    """A text about iptables' rules, preceded by a warning and followed by the other rules."""
    others = [
        f"# {foreign.owner}, in addition to this lab's iptables:\n{WITH_HANDLE.sub('', foreign.text)}"
        for foreign in observed.foreign
        if foreign.text
    ]
    return "\n\n".join([*foreign_warnings(observed, own), text, *others])
