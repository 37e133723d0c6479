"""Reading expressions from the words of a rule."""

import re
from collections.abc import Callable, Collection, Sequence
from functools import lru_cache

from netlab_magic.nftables import expressions as e
from netlab_magic.nftables.datatypes import DATATYPES, Datatype, datatype_named
from netlab_magic.nftables.expressions import AnonymousSet, Concatenation, Element, Expression, MapData, MapLookup, NamedSet
from netlab_magic.nftables.fields import CT, EXTENSION_HEADERS, META, PAYLOADS, TUNNELS, datatype_of, datatypes_of
from netlab_magic.nftables.statements import Verdict
from netlab_magic.nftables.text.stateful_parser import StatefulParser
from netlab_magic.nftables.text.words import NotUnderstood, joined

__all__ = ["DEEPEST", "FIRST_WORDS", "VERDICTS", "ExpressionParser"]

DEEPEST = 40
"""How deep expressions may be nested; nft's own parser gives up long before."""

VERDICTS = frozenset(("accept", "drop", "continue", "return", "jump", "goto", "queue"))
"""Words that a verdict begins with."""

_RAW = re.compile(r"@(ll|nh|th|ih),(\d{1,5}),(\d{1,5})")
_OPERATORS = {"|": 0, "^": 1, "&": 2, "<<": 3, ">>": 3, "or": 0, "xor": 1, "and": 2, "lshift": 3, "rshift": 3}
_SIGNS = {"or": "|", "xor": "^", "and": "&", "lshift": "<<", "rshift": ">>"}
_UNQUALIFIED = frozenset(
    [
        "mark",
        "iif",
        "iifname",
        "iiftype",
        "iifgroup",
        "iifkind",
        "oif",
        "oifname",
        "oiftype",
        "oifgroup",
        "oifkind",
        "skuid",
        "skgid",
        "nftrace",
        "rtclassid",
        "ibrname",
        "obrname",
        "pkttype",
        "cpu",
        "cgroup",
        "ipsec",
        "day",
        "hour",
        "time",
    ]
)


class ExpressionParser(StatefulParser):
    """A parser of expressions; what it reads from is the words of one rule, or of one element."""

    __slots__ = ("depth", "family")

    def __init__(self, words: Collection[str], family: str = "") -> None:
        super().__init__(words)
        self.depth = 0
        self.family = family

    def expression(self, hint: Datatype | None = None, least: int = 0) -> Expression:
        """An expression with its operators, of which those that bind less than `least` are left; constants in it are of the type `hint`."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise NotUnderstood(self.word)
        left = self.primary(hint)
        chained = 0
        while (strength := _OPERATORS.get(self.words[self.at], -1)) >= least:
            operator = self.take()
            operator = _SIGNS.get(operator, operator)
            kind = DATATYPES["integer"] if strength == 3 else hint if isinstance(left, int) else datatype_of(left)
            left = joined(operator, left, self.expression(kind, strength + 1))
            chained += 1
            if chained > DEEPEST:
                raise NotUnderstood(operator)
        self.depth -= 1
        return left

    def concatenation(self, hint: Datatype | None = None) -> Expression:
        """Expressions with dots between them, or one."""
        first = self.expression(hint)
        if self.words[self.at] != ".":
            return first
        parts = [first]
        while self.accept("."):
            parts.append(self.expression(hint))
        return Concatenation(tuple(parts))

    def value(self, hints: Sequence[Datatype]) -> Expression:
        """What a field is set to, or a packet is sent to: an expression, a constant, or what a map has for an expression."""
        found = self.concatenation(hints[0])
        return self.lookup(found, hints) if self.accept("map") else found

    def lookup(self, key: Expression, data: Sequence[Datatype]) -> MapLookup:
        """What stands behind `map`."""
        return MapLookup(key, self.mapping(key, data))

    def mapping(self, key: Expression, data: Sequence[Datatype]) -> NamedSet | AnonymousSet:
        """A map: by its name, or with its elements. Without types of data it leads to verdicts."""
        if self.word == "{":
            return self.anonymous(datatypes_of(key), data)
        return self.named()

    def named(self) -> NamedSet:
        """A set by its name."""
        if not self.word.startswith("@") or "," in self.word:
            raise NotUnderstood(self.word)
        return NamedSet(self.take()[1:])

    def anonymous(self, keys: Sequence[Datatype], data: Sequence[Datatype]) -> AnonymousSet:
        """The elements of a set in braces."""
        self.expect("{")
        elements = []
        while not self.accept("}"):
            elements.append(self.element(keys, data))
            if not self.accept(",") and self.word != "}":
                raise NotUnderstood(self.word)
        return AnonymousSet(tuple(elements))

    def element(self, keys: Sequence[Datatype], data: Sequence[Datatype]) -> Element:
        """One element with what belongs to it: counters, times, a comment, and in a map what it leads to."""
        key = self.constants(keys)
        if self.words[self.at] in (",", "}", ""):
            return Element(key)
        return self.with_extras(key, data)

    def with_extras(self, key: Expression, data: Sequence[Datatype], *, computed: bool = False) -> Element:
        """What stands behind the key of an element; with `computed`, data are expressions."""
        timeout = expires = leads_to = None
        comment, statements = "", []
        while self.words[self.at] not in (",", "}", ""):
            word = self.take()
            match word:
                case "timeout":
                    timeout = self.length()
                case "expires":
                    expires = self.length()
                case "comment":
                    comment = self.quoted()
                case ":":
                    leads_to = self.value([datatype_named("")]) if computed else self.data(data)
                case _:
                    self.at -= 1
                    statements.append(self.stateful())
        return Element(key, leads_to, timeout, expires, tuple(statements), comment)

    def data(self, types: Sequence[Datatype]) -> MapData:
        """What an element of a map leads to."""
        return self.constants(types) if types else self.verdict()

    def verdict(self) -> Verdict:
        """accept, drop, continue, return, jump CHAIN, goto CHAIN."""
        name = self.among(VERDICTS)
        return Verdict(name, self.quoted() if name in ("jump", "goto") else "")

    def primary(self, hint: Datatype | None) -> Expression:
        """One expression without operators, or a constant."""
        start, word = self.at, self.words[self.at]
        reader = _PRIMARIES.get(word)
        if reader:
            self.at += 1
            try:
                return reader(self, word)
            except NotUnderstood:
                if hint is None or word not in hint.numbers:
                    raise
                self.at = start
                return self.single(hint)
        if word == "(":
            self.at += 1
            inner = self.expression(hint)
            self.expect(")")
            return inner
        raw = _RAW.fullmatch(word) if word[:1] == "@" else None
        if raw:
            self.at += 1
            return e.RawPayload(raw[1], int(raw[2]), int(raw[3]))
        return self.single(hint)

    def payload(self, protocol: str) -> Expression:
        """What stands behind the name of a protocol."""
        field = self.words[self.at]
        if field in PAYLOADS[protocol]:
            self.at += 1
            return _payload(protocol, field)
        if protocol == "arp" and f"{field} {self.words[self.at + 1]}" in PAYLOADS["arp"]:
            self.at += 2
            return _payload("arp", f"{field} {self.words[self.at - 1]}")
        if (protocol, field) in _OPTIONS:
            self.at += 1
            return self.option(protocol)
        if protocol in TUNNELS and field in PAYLOADS:
            self.at += 1
            inner = self.payload(field)
            if isinstance(inner, e.Payload):
                return e.Payload(inner.protocol, inner.field, protocol)
        raise NotUnderstood(field)

    def option(self, protocol: str) -> Expression:
        """What stands behind `tcp option`, `ip option`, `sctp chunk` or `dccp option`."""
        if protocol == "dccp":
            return e.DccpOption(self.number())
        name = self.take()
        if protocol == "tcp" and name not in _TCP_OPTIONS and not name.isdigit() and name[0] != "@":
            raise NotUnderstood(name)
        field = ""
        if self.word in _OPTION_FIELDS[protocol] and not name.startswith("@"):
            field = self.take()
        return _OPTION_KINDS[protocol](name, field)

    def meta(self, _: str) -> e.Meta:
        """`meta KEY`."""
        key = self.among(META)
        return _meta("ipsec" if key == "secpath" else key)

    def bare_meta(self, word: str) -> e.Meta:
        """A key of meta that stands without that word."""
        return _meta(word)

    def ct(self, _: str) -> e.Ct:
        """`ct [original|reply] KEY`."""
        direction = self.take() if self.word in ("original", "reply") and self.words[self.at + 1] else ""
        key = self.take()
        if key in ("ip", "ip6"):
            key = f"{key} {self.take()}"
        elif key in ("saddr", "daddr") and self.family in ("ip", "ip6"):
            key = f"{self.family} {key}"
        if key not in CT:
            self.at -= 1
            raise NotUnderstood(key)
        return _ct(key, direction)

    def fib(self, _: str) -> e.Fib:
        """`fib saddr . iif oif`: what is looked up, and which result is wanted."""
        flags = [self.among(_FIB_FLAGS)]
        while self.accept("."):
            flags.append(self.among(_FIB_FLAGS))
        result = self.among(("type", "oif", "oifname", "check"))
        if result == "oif" and self.word in ("missing", "exists", "0", "1"):
            result = "check"
        return e.Fib(result, tuple(flags))

    def rt(self, _: str) -> Expression:
        """`rt mtu`, a property of the route; or `rt type`, a field of IPv6's routing header."""
        if self.word in EXTENSION_HEADERS["rt"]:
            return e.ExtensionHeader("rt", self.take())
        family = self.take() if self.word in ("ip", "ip6") else ""
        return e.Rt(self.among(("classid", "nexthop", "mtu", "ipsec")), family)

    def header(self, name: str) -> e.ExtensionHeader:
        """A field of an extension header."""
        if self.word.partition("[")[0] not in EXTENSION_HEADERS[name]:
            raise NotUnderstood(self.word)
        return e.ExtensionHeader(name, self.take())

    def exthdr(self, _: str) -> e.ExtensionHeader:
        """`exthdr NAME`: whether there is such a header."""
        return e.ExtensionHeader(self.among((*EXTENSION_HEADERS, "ah", "esp", "comp")))

    def socket(self, _: str) -> e.Socket:
        """`socket KEY [level N]`."""
        key = self.among(("transparent", "mark", "wildcard", "cgroupv2"))
        return e.Socket(key, self.number() if key == "cgroupv2" and self.accept("level") else None)

    def osf(self, _: str) -> e.Osf:
        """`osf [ttl skip|loose] name|version`."""
        ttl = self.among(("skip", "loose")) if self.accept("ttl") else ""
        return e.Osf(self.among(("name", "version")), ttl)

    def ipsec(self, word: str) -> Expression:
        """`ipsec in|out [spnum N] KEY`."""
        if self.word not in ("in", "out"):
            return _meta(word)
        direction = self.take()
        spnum = self.number() if self.accept("spnum") else 0
        family = self.take() if self.word in ("ip", "ip6") else ""
        return e.Ipsec(direction, self.among(("reqid", "spi", "saddr", "daddr")), spnum, family)

    def numgen(self, _: str) -> e.Numgen:
        """`numgen inc|random mod N [offset N]`."""
        mode = self.among(("inc", "random"))
        self.expect("mod")
        return e.Numgen(mode, self.number(), self.number() if self.accept("offset") else 0)

    def jhash(self, _: str) -> e.JHash:
        """`jhash EXPRESSION mod N [seed N] [offset N]`."""
        hashed = self.concatenation()
        self.expect("mod")
        modulus = self.number()
        seed = self.number() if self.accept("seed") else None
        return e.JHash(hashed, modulus, seed, self.number() if self.accept("offset") else 0)

    def symhash(self, _: str) -> e.SymHash:
        """`symhash mod N [offset N]`."""
        self.expect("mod")
        return e.SymHash(self.number(), self.number() if self.accept("offset") else 0)


_payload = lru_cache(1024)(e.Payload)
_meta = lru_cache(256)(e.Meta)
_ct = lru_cache(256)(e.Ct)

_FIB_FLAGS = ("saddr", "daddr", "mark", "iif", "oif")
_TCP_OPTIONS = frozenset(
    [
        "eol",
        "noop",
        "nop",
        "maxseg",
        "window",
        "sack-perm",
        "sack-permitted",
        "sack",
        "sack0",
        "sack1",
        "sack2",
        "sack3",
        "timestamp",
        "echo",
        "fastopen",
        "md5sig",
        "mptcp",
    ]
)
_OPTIONS = frozenset((("tcp", "option"), ("ip", "option"), ("sctp", "chunk"), ("dccp", "option")))
_OPTION_KINDS: dict[str, Callable[[str, str], Expression]] = {"tcp": e.TcpOption, "ip": e.IpOption, "sctp": e.SctpChunk}
_OPTION_FIELDS = {
    "tcp": frozenset(["kind", "length", "size", "count", "left", "right", "tsval", "tsecr", "subtype"]),
    "ip": frozenset(["type", "length", "ptr", "addr", "value"]),
    "sctp": frozenset(
        [
            "type",
            "flags",
            "length",
            "tsn",
            "stream",
            "ssn",
            "ppid",
            "init-tag",
            "a-rwnd",
            "num-outbound-streams",
            "num-inbound-streams",
            "initial-tsn",
            "cum-tsn-ack",
            "num-gap-ack-blocks",
            "num-dup-tsns",
            "lowest-tsn",
            "seqno",
            "new-cum-tsn",
        ]
    ),
}
_PRIMARIES = {
    **dict.fromkeys(PAYLOADS, ExpressionParser.payload),
    **dict.fromkeys(EXTENSION_HEADERS, ExpressionParser.header),
    **dict.fromkeys(_UNQUALIFIED, ExpressionParser.bare_meta),
    "meta": ExpressionParser.meta,
    "ct": ExpressionParser.ct,
    "fib": ExpressionParser.fib,
    "rt": ExpressionParser.rt,
    "exthdr": ExpressionParser.exthdr,
    "socket": ExpressionParser.socket,
    "osf": ExpressionParser.osf,
    "ipsec": ExpressionParser.ipsec,
    "numgen": ExpressionParser.numgen,
    "jhash": ExpressionParser.jhash,
    "symhash": ExpressionParser.symhash,
}

FIRST_WORDS = tuple(_PRIMARIES)
"""Words that an expression begins with."""
