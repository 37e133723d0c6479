"""Reading where a packet is translated to, or handed to: snat, dnat, masquerade, redirect, tproxy."""

import re

from netlab_magic.nftables import statements as s
from netlab_magic.nftables.datatypes import DATATYPES
from netlab_magic.nftables.expressions import Expression
from netlab_magic.nftables.text.expression_parser import ExpressionParser
from netlab_magic.nftables.text.words import ADDRESS, constant

__all__ = ["NAT_FLAGS", "NatParser"]

NAT_FLAGS = ("random", "fully-random", "persistent", "netmap")
"""What can be said of a translation beside where it leads."""

_BRACKETED = re.compile(r"\[([0-9a-fA-F:.]+)\](?:-\[([0-9a-fA-F:.]+)\])?(?::(.+))?")
_PORT = DATATYPES["inet_service"]


class NatParser(ExpressionParser):
    """An ExpressionParser that knows translations; the family of its table decides of which kind addresses are."""

    __slots__ = ()

    def nat(self) -> s.Nat:
        """`snat` and `dnat`."""
        kind = self.words[self.at - 1]
        family = self.take() if self.word in ("ip", "ip6") else ""
        modes = []
        while self.word in ("prefix", "interval", "addr"):
            mode = self.take()
            if mode == "addr":
                self.expect(".")
                self.expect("port")
                mode = "concat"
            modes.append(mode)
        self.expect("to")
        address, port = self.endpoint(family or self.family)
        return s.Nat(kind, address, port, family, self.flags(NAT_FLAGS), tuple(modes))

    def flags(self, known: tuple[str, ...]) -> tuple[str, ...]:
        """Flags with commas between them."""
        parts = self.word.split(",")
        if not all(part in known for part in parts):
            return ()
        self.at += 1
        return tuple(parts)

    def endpoint(self, family: str) -> tuple[Expression | None, Expression | None]:
        """An address, a port, or both: `10.0.0.1:80`, `[fd00::1]:80`, `:80`, or expressions that give them."""
        kind = {"ip": DATATYPES["ipv4_addr"], "ip6": DATATYPES["ipv6_addr"]}.get(family, ADDRESS)
        word = self.word
        if word[:1] == ":" and word[:2] != "::":
            return None, self.port()
        bracketed = _BRACKETED.fullmatch(word)
        if bracketed:
            first, last, port = bracketed.groups()
            return constant(DATATYPES["ipv6_addr"], f"{first}-{last}" if last else first), self.behind(port)
        if word.count(":") == 1 and word[0].isdigit():
            first, _, port = word.partition(":")
            return constant(kind, first), self.behind(port)
        address = self.value([kind, _PORT])
        return address, self.port() if self.word[:1] == ":" else None

    def behind(self, port: str | None) -> Expression | None:
        """The port that stands behind an address in the same word: a number, or the beginning of an expression that gives one."""
        if port is None:
            self.at += 1
            return None
        self.words[self.at] = port
        return self.value([_PORT])

    def port(self) -> Expression:
        """What stands behind a colon: a port, a range, or an expression that gives one."""
        rest = self.word[1:]
        if rest:
            self.words[self.at] = rest
        else:
            self.at += 1
        return self.value([_PORT])

    def only_port(self) -> tuple[Expression | None, tuple[str, ...]]:
        """`[to :PORT] [FLAGS]`."""
        port = None
        if self.accept("to"):
            port = self.port() if self.word[:1] == ":" else self.value([_PORT])
        return port, self.flags(NAT_FLAGS)

    def masquerade(self) -> s.Masquerade:
        """`masquerade`."""
        return s.Masquerade(*self.only_port())

    def redirect(self) -> s.Redirect:
        """`redirect`."""
        return s.Redirect(*self.only_port())

    def tproxy(self) -> s.Tproxy:
        """`tproxy [ip|ip6] to ADDRESS:PORT`."""
        family = self.take() if self.word in ("ip", "ip6") else ""
        self.expect("to")
        return s.Tproxy(family, *self.endpoint(family or self.family))
