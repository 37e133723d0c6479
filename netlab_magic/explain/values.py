"""The words behind options as a reader says them: `1024:65535` is 1024–65535, `172.17.0.2/32` one address, `5/min` 5 a minute."""

from collections.abc import Callable, Sequence

from netlab_magic.i18n import Language, message
from netlab_magic.iptables.extensions import Parameter
from netlab_magic.iptables.extensions.iana import PROTOCOL_NAMES
from netlab_magic.iptables.extensions.types import ADDRESS_RANGE, MARK, NAT_TO, NETWORK, PORT_LIST, PORT_RANGE, PORT_SPAN, PROTOCOL, RATE
from netlab_magic.iptables.ruleset import Option

__all__ = ["anded", "joined", "listed", "protocol", "worded"]

Worded = Callable[[str, Language], str]
_MOST_LISTED = 12


def _ored(items: list[str], say: Language) -> str:
    """A, B or C."""
    return say.several(message("{}, {}"), message("{} or {}"), items)

def anded(items: list[str], say: Language) -> str:
    """A, B and C."""
    return say.several(message("{}, {}"), message("{} and {}"), items)


def listed(items: Sequence[str], say: Language) -> str:
    """A, B and C; of many the first dozen, and how many more there are."""
    some = list(items[:_MOST_LISTED])
    return anded([*some, say("{} more", len(items) - len(some))] if len(items) > len(some) else some, say)


def joined(clauses: list[str], say: Language) -> str:
    """Clauses in one sentence. A message of its own: other languages join clauses otherwise than nouns."""
    return say.several(message("{0}, {1}"), message("{0} and {1}"), clauses)


def _bare_address(network: str) -> str:
    """A network without the prefix length where it is one address.

    >>> _bare_address("172.17.0.2/32")
    '172.17.0.2'
    """
    address, _, length = network.partition("/")
    return address if length == ("128" if ":" in address else "32") else network


def _networks(word: str, say: Language) -> str:
    return _ored([_bare_address(network) for network in word.split(",")], say)


def _ports(word: str, say: Language) -> str:
    return _ored([_span(part, ":") for part in word.split(",")], say)


def _span(word: str, separator: str) -> str:
    """A range with an en dash.

    >>> _span("8000:8080", ":")
    '8000–8080'
    """
    first, found, last = word.partition(separator)
    return f"{first or 0}–{last or 65535}" if found else word


_PERIODS = {
    "sec": message("{} per second"),
    "min": message("{} per minute"),
    "hour": message("{} per hour"),
    "day": message("{} per day"),
}


def _rate(word: str, say: Language) -> str:
    amount, slash, period = word.partition("/")
    for name, text in _PERIODS.items():
        if slash and period[:1] == name[:1]:
            return say(text, amount) if amount.isdecimal() else say("{} of data per second", amount)
    return word


def _mark(word: str, say: Language) -> str:
    """VALUE[/MASK]: a mask says which bits count."""
    value, slash, mask = word.partition("/")
    return say("{value} (only the bits {mask} count)", value=value, mask=mask) if slash else value


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


def protocol(word: str, say: Language) -> str:
    """A protocol's name as it is usually written."""
    word = PROTOCOL_NAMES.get(int(word), word) if word.isdecimal() else word
    return _PROTOCOLS.get(word, f"IP protocol {word}" if word.isdecimal() else word.upper())


def _nat_target(word: str, say: Language) -> str:
    """ADDRESS[-ADDRESS][:PORT[-PORT]] in words."""
    if word.startswith("["):
        address, _, port = word[1:].partition("]")
        port = port.removeprefix(":")
    elif word.count(":") > 1:
        address, port = word, ""
    else:
        address, _, port = word.partition(":")
    port = _span(port, "-")
    if address and port:
        return say("{address}, port {port}", address=address.replace("-", "–"), port=port)
    return say("port {}", port) if port else address.replace("-", "–")


_STATES = {
    "NEW": message("open a new connection"),
    "ESTABLISHED": message("belong to an established connection"),
    "RELATED": message("open a connection that is related to an established one"),
    "INVALID": message("belong to no connection that conntrack can make sense of (INVALID)"),
    "UNTRACKED": message("are exempt from connection tracking (UNTRACKED)"),
    "SNAT": message("belong to a connection whose source address was translated (SNAT)"),
    "DNAT": message("belong to a connection whose destination address was translated (DNAT)"),
    "RELATED,ESTABLISHED": message("belong to an established connection, or are related to one"),
    "RELATED,ESTABLISHED,DNAT": message(
        "belong to an established connection, are related to one, or belong to one whose destination address was translated (DNAT)"
    ),
    "NEW,RELATED,ESTABLISHED": message("open a new connection, belong to an established one, or are related to one"),
    "INVALID,NEW": message("open a new connection, or belong to none that conntrack can make sense of (INVALID)"),
    "NEW,ESTABLISHED": message("open a new connection or belong to an established one"),
    "NEW,RELATED": message("open a new connection, be it related to an established one or not"),
    "NEW,UNTRACKED": message("open a new connection, or are exempt from connection tracking (UNTRACKED)"),
}


_NOT_STATES = {
    "NEW": message("do not open a new connection"),
    "ESTABLISHED": message("do not belong to an established connection"),
    "INVALID": message("make sense to conntrack (are not INVALID)"),
    "UNTRACKED": message("are not exempt from connection tracking"),
    "SNAT": message("belong to no connection whose source address was translated"),
    "DNAT": message("belong to no connection whose destination address was translated"),
    "RELATED,ESTABLISHED": message("neither belong to an established connection nor are related to one"),
    "RELATED,ESTABLISHED,DNAT": message(
        "neither belong to an established connection nor are related to one, nor to one whose destination address was translated"
    ),
}


def _no_states(word: str, say: Language) -> str:
    return say(_NOT_STATES[word]) if word in _NOT_STATES else say("are not among those that {}", _states(word, say))


def _states(word: str, say: Language) -> str:
    if word in _STATES:
        return say(_STATES[word])
    return _ored([say(_STATES[state]) if state in _STATES else state for state in word.split(",")], say)


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
_PING = {
    "any": message("any"),
    "echo-request": message("echo-request (ping)"),
    "echo-reply": message("echo-reply (the answer to ping)"),
}


def _icmp(names: dict[str, str]) -> Worded:
    """IANA's names of the ICMP types (icmp-parameters, icmpv6-parameters), as iptables spells them."""

    def said(word: str, say: Language) -> str:
        name = names.get(word, word)
        if name in _PING:
            return say(_PING[name])
        return (
            say("number {number} ({name})", number=word, name=name)
            if name != word
            else say("number {}", word)
            if word[0].isdigit()
            else word
        )

    return said


_KINDS = {
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
    "XRESOLVE": message("an address that a resolver outside of the kernel knows"),
}


def _kinds(word: str, say: Language) -> str:
    return _ored([say(_KINDS[kind]) if kind in _KINDS else kind for kind in word.split(",")], say)


def _chosen(say_word: dict[str, str], joined: Callable[[list[str], Language], str] = _ored) -> Worded:
    """Words of a list with commas, those of the table in the reader's language."""
    return lambda word, say: joined([say(say_word[part]) if part in say_word else part for part in word.split(",")], say)


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
_STATUSES = {
    "NONE": message("has no status at all (NONE)"),
    "EXPECTED": message("was expected by a helper (EXPECTED)"),
    "SEEN_REPLY": message("has seen a reply (SEEN_REPLY)"),
    "ASSURED": message("is well under way (ASSURED)"),
    "CONFIRMED": message("has let a packet out (CONFIRMED)"),
}
_COUNTED = {"packets": message("packets"), "bytes": message("bytes"), "avgpkt": message("bytes per packet on average")}


def _percent(word: str, say: Language) -> str:
    """A probability between 0 and 1, with three significant digits."""
    try:
        return f"{float(word):.3g}"
    except ValueError:
        return word


def _amount(word: str, say: Language) -> str:
    low, colon, high = word.partition(":")
    if not colon:
        return say("at least {}", low)
    return say("at most {}", high) if low in ("", "0") else say("{low} to {high}", low=low, high=high) if high else say("at least {}", low)


_BY_OPTION: dict[str, Worded] = {
    "--ctstate": _states,
    "--state": _states,
    "--icmp-type": _icmp(_ICMP_TYPES),
    "--icmpv6-type": _icmp(_ICMP6_TYPES),
    "--src-type": _kinds,
    "--dst-type": _kinds,
    "--hashlimit-mode": _chosen(_GROUPED, anded),
    "--hashlimit-upto": _rate,
    "--hashlimit-above": _rate,
    "--ctproto": protocol,
    "--vproto": protocol,
    "--pol": _chosen({"ipsec": message("are protected by IPsec"), "none": message("are not protected by IPsec")}),
    **dict.fromkeys(("--ctexpire", "--fragid", "--rt-segsleft", "--length", "--mss", "--queue-balance"), _ports),
    **dict.fromkeys(("--ahspi", "--espspi", "--ipcompspi"), _ports),
    "--ctdir": _chosen(_DIRECTIONS),
    "--connbytes-dir": _chosen(_DIRECTIONS),
    "--connbytes-mode": _chosen(_COUNTED),
    "--connbytes": _amount,
    "--vdir": _chosen(_DIRECTIONS),
    "--dir": _chosen(_DIRECTIONS),
    "--weekdays": _chosen(_DAYS),
    "--ctstatus": _chosen(_STATUSES),
    "--probability": _percent,
    "--monthdays": _chosen({}),
}
_BY_TYPE: dict[object, Worded] = {
    NETWORK: _networks,
    PORT_RANGE: _ports,
    PORT_LIST: _ports,
    PORT_SPAN: lambda word, say: _span(word, "-"),
    RATE: _rate,
    MARK: _mark,
    NAT_TO: _nat_target,
    PROTOCOL: protocol,
    ADDRESS_RANGE: lambda word, say: word.replace("-", "–"),
}


def _flags(looked_at: str, wanted: str, say: Language) -> list[str]:
    """The TCP flags that must be set, and those that must not be: the mask's others."""
    are_set = [flag for flag in wanted.split(",") if flag != "NONE"]
    clear = [flag for flag in looked_at.split(",") if flag not in (*are_set, "NONE")]
    return [anded(flags, say) or say("none") for flags in (are_set, clear)]


def worded(row: Parameter, option: Option, say: Language) -> list[str]:
    """The words of an option as they are said, safe to print."""
    if row.name in ("--ctstate", "--state") and option.negated:
        return [_no_states(option.values[0], say)]
    if row.name in ("--match-set", "--add-set", "--del-set", "--map-set") and len(option.values) == 2:
        name, ends = option.values
        return [name, _chosen(_ENDS, anded)(ends, say)]
    if row.name == "--tcp-flags" and len(option.values) == 2:
        return _flags(option.values[0], option.values[1], say)
    said: list[str] = []
    for number, word in enumerate(option.values):
        kind = row.types[number] if number < len(row.types) else None
        said.append(_BY_OPTION.get(row.name, _BY_TYPE.get(kind, lambda word, say: word))(word, say))
    return said
