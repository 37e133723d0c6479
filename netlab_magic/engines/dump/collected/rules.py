"""Which rules of a namespace are its iptables, and what filters besides: the legacy variant, iptables-nft, and nft's own tables."""

import re
from collections.abc import Iterator, Sequence

from netlab_magic.engines.dump.collected.parts import Part, Place

__all__ = ["EMPTY", "rule_parts", "unread_frameworks"]

EMPTY = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n"
"""What iptables-save would print where there are no tables: that they were asked for is known, and they are empty."""

_DECIDES = re.compile(r"(?:\[\d+:\d+\] )?-A |:\S+ DROP\b")


def rule_parts(place: Place) -> list[Part]:
    """The parts whose rules are read: of the two variants of iptables the one that decides anything, legacy if both do.

    The tables of the other one are then among those that nft lists, and are read as such.
    """
    legacy, nft = _saves(place, legacy=True), _saves(place, legacy=False)
    chosen = legacy if any(map(_decides, legacy)) or not any(map(_decides, nft)) else nft
    return [*(chosen or nft), *place.ran("nft list ruleset")]


def unread_frameworks(place: Place) -> Iterator[str]:
    """What may filter there although its rules were not read: legacy, nft (iptables of that variant), nftables."""
    whole = [part for part in place.parts if part.is_whole]
    legacy = [part for part in whole if part in _saves(place, legacy=True)]
    if len({part.program.startswith("ip6") for part in legacy}) < len(place.legacy):
        yield "legacy"
    if "nf_tables" in place.without:
        return
    if not any(part in whole for part in place.ran("nft list ruleset")):
        yield "nftables"
        if any(map(_decides, _saves(place, legacy=True))) and any(map(_decides, _saves(place, legacy=False))):
            yield "nft"


def _saves(place: Place, *, legacy: bool) -> Sequence[Part]:
    """What one variant saved; `iptables-save` without a variant in its name says which it is in its first line."""
    return [part for part in place.ran("iptables", "ip6tables") if _is_legacy(part) == legacy]


def _is_legacy(part: Part) -> bool:
    if "-legacy-" in part.program or "-nft-" in part.program:
        return "-legacy-" in part.program
    return not any("nf_tables" in line for line in part.lines[:3])


def _decides(part: Part) -> bool:
    return any(_DECIDES.match(line) for line in part.lines)
