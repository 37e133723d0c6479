"""IPv6 neighbour discovery on a link: firewalls filter neighbour solicitations and advertisements too (RFC 4861)."""

from collections.abc import Iterator, Mapping
from ipaddress import IPv6Address

import msgspec

from netlab_magic.forwarding.links import Ahead, Cables, Links
from netlab_magic.forwarding.other_filters import NO_OTHER_FILTERS, OtherFilters
from netlab_magic.i18n import message
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.model.packet import Packet
from netlab_magic.model.topology import End
from netlab_magic.netfilter import HostTrace, Outcome, every_branch, walk

__all__ = ["LostQuestion", "lost_question"]

_MOST_BRANCHES = 16
"""How many ways of a packet through one host are followed."""

_SOLICITATION, _ADVERTISEMENT = 135, 136
_LENGTH = 72
"""Bytes of either packet, with the option that holds the hardware address."""

_LOST = {
    (_SOLICITATION, True): message("{namespace} asks who has {address}; the policy of {chain} in {place} ({table}) drops the question."),
    (_SOLICITATION, False): message("{namespace} asks who has {address}; rule {rule} of {chain} in {place} ({table}) drops the question."),
    (_ADVERTISEMENT, True): message("{namespace} asks who has {address}; the policy of {chain} in {place} ({table}) drops the answer."),
    (_ADVERTISEMENT, False): message("{namespace} asks who has {address}; rule {rule} of {chain} in {place} ({table}) drops the answer."),
}
"""The message by ICMPv6 type, and by whether a policy (True) or a rule dropped the packet."""


class LostQuestion(msgspec.Struct, frozen=True):
    """Why the hardware address is not learned: `text` is a message, and `values` fill it in.

    If the model cannot tell, `unknown` says why.
    """

    text: str = ""
    values: dict[str, str] = {}
    unknown: str = ""


def lost_question(
    links: Links, rulesets: Mapping[str, Ruleset], other_filters: Mapping[str, OtherFilters], namespace: str, ahead: Ahead
) -> LostQuestion | None:
    """What keeps a namespace from learning the next hop's hardware address; None if solicitation and advertisement get through.

    Neither packet is tracked (nf_conntrack_icmpv6_init leaves neighbour discovery UNTRACKED).
    """
    cables = ahead.cables or ()
    question = Packet(ahead.asker, _solicited_node(ahead.address), "ipv6-icmp", icmp_type=_SOLICITATION, state="UNTRACKED", length=_LENGTH)
    answer = Packet(ahead.address, ahead.asker, "ipv6-icmp", icmp_type=_ADVERTISEMENT, state="UNTRACKED", length=_LENGTH)
    for packet, hops in ((question, cables), (answer, cables[::-1])):
        for place, seen, towards in _passing(links, packet, hops):
            others = other_filters.get(place, NO_OTHER_FILTERS)
            found = _walked(seen, rulesets.get(place, Ruleset(family="ipv6")), towards, others)
            if found.outcome == Outcome.UNKNOWN:
                return LostQuestion(unknown=found.why.removeprefix("unknown because "))
            visit = found.decided_by
            if not found.passed and visit is not None:
                text = _LOST[packet.icmp_type, visit.rule is None]
                values = {"namespace": namespace, "address": ahead.address, "place": place, "chain": visit.chain, "rule": str(visit.rule)}
                values["table"] = visit.table if visit.line.is_native else "ip6tables"
                return LostQuestion(text, values)
    return None


def _walked(packet: Packet, ruleset: Ruleset, towards: str | None, others: OtherFilters) -> HostTrace:
    """A packet on one host; unknown only where the possible orders, or a rule that cannot be evaluated, would make a difference."""

    def follow(assumed: tuple[bool, ...]) -> tuple[HostTrace, bool]:
        found = walk(packet, ruleset, None, towards, assumed, others.native, others.ordered, others.sets)
        return found, found.forks

    found, forks = follow(())
    if not forks:
        return found
    branches, are_all = every_branch(follow, _MOST_BRANCHES)
    alike = are_all and len({branch.passed for branch in branches}) == 1 and all(branch.outcome != Outcome.UNKNOWN for branch in branches)
    return branches[0] if alike else found


def _solicited_node(address: str) -> str:
    """The solicited-node multicast address of `address` (RFC 4291, 2.7.1)."""
    return str(IPv6Address(int(IPv6Address("ff02::1:ff00:0")) | int(IPv6Address(address)) & 0xFFFFFF))


def _passing(links: Links, packet: Packet, cables: Cables) -> Iterator[tuple[str, Packet, str | None]]:
    """Each namespace that a packet passes on a link, the packet as seen there, and the bridge port that it leaves through."""
    if not cables:
        return
    first, last = cables[0], cables[-1]
    yield first.namespace, msgspec.structs.replace(packet, output=_device(links, first)), None
    for enters, leaves in zip(cables[1:-1:2], cables[2::2], strict=True):
        if links.hosts[enters.namespace].bridge_nf6:
            bridged = msgspec.structs.replace(packet, input=_device(links, enters), port_in=enters.interface)
            yield enters.namespace, bridged, leaves.interface
    yield last.namespace, msgspec.structs.replace(packet, input=_device(links, last)), None


def _device(links: Links, end: End) -> str:
    """The interface that rules see: for a bridge's port, the bridge."""
    interface = links.topology.interface(end)
    return interface.master or end.interface if interface else end.interface
