"""What a rule of nft does to packets: a clause for each statement, in the words of the option table where iptables can do the same."""

from netlab_magic.explain.nft.constants import constants, kinds_of
from netlab_magic.explain.nft.nouns import noun
from netlab_magic.explain.targets import done
from netlab_magic.explain.values import ored
from netlab_magic.i18n import Language, message
from netlab_magic.iptables.extensions import target
from netlab_magic.iptables.ruleset import Option, Target
from netlab_magic.nftables import expressions as e
from netlab_magic.nftables import statements as s
from netlab_magic.nftables.datatypes import DATATYPES, duration
from netlab_magic.nftables.text.expression_printer import Style, expression_text
from netlab_magic.nftables.text.statement_printer import statement_text

__all__ = ["effect", "handing_over", "refusal", "translation"]

_STYLE = Style()
_FLAGS = {
    "random": message("with ports at random"),
    "fully-random": message("with ports quite at random"),
    "persistent": message("the same for all connections of a client"),
}
_LOG_FLAGS = {
    "tcp sequence": Option("--log-tcp-sequence"),
    "tcp options": Option("--log-tcp-options"),
    "ip options": Option("--log-ip-options"),
    "skuid": Option("--log-uid"),
    "ether": Option("--log-macdecode"),
}
_REFERENCES = {
    "counter": message("is counted in {}"),
    "ct helper": message("has its connection watched by the conntrack helper {}"),
    "ct timeout": message("has its connection forgotten by the timeout policy {}"),
    "ct expectation": message("announces another connection, as {} says"),
    "secmark": message("gets the security context {}"),
    "synproxy": message("has its TCP handshake answered by this host first, as {} says"),
}
_UPDATES = {
    "add": message("has {noun} put into {set}"),
    "update": message("has {noun} put into {set}, where its time begins anew"),
    "delete": message("has {noun} taken out of {set}"),
}
_KNOWN_ASSIGNMENTS: dict[e.Expression, tuple[str, str]] = {
    e.Payload("ip", "ttl"): ("TTL", "--ttl-set"),
    e.Payload("ip6", "hoplimit"): ("HL", "--hl-set"),
    e.TcpOption("maxseg", "size"): ("TCPMSS", "--set-mss"),
    e.Meta("priority"): ("CLASSIFY", "--set-class"),
    e.Meta("mark"): ("MARK", "--set-xmark"),
    e.Ct("mark"): ("CONNMARK", "--set-xmark"),
    e.Ct("zone"): ("CT", "--zone"),
    e.Ct("zone", "original"): ("CT", "--zone-orig"),
    e.Ct("zone", "reply"): ("CT", "--zone-reply"),
}


def _as_target(name: str, options: tuple[Option, ...], say: Language) -> str:
    """The words that the option table has for what a target of iptables does."""
    extension = target(name)
    assert extension is not None
    return done(extension, Target(name, options), "ipv4", say)


def effect(statement: s.Statement, family: str, say: Language) -> str:
    """What a statement does to the packet, `is written to the kernel log`; "" for one that only counts."""
    match statement:
        case s.Counter() | s.Last():
            return ""
        case s.Log():
            return _logged(statement, say)
        case s.Notrack():
            return _as_target("NOTRACK", (), say)
        case s.Assignment(left, value):
            return _assigned(left, value, say)
        case s.ResetOption(option):
            return say("has the TCP option {} taken out", option.name)
        case s.SetUpdate(operation, name, element):
            return _updated(operation, name, element, say)
        case s.ObjectReference(kind, name) if kind in _REFERENCES:
            return say(_REFERENCES[kind], name if isinstance(name, str) else noun(name, say))
        case s.FlowAdd(name):
            return say("has its connection moved to the flowtable {}, whose packets pass by the rules from then on", name)
        case s.Dup(to):
            return say("is copied to {}", _place(to, say))
        case s.Tproxy(_, address, port):
            options = [] if port is None else [Option("--on-port", (expression_text(port, _STYLE),))]
            options += [] if address is None else [Option("--on-ip", (expression_text(address, _STYLE),))]
            return _as_target("TPROXY", tuple(options), say)
        case s.Synproxy():
            return say("has its TCP handshake answered by this host first")
    return say("is passed on as the rule says: “{}”", statement_text(statement, family, _STYLE))


def _logged(log: s.Log, say: Language) -> str:
    given = [] if log.prefix is None else [Option("--log-prefix" if log.group is None else "--nflog-prefix", (log.prefix,))]
    if log.group is not None:
        given += [Option("--nflog-group", (str(log.group),))]
        given += [] if log.snaplen is None else [Option("--nflog-size", (str(log.snaplen),))]
        given += [] if log.queue_threshold is None else [Option("--nflog-threshold", (str(log.queue_threshold),))]
        return _as_target("NFLOG", tuple(given), say)
    if log.level != "warn":
        given.append(Option("--log-level", (log.level,)))
    flags = tuple(_LOG_FLAGS) if "all" in log.flags else log.flags
    return _as_target("LOG", (*given, *(_LOG_FLAGS[flag] for flag in flags if flag in _LOG_FLAGS)), say)


def _assigned(left: e.Expression, value: e.Expression, say: Language) -> str:
    known = _KNOWN_ASSIGNMENTS.get(left)
    if left == e.TcpOption("maxseg", "size") and isinstance(value, e.Rt):
        return _as_target("TCPMSS", (Option("--clamp-mss-to-pmtu"),), say)
    if known and isinstance(value, int):
        kind = kinds_of(left)[0]
        written = f"0x{value:x}/0xffffffff" if known[1] == "--set-xmark" else kind.show(value)
        return _as_target(known[0], (Option(known[1], (written,)),), say)
    if (left, value) == (e.Ct("mark"), e.Meta("mark")):
        return _as_target("CONNMARK", (Option("--save-mark"),), say)
    if (left, value) == (e.Meta("mark"), e.Ct("mark")):
        return _as_target("CONNMARK", (Option("--restore-mark"),), say)
    marked = _bits(left, value, say)
    if marked:
        return marked
    shown = constants(value, kinds_of(left), say) if isinstance(value, e.CONSTANTS) else noun(value, say)
    return say("has {noun} set to {value}", noun=noun(left, say), value=shown)


_MARKS: dict[e.Expression, str] = {e.Meta("mark"): message("its mark"), e.Ct("mark"): message("its connection's mark")}


def _bits(left: e.Expression, value: e.Expression, say: Language) -> str:
    """`meta mark set meta mark | 4`: some bits of a mark are changed, and the others stay."""
    if left not in _MARKS or not isinstance(value, e.Binary):
        return ""
    whose = say(_MARKS[left])
    match value:
        case e.Binary("|", e.Binary("&", one, int() as kept), int() as bits) if one == left:
            cleared = ~kept & 0xFFFFFFFF
            if bits == cleared:
                return say("has the bits {value} of {whose} set", whose=whose, value=f"0x{bits:x}")
            return say("has the bits {mask} of {whose} set to {value}", whose=whose, mask=f"0x{cleared | bits:x}", value=f"0x{bits:x}")
        case e.Binary("|", one, int() as bits) if one == left:
            return say("has the bits {value} of {whose} set", whose=whose, value=f"0x{bits:x}")
        case e.Binary("&", one, int() as kept) if one == left:
            return say("has the bits {value} of {whose} cleared", whose=whose, value=f"0x{~kept & 0xFFFFFFFF:x}")
        case e.Binary("^", one, int() as bits) if one == left:
            return say("has the bits {value} of {whose} flipped", whose=whose, value=f"0x{bits:x}")
    return ""


def _updated(operation: str, name: str, element: e.Element, say: Language) -> str:
    told = say(_UPDATES.get(operation, _UPDATES["add"]), noun=noun(element.key, say), set=name)
    if element.timeout is not None and operation != "delete":
        told = say("{clause} ({asides})", clause=told, asides=say("for {}", duration(element.timeout)))
    return told


def _place(to: e.Expression, say: Language) -> str:
    return expression_text(to, _STYLE, (DATATYPES["target"],)) if isinstance(to, e.CONSTANTS) else noun(to, say)


def translation(statement: s.Nat | s.Masquerade | s.Redirect, say: Language) -> str:
    """What a statement of nat does to the packet's addresses."""
    port = None if statement.port is None else expression_text(statement.port, _STYLE, (DATATYPES["inet_service"],))
    match statement:
        case s.Masquerade():
            told = _as_target("MASQUERADE", (Option("--to-ports", (port,)),) if port else (), say)
        case s.Redirect():
            told = _as_target("REDIRECT", (Option("--to-ports", (port,)),) if port else (), say)
        case s.Nat(kind, address):
            told = _translated(kind, address, port, say)
    asides = [say(_FLAGS[flag]) for flag in statement.flags if flag in _FLAGS]
    if asides:
        return say("{clause} ({asides})", clause=told, asides=say.several(message("{}; {}"), message("{}; {}"), asides))
    return told


def _translated(kind: str, address: e.Expression | None, port: str | None, say: Language) -> str:
    name, option = ("DNAT", "--to-destination") if kind == "dnat" else ("SNAT", "--to-source")
    if isinstance(address, (*e.CONSTANTS, e.Range)) or address is None:
        shown = "" if address is None else expression_text(address, _STYLE, (DATATYPES["address"],))
        if port and ":" in shown:
            shown = "-".join(f"[{end}]" for end in shown.split("-"))
        return _as_target(name, (Option(option, (shown + (f":{port}" if port else ""),)),), say)
    if isinstance(address, e.Prefix):
        return say("has the network part of its address replaced by {}", expression_text(address, _STYLE, (DATATYPES["address"],)))
    match address:
        case e.MapLookup(e.Numgen() | e.JHash() | e.SymHash() as chosen_by, e.AnonymousSet(elements)):
            return _one_of(kind, list(map(_end, elements)), noun(chosen_by, say), say)
    text = message("gets {} as its new destination") if kind == "dnat" else message("gets {} as its new source")
    shown = noun(address, say)
    return say(text, say("{address}, port {port}", address=shown, port=port) if port else shown)


def _one_of(kind: str, ends: list[str], chosen_by: str, say: Language) -> str:
    """What a packet gets whose new end is chosen among several."""
    text = message("gets one of {ends} as its new source, by {noun}")
    if kind == "dnat":
        text = message("gets one of {ends} as its new destination, by {noun}")
    return say(text, ends=ored(ends, say), noun=chosen_by)


def _end(element: e.Element) -> str:
    data = element.data
    if isinstance(data, e.Concatenation):
        address, *rest = (expression_text(part, _STYLE, (kind,)) for part, kind in zip(data.parts, _TARGET, strict=False))
        return ":".join([f"[{address}]" if ":" in address and rest else address, *rest])
    return expression_text(data, _STYLE, (DATATYPES["address"],))


_TARGET = (DATATYPES["address"], DATATYPES["inet_service"])


def refusal(reject: s.Reject, say: Language) -> str:
    """What becomes of a packet that is refused."""
    if reject.kind == "tcp reset":
        return say("The packet is rejected: it is dropped, and its sender gets a TCP reset, as from a closed port.")
    protocol = {"icmp": "ICMP", "icmpv6": "ICMPv6"}.get(reject.kind, say("ICMP or ICMPv6"))
    reason = "" if reject.code is None else DATATYPES[f"{reject.kind}_code"].show(reject.code)
    return say(
        "The packet is rejected: it is dropped, and its sender gets an {protocol} error ({reason}).", protocol=protocol, reason=reason
    )


def handing_over(statement: s.Queue | s.Forward, say: Language) -> str:
    """What becomes of a packet that a program, or another device, gets."""
    if isinstance(statement, s.Queue):
        bypass = (Option("--queue-bypass"),) if "bypass" in statement.flags else ()
        number = statement.number
        if isinstance(number, e.Range):
            queues = Option("--queue-balance", (f"{number.low}:{number.high}",))
        else:
            queues = Option("--queue-num", (expression_text(number, _STYLE, (DATATYPES["integer"],)),))
        extension = target("NFQUEUE")
        assert extension is not None
        return say(extension.then, what=_as_target("NFQUEUE", (queues, *bypass), say))
    return say("The packet is sent out of {} at once, and no later rule is asked about it.", _place(statement.device, say))
