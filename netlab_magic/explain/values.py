"""Values of options in words: `1024:65535` becomes 1024–65535, `172.17.0.2/32` a single address, `5/min` 5 per minute."""

from collections.abc import Callable, Sequence
from typing import Any

from netlab_magic.i18n import Language, message
from netlab_magic.iptables.extensions import Parameter
from netlab_magic.iptables.extensions.iana import PROTOCOL_NAMES
from netlab_magic.iptables.extensions.schema import ValueType
from netlab_magic.iptables.extensions.types import AMOUNT, LARGEST_AMOUNT, MARK, PORT_LIST, PROTOCOL, TRACKED_PROTOCOL, WIDEST
from netlab_magic.iptables.extensions.types_address import NETWORK
from netlab_magic.iptables.extensions.types_compound import DIRECTIONS
from netlab_magic.iptables.extensions.types_rates import MONTHDAYS, PROBABILITY
from netlab_magic.iptables.extensions.values import AddressRange, IcmpType, Masked, NatTarget, Network, Rate, Span, written_address
from netlab_magic.iptables.ruleset import Option

__all__ = [
    "KINDS",
    "PERIODS",
    "PING",
    "STATUSES",
    "anded",
    "flags_said",
    "joined",
    "listed",
    "ored",
    "protocol",
    "states_denied",
    "states_said",
    "worded",
]

Worded = Callable[[Any, Language], str]
"""A value in words."""

_MOST_LISTED = 12


def ored(items: list[str], say: Language) -> str:
    """A, B or C."""
    return say.several(message("{}, {}"), message("{} or {}"), items)

def anded(items: list[str], say: Language) -> str:
    """A, B and C."""
    return say.several(message("{}, {}"), message("{} and {}"), items)


def listed(items: Sequence[str], say: Language) -> str:
    """A, B and C; of many, the first dozen and how many more there are."""
    some = list(items[:_MOST_LISTED])
    return anded([*some, say("{} more", len(items) - len(some))] if len(items) > len(some) else some, say)


def joined(clauses: list[str], say: Language) -> str:
    """Joins clauses. A separate message, since other languages join clauses differently from nouns."""
    return say.several(message("{0}, {1}"), message("{0} and {1}"), clauses)


def _network(found: Network) -> str:
    """A network, without the prefix length if it is a single address."""
    return found.base if found.is_host else str(found)


def _span(found: Span) -> str:
    """A range with an en dash.

    >>> _span(Span(8000, 8080))
    '8000–8080'
    """
    return str(found.first) if found.first == found.last else f"{found.first}–{found.last}"


def _spans(found: Sequence[Span], say: Language) -> str:
    return ored(list(map(_span, found)), say)


PERIODS = {
    "sec": message("{} per second"),
    "min": message("{} per minute"),
    "hour": message("{} per hour"),
    "day": message("{} per day"),
    "week": message("{} per week"),
}
"""What may be counted in which time."""


def _rate(found: Rate, say: Language) -> str:
    if found.unit:
        return say("{} of data per second", f"{found.amount}{found.unit}")
    return say(PERIODS[found.period], found.amount)


def _mark(found: Masked, say: Language) -> str:
    """A value with a mask, which says which bits count."""
    value = f"0x{found.value:x}"
    return value if found.mask == WIDEST else say("{value} (only the bits {mask} count)", value=value, mask=f"0x{found.mask:x}")


_PROTOCOLS = {
    "icmpv6": "ICMPv6",
    "ipv6-icmp": "ICMPv6",
    "udplite": "UDP-Lite",
    "ipencap": "IPv4-in-IP",
    "ipv6": "IPv6-in-IP",
    "mobility-header": "IPv6 mobility",
    "ipv6-frag": "IPv6 fragment",
    "ipv6-route": "IPv6 routing header",
    "ipv6-opts": "IPv6 options",
    "vrrp": "VRRP",
    "ipcomp": "IPComp",
}


def protocol(number: int) -> str:
    """A protocol's name as it is usually written."""
    name = PROTOCOL_NAMES.get(number, "")
    return _PROTOCOLS.get(name, name.upper()) or f"IP protocol {number}"


def _nat_target(found: NatTarget, say: Language) -> str:
    """ADDRESS[-ADDRESS][:PORT[-PORT]] in words."""
    address = "" if found.addresses is None else _address_range(found.addresses)
    port = "" if found.ports is None else _span(found.ports) + ("" if found.counted_from is None else f"/{found.counted_from}")
    if address and port:
        return say("{address}, port {port}", address=address, port=port)
    return say("port {}", port) if port else address


def _address_range(found: AddressRange) -> str:
    ends = list(dict.fromkeys(written_address(end, found.width) for end in (found.first, found.last)))
    return "–".join(ends)


_STATES = {
    "NEW": message("open a new connection"),
    "ESTABLISHED": message("belong to an established connection"),
    "RELATED": message("open a connection that is related to an established one"),
    "INVALID": message("cannot be assigned to a connection by conntrack (INVALID)"),
    "UNTRACKED": message("are exempt from connection tracking (UNTRACKED)"),
    "SNAT": message("belong to a connection whose source address was translated (SNAT)"),
    "DNAT": message("belong to a connection whose destination address was translated (DNAT)"),
    "RELATED,ESTABLISHED": message("belong to an established connection, or are related to one"),
    "RELATED,ESTABLISHED,DNAT": message(
        "belong to an established connection, are related to one, or belong to one whose destination address was translated (DNAT)"
    ),
    "NEW,RELATED,ESTABLISHED": message("open a new connection, belong to an established one, or are related to one"),
    "INVALID,NEW": message("open a new connection, or cannot be assigned to one by conntrack (INVALID)"),
    "NEW,ESTABLISHED": message("open a new connection or belong to an established one"),
    "NEW,RELATED": message("open a new connection, whether or not it is related to an established one"),
    "NEW,UNTRACKED": message("open a new connection, or are exempt from connection tracking (UNTRACKED)"),
}


_NOT_STATES = {
    "NEW": message("do not open a new connection"),
    "ESTABLISHED": message("do not belong to an established connection"),
    "INVALID": message("are not INVALID to conntrack"),
    "UNTRACKED": message("are not exempt from connection tracking"),
    "SNAT": message("belong to no connection whose source address was translated"),
    "DNAT": message("belong to no connection whose destination address was translated"),
    "RELATED,ESTABLISHED": message("neither belong to an established connection nor are related to one"),
    "RELATED,ESTABLISHED,DNAT": message(
        "neither belong to an established connection nor are related to one, nor to one whose destination address was translated"
    ),
}


def states_denied(states: Sequence[str], say: Language) -> str:
    """The clause for connection states that must not be, in the order of iptables."""
    known = _NOT_STATES.get(",".join(states))
    return say(known) if known else say("are not among those that {}", states_said(states, say))


def states_said(states: Sequence[str], say: Language) -> str:
    """The clause for connection states, one of which must be, in the order of iptables."""
    known = _STATES.get(",".join(states))
    return say(known) if known else ored([say(_STATES[state]) for state in states], say)


_ICMP_TYPES = {
    "0": "echo-reply", "3": "destination-unreachable", "3/0": "network-unreachable", "3/1": "host-unreachable",
    "3/2": "protocol-unreachable", "3/3": "port-unreachable", "3/4": "fragmentation-needed", "4": "source-quench", "5": "redirect",
    "8": "echo-request", "9": "router-advertisement", "10": "router-solicitation", "11": "time-exceeded", "12": "parameter-problem",
    "13": "timestamp-request", "14": "timestamp-reply", "17": "address-mask-request", "18": "address-mask-reply",
}  # fmt: skip
_ICMP6_TYPES = {
    "1": "destination-unreachable", "2": "packet-too-big", "3": "time-exceeded", "4": "parameter-problem", "128": "echo-request",
    "129": "echo-reply", "130": "multicast-listener-query", "131": "multicast-listener-report", "132": "multicast-listener-done",
    "133": "router-solicitation", "134": "router-advertisement", "135": "neighbour-solicitation", "136": "neighbour-advertisement",
    "137": "redirect", "143": "multicast-listener-report-v2",
}  # fmt: skip
PING = {
    "any": message("any"),
    "echo-request": message("echo-request (ping)"),
    "echo-reply": message("echo-reply (the answer to ping)"),
}


def _icmp(names: dict[str, str]) -> Worded:
    """The names of the ICMP types (IANA's icmp-parameters, icmpv6-parameters), as iptables spells them."""

    def said(found: IcmpType, say: Language) -> str:
        number = str(found)
        name = names.get(number, number)
        if name in PING:
            return say(PING[name])
        return say("number {}", number) if name == number else say("number {number} ({name})", number=number, name=name)

    return said


KINDS = {
    "UNSPEC": message("the unspecified address"),
    "UNICAST": message("a unicast address"),
    "LOCAL": message("an address of this host itself"),
    "BROADCAST": message("a broadcast address"),
    "ANYCAST": message("an anycast address"),
    "MULTICAST": message("a multicast address"),
    "BLACKHOLE": message("an address with a blackhole route"),
    "UNREACHABLE": message("an address with an unreachable route"),
    "PROHIBIT": message("an address with a prohibit route"),
    "THROW": message("an address with a throw route"),
    "NAT": message("an address of the kernel's old routing NAT"),
    "XRESOLVE": message("an address resolved outside the kernel"),
}


def _chosen(known: dict[str, str], joined: Callable[[list[str], Language], str] = ored) -> Worded:
    """One or more words of a table, in the reader's language."""

    def said(found: str | Sequence[str | int], say: Language) -> str:
        parts = map(str, (found,) if isinstance(found, str) else found)
        return joined([say(known[part]) if part in known else part for part in parts], say)

    return said


_ENDS = {
    "src": message("source address"),
    "dst": message("destination address"),
}
_GROUPED = {
    "srcip": message("source address"),
    "dstip": message("destination address"),
    "srcport": message("source port"),
    "dstport": message("destination port"),
}
_DIRECTIONS = {
    "ORIGINAL": message("the direction in which the connection was opened"),
    "REPLY": message("the direction of the replies"),
    "original": message("the direction in which the connection was opened"),
    "reply": message("the direction of the replies"),
    "both": message("both directions"),
    "in": message("on the way in"),
    "out": message("on the way out"),
}
_DAYS = {
    "Mon": message("Monday"), "Tue": message("Tuesday"), "Wed": message("Wednesday"), "Thu": message("Thursday"),
    "Fri": message("Friday"), "Sat": message("Saturday"), "Sun": message("Sunday"),
}  # fmt: skip
STATUSES = {
    "NONE": message("has no status at all (NONE)"),
    "EXPECTED": message("was expected by a helper (EXPECTED)"),
    "SEEN_REPLY": message("has seen a reply (SEEN_REPLY)"),
    "ASSURED": message("is kept when the connection table is full (ASSURED)"),
    "CONFIRMED": message("has been confirmed (CONFIRMED)"),
}
_COUNTED = {"packets": message("packets"), "bytes": message("bytes"), "avgpkt": message("bytes per packet on average")}


def _amount(found: Span, say: Language) -> str:
    if found.last == LARGEST_AMOUNT:
        return say("at least {}", found.first)
    return say("{low} to {high}", low=found.first, high=found.last) if found.first else say("at most {}", found.last)


_BY_OPTION: dict[str, Worded] = {
    "--ctstate": states_said,
    "--state": states_said,
    "--icmp-type": _icmp(_ICMP_TYPES),
    "--icmpv6-type": _icmp(_ICMP6_TYPES),
    "--src-type": _chosen(KINDS),
    "--dst-type": _chosen(KINDS),
    "--hashlimit-mode": _chosen(_GROUPED, anded),
    "--pol": _chosen({"ipsec": message("are protected by IPsec"), "none": message("are not protected by IPsec")}),
    "--ctdir": _chosen(_DIRECTIONS),
    "--connbytes-dir": _chosen(_DIRECTIONS),
    "--connbytes-mode": _chosen(_COUNTED),
    "--vdir": _chosen(_DIRECTIONS),
    "--dir": _chosen(_DIRECTIONS),
    "--weekdays": _chosen(_DAYS),
    "--ctstatus": _chosen(STATUSES),
}
_BY_TYPE: dict[object, Worded] = {
    PORT_LIST: _spans,
    PROTOCOL: lambda number, say: protocol(number),
    TRACKED_PROTOCOL: lambda number, say: protocol(number),
    MARK: _mark,
    AMOUNT: _amount,
    MONTHDAYS: _chosen({}),
    DIRECTIONS: _chosen(_ENDS, anded),
    PROBABILITY: lambda value, say: f"{value:.3g}",
}
_BY_CLASS: dict[type, Worded] = {
    Network: lambda found, say: _network(found),
    AddressRange: lambda found, say: _address_range(found),
    Span: lambda found, say: _span(found),
    Rate: _rate,
    NatTarget: _nat_target,
}


def flags_said(looked_at: Sequence[str], are_set: Sequence[str], say: Language) -> list[str]:
    """The TCP flags that must be set, and the mask's other flags, which must not be set."""
    clear = [flag for flag in looked_at if flag not in are_set]
    return [anded(flags, say) or say("none") for flags in (list(are_set), clear)]


def worded(row: Parameter, option: Option, family: str, say: Language) -> list[str]:
    """The values of an option in words, safe to print; values that iptables would refuse as written."""
    try:
        values = row.read(option.values, family)
    except ValueError:
        return [ored(word.split(","), say) if NETWORK in row.types else word for word in option.values]
    if row.name in ("--ctstate", "--state") and option.negated:
        return [states_denied(values[0], say)]
    if row.name == "--tcp-flags":
        return flags_said(values[0], values[1], say)
    return [_said(row, *each, say) for each in zip(row.types, values, option.values, strict=True)]


def _said(row: Parameter, kind: ValueType[Any], value: Any, word: str, say: Language) -> str:
    say_value = _BY_OPTION.get(row.name) or _BY_TYPE.get(kind) or _BY_CLASS.get(type(value))
    return say_value(value, say) if say_value else word

