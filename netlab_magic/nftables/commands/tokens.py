"""A script of nft split into tokens, each with its place (nftables, src/scanner.l)."""

import re
from collections.abc import Iterator

import msgspec

from netlab_magic.nftables.commands.complaints import Span

__all__ = ["Token", "tokens_of"]

_TOKEN = re.compile(
    r"""(?P<blank>(?:[ \t\r]|\\\n)+) | (?P<comment>\#[^\n]*) | (?P<newline>\n)
    | (?P<quoted>"[^"\n]*"(?:-"[^"\n]*")?) | (?P<variable>\$[A-Za-z_][\w./-]*)
    | (?P<word>
        @(?:ll|nh|th|ih),\d+,\d+ | @[A-Za-z_][\w./-]* | \[[0-9a-fA-F:.]+\](?:-\[[0-9a-fA-F:.]+\])?
        | [0-9a-fA-F]*(?::[0-9a-fA-F]*){2,7}(?:\.\d+){0,3}(?:/\d+)?(?:-[0-9a-fA-F]*(?::[0-9a-fA-F.]*){2,7})?
        | (?:[^\s"'`?~%{}(),;:=<>!&|^$@\#\[\]\\]|\\[^\n])+ )
    | (?P<sign><<|>>|==|!=|<=|>=|.)""",
    re.VERBOSE,
)
_NUMBER = re.compile(r"\d+|0x[0-9a-fA-F]+")
_JUNK = "\"'`?~%"
_SIGNS = {",": "comma", ";": "semicolon", ":": "colon", "{": "'{'", "}": "'}'", "(": "'('", ")": "')'", "$": "'$'"}
# fmt: off
_KEYWORDS = frozenset((
    "accept", "add", "ah", "all", "arp", "auto-merge", "bridge", "cgroup", "chain", "comment", "comp", "constant", "continue",
    "counter", "cpu", "create", "ct", "day", "dccp", "define", "delete", "describe", "device", "devices", "dnat", "drop", "dst", "dup",
    "dynamic", "element", "elements", "esp", "ether", "exists", "expires", "export", "exthdr", "fib", "flags", "flow", "flowtable",
    "flush", "frag", "fwd", "gc-interval", "get", "goto", "handle", "hbh", "hook", "hour", "icmp", "icmpv6", "igmp", "iif", "iifname",
    "import", "include", "index", "inet", "insert", "interval", "ip", "ip6", "ipsec", "jhash", "jump", "limit", "list", "log", "map",
    "mark", "masquerade", "meta", "meter", "mh", "missing", "monitor", "netdev", "nftrace", "notrack", "numgen", "oif", "oifname",
    "osf", "pkttype", "policy", "position", "priority", "queue", "quota", "random", "redefine", "redirect", "reject", "rename",
    "replace", "reset", "return", "rt", "rtclassid", "rule", "ruleset", "sctp", "secmark", "set", "size", "skgid", "skuid", "snat",
    "socket", "srh", "symhash", "synproxy", "table", "tcp", "th", "time", "timeout", "tproxy", "type", "typeof", "udp", "udplite",
    "undefine", "update", "vlan", "vmap", "xt",
))
_OPERATORS = {
    "and": "&", "eq": "==", "ge": ">=", "gt": ">", "le": "<=", "lshift": "<<", "lt": "<", "ne": "!=", "not": "!", "or": "'|'",
    "rshift": ">>", "xor": "^",
}
# fmt: on


class Token(msgspec.Struct, frozen=True, gc=False):
    """One token: `kind` is word, quoted, sign, variable, newline or end."""

    kind: str
    text: str
    span: Span

    def is_sign(self, text: str) -> bool:
        """Whether it is this sign."""
        return self.kind == "sign" and self.text == text

    @property
    def name(self) -> str:
        """What nft calls it where it did not expect it."""
        if self.kind in ("newline", "end"):
            return "newline" if self.kind == "newline" else "end of file"
        if self.kind == "sign" and self.text in _JUNK:
            return "junk"
        if self.kind == "sign":
            return _SIGNS.get(self.text, self.text)
        if self.kind == "quoted":
            return "quoted string"
        if self.text in _KEYWORDS:
            return self.text
        if self.text in _OPERATORS:
            return _OPERATORS[self.text]
        return "number" if _NUMBER.match(self.text) and not self.text.count(".") else "string"

    @property
    def is_name(self) -> bool:
        """Whether it can name a table, a chain or a set."""
        return self.kind == "word" and self.text[0] not in "@[" and self.name == "string"


def tokens_of(text: str) -> Iterator[Token]:
    """The tokens of a script, with newlines and an end, but without blanks and comments."""
    line, begins, at = 1, 0, 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        assert found
        assert found.lastgroup
        kind, at = found.lastgroup, found.end()
        if kind not in ("blank", "comment"):
            yield Token(kind, found[0], Span(line, found.start() - begins, found.end() - begins))
        if "\n" in found[0]:
            line += found[0].count("\n")
            begins = found.start() + found[0].rindex("\n") + 1
    yield Token("end", "", Span(line, 0, 1))
