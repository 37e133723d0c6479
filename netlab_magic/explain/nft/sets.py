"""Sets, maps and objects of nft in words: what they hold, who looks into them, who fills them, and how long elements stay."""

from collections.abc import Iterator

from netlab_magic.explain.explanation import SetExplanation
from netlab_magic.explain.known.nft_chains import known_set
from netlab_magic.explain.nft.constants import rate
from netlab_magic.explain.nft.rule import table_of_title
from netlab_magic.explain.values import anded, listed
from netlab_magic.i18n import Language, language, message
from netlab_magic.nftables.datatypes import duration
from netlab_magic.nftables.expressions import NamedSet
from netlab_magic.nftables.ruleset import CtExpectation, CtHelper, CtTimeout, NamedObject, Ruleset, Secmark, Set, Table
from netlab_magic.nftables.statements import Counter, Limit, Quota, SetUpdate, Synproxy
from netlab_magic.nftables.text.expression_printer import Style, element_text
from netlab_magic.text import printable

__all__ = ["about_set", "explain_set", "object_told"]

_STYLE = Style()
_MOST_ELEMENTS = 24
_TYPES = {
    "ipv4_addr": message("IPv4 addresses"),
    "ipv6_addr": message("IPv6 addresses"),
    "ether_addr": message("hardware addresses"),
    "inet_service": message("ports"),
    "inet_proto": message("protocols"),
    "mark": message("marks"),
    "ifname": message("names of interfaces"),
    "iface_index": message("interfaces"),
    "icmp_type": message("ICMP types"),
    "icmpv6_type": message("ICMPv6 types"),
    "ct_state": message("connection states"),
    "verdict": message("verdicts"),
    "counter": message("counters"),
    "quota": message("quotas"),
    "limit": message("limits"),
}


def explain_set(ruleset: Ruleset, title: str, name: str, language_name: str = "en") -> SetExplanation | None:
    """A set or map of the table `title` in words, None where it has none of that name. Raises StatementError as `explain_table` does."""
    say = language(language_name)
    table = table_of_title(ruleset, title)
    found = table.set(name.removeprefix("@"))
    if found is None:
        return None
    keys, data = tuple(map(_STYLE.printed, found.key_types)), found.data_types
    elements = [printable(element_text(element, keys, data, _STYLE)) for element in found.elements[:_MOST_ELEMENTS]]
    more = len(found.elements) - len(elements)
    if more > 0:
        elements.append(say("… {} more", more))
    told = (say.paragraph([about_set(found, say), known_set(table, found, say)]), *_properties(found, say), *_uses(table, found, say))
    return SetExplanation(printable(table.title), printable(found.name), told, tuple(elements))


def _typed(types: tuple[str, ...], say: Language) -> str:
    """`IPv4 addresses with ports`."""
    return say.several(message("{0} with {1}"), message("{0} with {1}"), [say(_TYPES[kind]) if kind in _TYPES else kind for kind in types])


def about_set(found: Set, say: Language) -> str:
    """What a set or map holds."""
    count = len(found.elements)
    if found.data is None:
        told = say("A set of {}", _typed(found.key, say))
    else:
        told = say("A map from {keys} to {data}", keys=_typed(found.key, say), data=_typed(found.data, say))
    holds = say("1 element") if count == 1 else say("{} elements", count) if count else say("no elements")
    return say("{what}; it has {count} now.", what=told, count=holds)


def _properties(found: Set, say: Language) -> Iterator[str]:
    if "interval" in found.flags:
        yield say("Its elements may be ranges and networks.")
    if "constant" in found.flags:
        yield say("Nobody can change it while it is used.")
    if "dynamic" in found.flags:
        yield say("Rules put packets' values into it.")
    if found.timeout is not None:
        yield say("An element stays for {}, unless it has a time of its own.", duration(found.timeout))
    elif "timeout" in found.flags:
        yield say("An element may have a time after which it goes.")
    if found.size is not None:
        yield say("It has room for {} elements.", found.size)
    if any(isinstance(each, Counter) for each in found.statements):
        yield say("Each element counts the packets that it matches.")
    if found.comment:
        yield say("Its comment reads “{}”.", found.comment)


def _uses(table: Table, found: Set, say: Language) -> Iterator[str]:
    """Which rules look into it, and which fill it."""
    looks, fills = [], []
    for chain in table.chains:
        for number, rule in enumerate(chain.rules, 1):
            place = say("{chain} (rule {number})", chain=chain.name, number=number)
            if any(isinstance(each, SetUpdate) and each.set == found.name for each in rule.statements):
                fills.append(place)
            if any(_looks_into(each, found.name) for each in rule.statements):
                looks.append(place)
    if looks:
        yield say("Rules that look into it: {}.", listed(looks, say))
    if fills:
        yield say("Rules that change it: {}.", listed(fills, say))
    if not looks and not fills:
        yield say("No rule uses it.")


def _looks_into(value: object, name: str) -> bool:
    if isinstance(value, NamedSet):
        return value.name == name
    fields = getattr(value, "__struct_fields__", ())
    held = (getattr(value, field) for field in fields)
    return any(_looks_into(one, name) for each in held for one in (each if isinstance(each, tuple) else (each,)))


def object_told(found: NamedObject, say: Language) -> str:
    """What an object of a table is."""
    match found.value:
        case Counter(packets, size):
            told = say("A counter: {packets} packets with {bytes} bytes so far.", packets=packets or 0, bytes=size or 0)
        case Quota(size, over, used):
            text = message("A quota that holds until {} bytes have passed.")
            if over:
                text = message("A quota that holds after {} bytes have passed.")
            told = say.paragraph([say(text, size), say("{} bytes of it are used.", used) if used else ""])
        case Limit(over=over):
            text = message("A limit that holds above {}.") if over else message("A limit that holds up to {}.")
            told = say(text, rate(found.value, say))
        case CtHelper(kind, protocol):
            told = say("A conntrack helper for {protocol}: {kind}.", protocol=protocol.upper(), kind=kind)
        case CtTimeout(protocol, _, policy):
            times = [f"{state} {duration(seconds * 1000)}" for state, seconds in policy]
            told = say("A timeout policy for {protocol} connections: {times}.", protocol=protocol.upper(), times=anded(times, say))
        case CtExpectation(protocol, port, timeout):
            told = say(
                "A connection that another one announces: {protocol} to port {port}, within {time}.",
                protocol=protocol.upper(), port=port, time=duration(timeout),
            )  # fmt: skip
        case Synproxy():
            told = say("Settings for synproxy, which answers the handshake of TCP on behalf of a server.")
        case Secmark(context):
            told = say("A security context: {}.", context)
    return say.paragraph([told, say("Its comment reads “{}”.", found.comment) if found.comment else ""])
