"""What a rule of nft asks of packets: a clause for each condition, in the words of the option table where iptables can ask the same."""

from collections.abc import Sequence

from netlab_magic.explain.matches import Part, paired, verbatim
from netlab_magic.explain.nft.constants import constants, elements, kinds_of, rate
from netlab_magic.explain.nft.nouns import noun
from netlab_magic.explain.values import STATUSES, flags_said, joined, ored, protocol, states_denied, states_said
from netlab_magic.i18n import Language, message
from netlab_magic.iptables.extensions import HEADER, Parameter, match
from netlab_magic.iptables.ruleset import Option
from netlab_magic.nftables import expressions as e
from netlab_magic.nftables import statements as s
from netlab_magic.nftables.symbols import SYMBOLS
from netlab_magic.nftables.text.expression_printer import Style
from netlab_magic.nftables.text.statement_printer import statement_text

__all__ = ["CONDITIONS", "clauses", "packets"]

CONDITIONS = (s.Match, s.VerdictMap, s.Limit, s.Quota, s.ConnectionLimit, s.Meter)
"""The statements that ask for something and do nothing."""

_STYLE = Style()


def _row(module: str, option: str) -> Parameter:
    extension = match(module) if module else HEADER
    row = extension.parameter(option) if extension else None
    assert row is not None, option
    return row


_TRANSPORTS = ("tcp", "udp", "udplite", "sctp", "dccp", "th")
_ROWS: dict[e.Expression, Parameter] = {
    **{e.Payload(family, "saddr"): _row("", "-s") for family in ("ip", "ip6")},
    **{e.Payload(family, "daddr"): _row("", "-d") for family in ("ip", "ip6")},
    **{e.Payload(name, "sport"): _row("tcp", "--sport") for name in _TRANSPORTS},
    **{e.Payload(name, "dport"): _row("tcp", "--dport") for name in _TRANSPORTS},
    **{e.Meta(key): _row("", "-i") for key in ("iif", "iifname")},
    **{e.Meta(key): _row("", "-o") for key in ("oif", "oifname")},
    e.Meta("mark"): _row("mark", "--mark"),
    e.Meta("length"): _row("length", "--length"),
    e.Meta("skuid"): _row("owner", "--uid-owner"),
    e.Meta("skgid"): _row("owner", "--gid-owner"),
    e.Meta("pkttype"): _row("pkttype", "--pkt-type"),
    e.Meta("iifgroup"): _row("devgroup", "--src-group"),
    e.Meta("oifgroup"): _row("devgroup", "--dst-group"),
    e.Meta("cpu"): _row("cpu", "--cpu"),
    e.Meta("rtclassid"): _row("realm", "--realm"),
    e.Payload("ip", "ttl"): _row("ttl", "--ttl-eq"),
    e.Payload("ip6", "hoplimit"): _row("hl", "--hl-eq"),
    **{e.Payload(family, "dscp"): _row("dscp", "--dscp") for family in ("ip", "ip6")},
    e.Payload("icmp", "type"): _row("icmp", "--icmp-type"),
    e.Payload("icmpv6", "type"): _row("icmp6", "--icmpv6-type"),
    e.Payload("ether", "saddr"): _row("mac", "--mac-source"),
    e.Payload("dccp", "type"): _row("dccp", "--dccp-types"),
    e.Payload("ah", "spi"): _row("ah", "--ahspi"),
    e.Payload("esp", "spi"): _row("esp", "--espspi"),
    e.Payload("comp", "cpi"): _row("ipcomp", "--ipcompspi"),
    e.TcpOption("maxseg", "size"): _row("tcpmss", "--mss"),
    e.Osf("name"): _row("osf", "--genre"),
    e.Osf("version"): _row("osf", "--genre"),
    e.Ct("mark"): _row("connmark", "--mark"),
    e.Ct("helper"): _row("helper", "--helper"),
    e.Ct("protocol"): _row("conntrack", "--ctproto"),
    **{e.Ct(f"{family} saddr", "original"): _row("conntrack", "--ctorigsrc") for family in ("ip", "ip6")},
    **{e.Ct(f"{family} daddr", "original"): _row("conntrack", "--ctorigdst") for family in ("ip", "ip6")},
    **{e.Ct(f"{family} saddr", "reply"): _row("conntrack", "--ctreplsrc") for family in ("ip", "ip6")},
    **{e.Ct(f"{family} daddr", "reply"): _row("conntrack", "--ctrepldst") for family in ("ip", "ip6")},
    e.Ct("proto-src", "original"): _row("conntrack", "--ctorigsrcport"),
    e.Ct("proto-dst", "original"): _row("conntrack", "--ctorigdstport"),
    e.Ct("proto-src", "reply"): _row("conntrack", "--ctreplsrcport"),
    e.Ct("proto-dst", "reply"): _row("conntrack", "--ctrepldstport"),
    e.Fib("type", ("saddr",)): _row("addrtype", "--src-type"), e.Fib("type", ("daddr",)): _row("addrtype", "--dst-type"),
}
"""What iptables can ask for too, by its row of the option table."""

_COMPARED = {
    "==": message("have {value} as {noun}"),
    "in": message("have {value} among {noun}"),
    "!=": message("have something other than {value} as {noun}"),
    "!": message("have none of {value} among {noun}"),
    "<": message("have less than {value} as {noun}"),
    "<=": message("have at most {value} as {noun}"),
    ">": message("have more than {value} as {noun}"),
    ">=": message("have at least {value} as {noun}"),
}
_IN_SET = {
    "==": message("have {noun} among those in the set {set}"),
    "!=": message("have {noun} other than those in the set {set}"),
}
_ADDRESS, _INTERFACE = message("an address in the set {}"), message("an interface in the set {}")
_SET_PHRASES: dict[e.Expression, str] = {
    **{e.Payload(family, end): _ADDRESS for family in ("ip", "ip6") for end in ("saddr", "daddr")},
    **{e.Meta(key): _INTERFACE for key in ("iif", "iifname", "oif", "oifname")},
}
_SUCH = {
    "==": message("are such that {noun} is {value}"),
    "!=": message("are such that {noun} is not {value}"),
    "<": message("are such that {noun} is less than {value}"),
    "<=": message("are such that {noun} is at most {value}"),
    ">": message("are such that {noun} is more than {value}"),
    ">=": message("are such that {noun} is at least {value}"),
}
"""The same for what is no part of the packets."""

_TRUE: dict[e.Expression, tuple[str, str]] = {
    e.Meta("ipsec"): (message("are protected by IPsec"), message("are not protected by IPsec")),
    e.Rt("ipsec"): (message("take a route that uses IPsec"), message("take a route that does not use IPsec")),
    e.Socket("transparent"): (
        message("belong to a transparent socket of this host"),
        message("belong to a socket of this host that is not transparent"),
    ),
    e.Socket("wildcard"): (
        message("belong to a socket of this host that is bound to every address"),
        message("belong to a socket of this host that is bound to one address"),
    ),
}
"""What holds or does not hold."""

_THERE = {
    e.ExtensionHeader: (message("have the IPv6 extension header {}"), message("do not have the IPv6 extension header {}")),
    e.TcpOption: (message("carry the TCP option {}"), message("do not carry the TCP option {}")),
    e.IpOption: (message("carry the IP option {}"), message("do not carry the IP option {}")),
    e.SctpChunk: (message("contain an SCTP chunk of the type {}"), message("do not contain an SCTP chunk of the type {}")),
}
_STATUS = {
    **{name.lower().replace("_", "-"): says for name, says in STATUSES.items()},
    "snat": message("has its source address translated (snat)"),
    "dnat": message("has its destination address translated (dnat)"),
    "dying": message("is about to be forgotten (dying)"),
}
_RPFILTER = match("rpfilter")
_REVERSE_PATH = {
    (False, True): _row("rpfilter", "--invert").says,
    (True, True): "" if _RPFILTER is None else _RPFILTER.says,
    (False, False): message("have a source to which there is no route"),
    (True, False): message("have a source to which there is a route"),
}
_FAMILIES = {2: "IPv4", 10: "IPv6"}
_TYPED = {"icmp": "ICMP", "icmpv6": "ICMPv6", "igmp": "IGMP", "tcp": "TCP", "udp": "UDP", "sctp": "SCTP", "dccp": "DCCP"}


def packets(found: Sequence[s.Statement], say: Language) -> tuple[str, tuple[s.Statement, ...]]:
    """Of which packets the conditions speak (`TCP packets`), and the conditions that are left to be said."""
    names: dict[str, str] = {}
    left: list[s.Statement] = []
    for statement in found:
        kind, name = _kind(statement, say)
        if kind and names.setdefault(kind, name) == name:
            if kind == "implied":
                left.append(statement)
        else:
            left.append(statement)
    protocol_name = names.get("protocol") or names.get("implied", "")
    family = names.get("family", "")
    if not (protocol_name or family):
        return say("packets"), tuple(left)
    return say("{} packets", f"{family} {protocol_name}".strip()), tuple(left)


def _kind(statement: s.Statement, say: Language) -> tuple[str, str]:
    """What a condition says of the packets' protocol or family, which their noun has then."""
    match statement:
        case s.Match(e.Meta("nfproto"), "==", int() as family):
            return "family", _FAMILIES.get(family, str(family))
        case s.Match(e.Meta("l4proto") | e.Payload("ip" | "ip6", "protocol" | "nexthdr"), "==", int() as number):
            return "protocol", protocol(number)
        case s.Match(e.Meta("l4proto"), "==", e.AnonymousSet() as several):
            return "protocol", elements(several, kinds_of(statement.left), say)
        case s.Match(e.Payload(name, _, ""), _, _) | s.VerdictMap(e.Payload(name, _, ""), _) if name in _TYPED:
            return "implied", _TYPED[name]
    return "", ""


def clauses(found: Sequence[s.Statement], family: str, say: Language) -> list[str]:
    """The clauses of conditions in a table of `family`, in order; what they ask of connections comes last."""
    told = [(statement, _part(statement, say)) for statement in found]
    told.sort(key=lambda each: isinstance(each[0], s.Match) and each[0].left == e.Ct("state"))
    parts = [part for _, part in told if part is not None]
    taken: list[Part] = []
    said = []
    for statement, part in told:
        if part is None:
            said.append(_clause(statement, family, say))
        elif part not in taken:
            said.append(paired(part, parts, taken, say))
    return [clause for clause in said if clause]


def _part(statement: s.Statement, say: Language) -> Part | None:
    """A comparison with a constant as iptables would ask it."""
    if not isinstance(statement, s.Match) or statement.operator not in ("==", "!=") or statement.left not in _ROWS:
        return None
    row, right = _ROWS[statement.left], statement.right
    if isinstance(right, e.NamedSet):
        if statement.left not in _SET_PHRASES:
            return None
        words = say(_SET_PHRASES[statement.left], right.name)
    else:
        words = constants(right, kinds_of(statement.left), say)
    written = f"{right[:-1]}+" if isinstance(right, str) and right.endswith("*") else words
    option = Option(row.name, (written,), negated=statement.operator == "!=")
    return Part(option, row, [words]) if (row.denies if option.negated else row.says) else None


def _clause(statement: s.Statement, family: str, say: Language) -> str:
    match statement:
        case s.Match(left, operator, right):
            return _compared(left, operator, right, say)
        case s.VerdictMap(key, mapping):
            return _has_entry(key, mapping, say)
        case s.Limit(over=over, burst=burst, in_bytes=in_bytes):
            text = message("come at more than {}") if over else message("come at no more than {}")
            told = say(text, rate(statement, say))
            aside = say("after a first burst of {}", say("{} bytes", burst) if in_bytes else str(burst))
            return say("{clause} ({asides})", clause=told, asides=aside) if burst and not (in_bytes and burst == 5) else told
        case s.Quota(size, over):
            row = _row("quota", "--quota")
            return say(row.denies if over else row.says, size)
        case s.ConnectionLimit(count, over):
            row = _row("connlimit", "--connlimit-above" if over else "--connlimit-upto")
            return say(row.says, count)
        case s.Meter(_, element) | s.SetUpdate(_, _, element):
            inner = [_clause(one, family, say) for one in element.statements if isinstance(one, CONDITIONS)]
            return say("{clauses}, counted separately for each {noun}", clauses=joined(inner, say), noun=noun(element.key, say))
        case s.ObjectReference("limit", str() as name):
            return say("stay within the limit {} of the table", name)
        case s.ObjectReference("quota", str() as name):
            return say("stay within the quota {} of the table", name)
        case s.Unknown(text):
            return verbatim(text, say)
    return verbatim(statement_text(statement, family, _STYLE), say)


def _compared(left: e.Expression, operator: str, right: e.Expression, say: Language) -> str:
    match left, right:
        case (e.Ct("state", ""), _):
            return _state(operator, right, say)
        case (e.Ct("status", ""), int()) if operator == "in":
            return say("belong to a connection that {}", ored([say(_STATUS[name]) for name in _names("ct_status", right)], say))
        case (e.Binary("&", e.Payload("tcp", "flags"), int() as mask), int()) if operator in ("==", "!="):
            return _tcp_flags(mask, right, say, negated=operator == "!=")
        case (e.Ct("direction"), int()) if operator == "==":
            return say(_row("conntrack", "--ctdir").says, say(_DIRECTIONS[right]))
        case (e.Fib("oif" | "oifname" | "check", flags), _) if flags[0] == "saddr" and right in (0, 1, "") and operator in ("==", "!="):
            return say(_REVERSE_PATH[bool(right) is (operator == "=="), "iif" in flags])
        case (e.ExtensionHeader() | e.TcpOption() | e.IpOption() | e.SctpChunk(), int()) if not left.field and type(left) in _THERE:
            return say(_THERE[type(left)][not bool(right)], left.name)
        case (_, int()) if left in _TRUE and operator in ("==", "!="):
            return say(_TRUE[left][bool(right) is (operator == "!=")])
        case (_, e.NamedSet(name)):
            return say(_IN_SET.get(operator, _IN_SET["=="]), set=name, noun=noun(left, say))
    value = constants(right, kinds_of(left), say) if _is_constant(right) else noun(right, say)
    texts = _SUCH if operator in _SUCH and _is_apart(left) else _COMPARED
    return say(texts[operator], value=value, noun=noun(left, say))


def _is_apart(left: e.Expression) -> bool:
    """Whether an expression is no part of the packet itself."""
    apart = (e.Numgen, e.JHash, e.SymHash, e.Rt, e.Socket, e.Ipsec, e.Fib, e.MapLookup, e.RawPayload)
    return isinstance(left, apart) or (isinstance(left, e.Meta) and left.key in ("time", "day", "hour", "random", "cpu", "priority"))


_DIRECTIONS = {0: message("the direction in which the connection was opened"), 1: message("the direction of the replies")}


def _is_constant(value: e.Expression) -> bool:
    return isinstance(value, (*e.CONSTANTS, e.Prefix, e.Range, e.AnonymousSet, e.CatchAll)) or (
        isinstance(value, e.Concatenation) and all(map(_is_constant, value.parts))
    )


def _names(kind: str, bits: int) -> list[str]:
    return [name for name, bit in SYMBOLS[kind].items() if bits & bit]


_STATES = ("INVALID", "NEW", "RELATED", "ESTABLISHED", "UNTRACKED")
"""The states in the order of iptables, in which sentences know them."""


def _state(operator: str, right: e.Expression, say: Language) -> str:
    values = [element.key for element in right.elements] if isinstance(right, e.AnonymousSet) else [right]
    named = {name.upper() for value in values if isinstance(value, int) for name in _names("ct_state", value)}
    states = [name for name in _STATES if name in named]
    if not states or not all(isinstance(value, int) for value in values) or operator not in ("==", "in", "!=", "!"):
        value = constants(right, kinds_of(e.Ct("state")), say) if _is_constant(right) else noun(right, say)
        return say(_COMPARED[operator], value=value, noun=noun(e.Ct("state"), say))
    return states_denied(states, say) if operator in ("!=", "!") else states_said(states, say)


def _tcp_flags(mask: int, wanted: int, say: Language, *, negated: bool) -> str:
    looked_at, are_set = (list(map(str.upper, _names("tcp_flag", bits))) for bits in (mask, wanted))
    syn = _row("tcp", "--syn")
    if (set(looked_at), are_set) == ({"FIN", "SYN", "RST", "ACK"}, ["SYN"]):
        return say(syn.denies if negated else syn.says)
    row = _row("tcp", "--tcp-flags")
    return say(row.denies if negated else row.says, *flags_said(looked_at, are_set, say))


def _has_entry(key: e.Expression, mapping: e.NamedSet | e.AnonymousSet, say: Language) -> str:
    """The clause of a look-up in a verdict map: what is not in it is left to the next rule."""
    if isinstance(mapping, e.NamedSet):
        return say("have an entry for {noun} in the map {map}", noun=noun(key, say), map=mapping.name)
    if any(isinstance(element.key, e.CatchAll) for element in mapping.elements):
        return ""
    if key == e.Ct("state"):
        return _state("==", mapping, say)
    asked = s.Match(key, "==", mapping)
    part = _part(asked, say)
    return paired(part, [part], [], say) if part else _compared(key, "==", mapping, say)
