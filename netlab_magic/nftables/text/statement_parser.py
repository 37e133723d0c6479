"""Reading the statements of a rule. What is not understood becomes an Unknown, and the statements behind it are read on."""

import re
from functools import lru_cache

from netlab_magic.nftables import statements as s
from netlab_magic.nftables.datatypes import DATATYPES
from netlab_magic.nftables.expressions import Binary, Element, Expression, Meta, TcpOption
from netlab_magic.nftables.fields import BARE_META, BY_WORDS, datatype_of, datatypes_of, is_flags
from netlab_magic.nftables.statements import Statement
from netlab_magic.nftables.text.expression_parser import FIRST_WORDS, VERDICTS
from netlab_magic.nftables.text.nat_parser import NatParser
from netlab_magic.nftables.text.words import ADDRESS, TARGET, NotUnderstood, constant, words_of

__all__ = ["StatementParser", "read_rule"]

_COMPARISONS = {
    **{sign: sign for sign in ("==", "!=", "<", ">", "<=", ">=", "!")},
    "eq": "==",
    "ne": "!=",
    "lt": "<",
    "gt": ">",
    "le": "<=",
    "ge": ">=",
}
_LOG_WORDS = ("prefix", "level", "group", "snaplen", "queue-threshold", "flags")
_BARE: dict[str, Expression] = {key: Meta(key) for key in BARE_META}
_GOES_ON = frozenset((".", "&", "|", "^", "<<", ">>", "and", "or", "xor", "lshift", "rshift", "map"))
_QUEUE_FLAGS = ("bypass", "fanout")
_AFTER_UNKNOWN = frozenset(
    [
        "counter",
        "log",
        "accept",
        "drop",
        "reject",
        "jump",
        "goto",
        "return",
        "continue",
        "masquerade",
        "snat",
        "dnat",
        "redirect",
        "comment",
    ]
)


@lru_cache(1 << 12)
def read_rule(text: str, family: str) -> tuple[tuple[Statement, ...], str]:
    """The statements of a rule, and its comment; `family` is that of its table."""
    found = _read(text, family)
    if text.count('"') > 2 and any(isinstance(statement, s.Unknown) for statement in found[0]):
        quoting = _QUOTING_COMMENT.search(text)  # nft prints quotes within a comment of iptables as they are
        if quoting:
            statements, comment = _read(f"{text[: quoting.start()]}{text[quoting.end() :]}", family)
            return statements, f"{quoting[1]} {comment}".rstrip()
    return found


def _read(text: str, family: str) -> tuple[tuple[Statement, ...], str]:
    try:
        words = words_of(text)
    except NotUnderstood:
        return (s.Unknown(text),), ""
    return StatementParser(words, family).rule()


class StatementParser(NatParser):
    """A parser of a rule's statements."""

    __slots__ = ("comment",)

    def __init__(self, words: list[str], family: str) -> None:
        super().__init__(words, family)
        self.comment = ""

    def rule(self) -> tuple[tuple[Statement, ...], str]:
        """All statements, and the comment at the end."""
        found: list[Statement] = []
        while self.words[self.at]:
            start, self.depth = self.at, 0
            try:
                if self.words[start] == "comment":
                    self.note()
                else:
                    found.append(self.statement())
            except NotUnderstood:
                self.at = self.resume(start)
                found.append(s.Unknown(" ".join(self.words[start : self.at])))
        return tuple(found), self.comment

    def note(self) -> None:
        """The comment: a rule's last word, but nft translates iptables' comments where they stand, and a rule may have several."""
        if self.words[self.at + 1][:1] != '"':
            raise NotUnderstood(self.word)
        self.at += 1
        self.comment = f"{self.comment} {self.quoted()}".lstrip()

    def resume(self, start: int) -> int:
        """Where reading goes on behind a part that was not understood: at a statement whose first word nothing else begins with."""
        depth = 0
        for place in range(start, len(self.words) - 2):
            word = self.words[place]
            depth += (word in "{(") - (word in "})")
            if place > start and depth <= 0 and word in _AFTER_UNKNOWN:
                return place
        return len(self.words) - 2

    def statement(self) -> Statement:
        """The next statement."""
        reader = _STATEMENTS.get(self.words[self.at])
        if reader:
            start = self.at
            self.at += 1
            found = reader(self)
            if found is not None:
                return found
            self.at = start
        return self.match_or_set()

    def match_or_set(self) -> Statement:
        """A comparison, a verdict map, or a field that is set: what begins with an expression."""
        left = self.left()
        word = self.words[self.at]
        if word == "vmap":
            self.at += 1
            return s.VerdictMap(left, self.mapping(left, ()))
        if word == "set":
            self.at += 1
            if left == Meta("secmark") and self.word[:1] == '"':
                return s.ObjectReference("secmark", self.quoted())
            return s.Assignment(left, self.value([datatype_of(left)]))
        return self.comparison(left)

    def left(self) -> Expression:
        """What is compared. Nearly always it is a field alone, which is two words or, as `iifname`, one."""
        at, words = self.at, self.words
        word = words[at]
        found = _BARE.get(word)
        at += 1
        if found is None:
            found = BY_WORDS.get((word, words[at]))
            at += 1
        if found is None or words[at] in _GOES_ON:
            return self.concatenation()
        self.at = at
        return found

    def comparison(self, left: Expression) -> s.Match:
        """What an expression is compared with."""
        operator = _COMPARISONS.get(self.words[self.at], "")
        if operator:
            self.at += 1
        word = self.words[self.at]
        types = datatypes_of(left)
        if word == "{":
            return s.Match(left, operator or "==", self.anonymous(types, ()))
        if word[:1] == "@":
            return s.Match(left, operator or "==", self.named())
        if len(types) > 1 or word in ("*", "("):
            right = self.constants(types)
        else:
            right = constant(types[0], word)
            self.at += 1
            if self.words[self.at] == "|":
                self.at -= 1
                right = self.constant(types[0])
        if self.words[self.at] == "/":
            self.at += 1
            return s.Match(Binary("&", left, self.constant(types[0])), operator or "==", right)
        if not operator:
            operator = "in" if is_flags(types[0]) and len(types) == 1 and not isinstance(left, Binary) else "=="
        return s.Match(left, operator, right)

    def plain_verdict(self) -> s.Verdict:
        """A verdict."""
        self.at -= 1
        return self.verdict()

    def named_or(self, kind: str) -> s.ObjectReference | None:
        """A reference to an object where `name` comes next."""
        return self.reference(kind) if self.accept("name") else None

    def reference(self, kind: str) -> s.ObjectReference:
        """The name of an object, or a map that gives one."""
        if self.words[self.at + 1] in ("", "comment") or self.word[:1] == '"':
            return s.ObjectReference(kind, self.quoted())
        place = self.at
        try:
            key = self.concatenation()
            self.expect("map")
            return s.ObjectReference(kind, self.lookup(key, (DATATYPES["string"],)))
        except NotUnderstood:
            self.at = place
            return s.ObjectReference(kind, self.quoted())

    def counter_statement(self) -> Statement:
        """`counter`."""
        return self.named_or("counter") or self.counter()

    def limit_statement(self) -> Statement:
        """`limit`."""
        return self.named_or("limit") or self.limit()

    def quota_statement(self) -> Statement:
        """`quota`."""
        return self.named_or("quota") or self.quota()

    def synproxy_statement(self) -> Statement:
        """`synproxy`."""
        return self.named_or("synproxy") or self.synproxy()

    def synproxy(self) -> s.Synproxy:
        """`mss N wscale N timestamp sack-perm`."""
        mss = self.number() if self.accept("mss") else None
        wscale = self.number() if self.accept("wscale") else None
        flags = []
        while self.word in ("timestamp", "sack-perm"):
            flags.append(self.take())
        return s.Synproxy(mss, wscale, tuple(flags))

    def ct_statement(self) -> Statement | None:
        """`ct count` and the objects of connection tracking; the rest of what begins with ct is an expression."""
        word = self.word
        if word == "count" and (self.words[self.at + 1] == "over" or self.words[self.at + 1].isdigit()):
            self.at += 1
            return self.connection_limit()
        if word in ("helper", "timeout", "expectation") and self.words[self.at + 1] == "set":
            self.at += 2
            return self.reference(f"ct {word}")
        return None

    def log(self) -> s.Log:
        """`log` and its options, in any order."""
        options: dict[str, str | int] = {}
        flags: list[str] = []
        while self.word in _LOG_WORDS:
            option = self.take()
            if option == "flags":
                flags += self.log_flags()
            else:
                options[option] = self.quoted() if option in ("prefix", "level") else self.number()
        level = str(options.get("level", "warn"))
        return s.Log(
            options.get("prefix"), "warn" if level == "warning" else level, options.get("group"), options.get("snaplen"),  # type: ignore[arg-type]
            options.get("queue-threshold"), tuple(flags),  # type: ignore[arg-type]
        )  # fmt: skip

    def log_flags(self) -> list[str]:
        """What stands behind one `flags`."""
        word = self.among(("tcp", "ip", "skuid", "ether", "all"))
        if word not in ("tcp", "ip"):
            return [word]
        parts = self.take().split(",")
        if not all(part in ("sequence", "options") for part in parts):
            raise NotUnderstood(word)
        return [f"{word} {part}" for part in parts]

    def reject(self) -> s.Reject:
        """`reject [with KIND [type] CODE]`."""
        if not self.accept("with"):
            return s.bare_reject(self.family)
        kind = self.among(("icmp", "icmpv6", "icmpx", "tcp"))
        if kind == "tcp":
            self.expect("reset")
            return s.Reject("tcp reset")
        self.accept("type")
        code = self.single(DATATYPES[f"{kind}_code"])
        if not isinstance(code, int):
            raise NotUnderstood(self.word)
        return s.Reject(kind, code)

    def notrack(self) -> s.Notrack:
        """`notrack`."""
        return s.Notrack()

    def queue(self) -> s.Queue:
        """`queue [flags FLAGS] [num|to N] [FLAGS]`."""
        flags = self.flags(_QUEUE_FLAGS) if self.accept("flags") else ()
        number: Expression = 0
        if self.accept("num") or self.accept("to"):
            number = self.value([DATATYPES["integer"]])
        return s.Queue(number, flags or self.flags(_QUEUE_FLAGS))

    def dup(self) -> s.Dup:
        """`dup to ADDRESS [device NAME]`; in netdev, `dup to NAME`."""
        self.expect("to")
        return s.Dup(self.value([TARGET]), self.device())

    def device(self) -> Expression | None:
        """`device NAME`, or nothing."""
        return self.value([DATATYPES["ifindex"]]) if self.accept("device") else None

    def forward(self) -> s.Forward:
        """`fwd to NAME`, `fwd ip to ADDRESS device NAME`."""
        family = self.take() if self.word in ("ip", "ip6") else ""
        self.expect("to")
        first = self.value([ADDRESS if family else DATATYPES["ifindex"]])
        device = self.device()
        return s.Forward(first) if device is None else s.Forward(device, family, first)

    def flow(self) -> s.FlowAdd:
        """`flow add @NAME`."""
        self.among(("add", "offload"))
        return s.FlowAdd(self.named().name)

    def set_update(self) -> s.SetUpdate:
        """`add @NAME { KEY … }`."""
        operation = self.words[self.at - 1]
        name = self.named().name
        self.expect("{")
        element = self.with_extras(self.concatenation(), (), computed=True)
        self.expect("}")
        return s.SetUpdate(operation, name, element)

    def meter(self) -> s.Meter:
        """`meter NAME [size N] { KEY … }`: a set that only this rule knows."""
        name = self.take()
        size = self.number() if self.accept("size") else None
        self.expect("{")
        element = self.with_extras(self.concatenation(), (), computed=True)
        self.expect("}")
        return s.Meter(name, element, size)

    def set_update_of_old(self) -> s.SetUpdate:
        """`set add KEY … @NAME`, as nft before 0.9 prints it."""
        operation = self.among(("add", "update"))
        key = self.concatenation()
        timeout = self.length() if self.accept("timeout") else None
        return s.SetUpdate(operation, self.named().name, Element(key, timeout=timeout))

    def reset(self) -> s.ResetOption:
        """`reset tcp option NAME`."""
        option = self.primary(None)
        if not isinstance(option, TcpOption):
            raise NotUnderstood(self.word)
        return s.ResetOption(option)

    def xt(self) -> s.Xt:
        """`xt match "NAME"`."""
        return s.Xt(self.among(("match", "target", "watcher")), self.quoted())


_STATEMENTS = {
    **dict.fromkeys(VERDICTS - {"queue"}, StatementParser.plain_verdict),
    "counter": StatementParser.counter_statement,
    "limit": StatementParser.limit_statement,
    "quota": StatementParser.quota_statement,
    "last": StatementParser.last,
    "log": StatementParser.log,
    "reject": StatementParser.reject,
    "snat": StatementParser.nat,
    "dnat": StatementParser.nat,
    "masquerade": StatementParser.masquerade,
    "redirect": StatementParser.redirect,
    "notrack": StatementParser.notrack,
    "tproxy": StatementParser.tproxy,
    "synproxy": StatementParser.synproxy_statement,
    "queue": StatementParser.queue,
    "dup": StatementParser.dup,
    "fwd": StatementParser.forward,
    "flow": StatementParser.flow,
    "add": StatementParser.set_update,
    "update": StatementParser.set_update,
    "delete": StatementParser.set_update,
    "meter": StatementParser.meter,
    "set": StatementParser.set_update_of_old,
    "reset": StatementParser.reset,
    "xt": StatementParser.xt,
    "ct": StatementParser.ct_statement,
}

_QUOTING_COMMENT = re.compile(rf'comment "(.*?)"(?: (?=(?:{"|".join([*_STATEMENTS, *FIRST_WORDS])})(?: |$))|$)')
