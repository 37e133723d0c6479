"""The statements of a cell as values. `language.py` makes them from text, `Lab` makes them from Python arguments.

Words that came from a cell are `Word`s: strings that know their place, so that any later check can point at them.
"""

from typing import Self

import msgspec

from netlab_magic.errors import Place

__all__ = [
    "Attach",
    "Bridge",
    "Build",
    "Command",
    "Delete",
    "Destination",
    "Expect",
    "Internet",
    "Link",
    "LinkEnd",
    "Masquerade",
    "Matrix",
    "NetworkNamespace",
    "Policy",
    "ProbeFlow",
    "RouteVia",
    "RuleEdit",
    "Serve",
    "Session",
    "Show",
    "Statement",
    "Sysctl",
    "Word",
    "place_of",
]


class Word(str):
    """A word of a cell that remembers its `place`."""

    __slots__ = ("place",)
    place: Place

    def __new__(cls, text: str, place: Place) -> Self:
        word = super().__new__(cls, text)
        word.place = place
        return word


def place_of(text: str) -> Place | None:
    """Where `text` stands in a cell, or None for a string that did not come from one."""
    return text.place if isinstance(text, Word) else None


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all statements; `place` is the statement's line."""

    place: Place | None = None


class Build(Statement, frozen=True):
    """Base of the statements that change the topology (and converge)."""


class Bridge(Build, frozen=True):
    """`bridge NAME [CIDR…]`"""

    name: str
    cidrs: tuple[str, ...] = ()


class NetworkNamespace(Build, frozen=True):
    """`ns NAME [CIDR…] [on BRIDGE] [via GATEWAY]`"""

    name: str
    cidrs: tuple[str, ...] = ()
    on: str | None = None
    via: str | None = None


class LinkEnd(msgspec.Struct, frozen=True):
    """`NS[:DEV] [CIDR]`: one side of a `link`."""

    namespace: str
    device: str | None = None
    cidr: str | None = None


class Link(Build, frozen=True):
    """`link NS[:DEV] [CIDR] -- NS[:DEV] [CIDR]`"""

    left: LinkEnd
    right: LinkEnd


class Internet(Build, frozen=True):
    """`internet [ADDRESS…]`"""

    addresses: tuple[str, ...] = ()


class RouteVia(Build, frozen=True):
    """`route NS DEST via GATEWAY`"""

    namespace: str
    destination: str
    via: str


class Serve(Build, frozen=True):
    """`serve NS PORT[/udp] [http|echo]`"""

    namespace: str
    port: int
    protocol: str
    kind: str


class Sysctl(Build, frozen=True):
    """`sysctl KEY=VALUE [in NS]`"""

    key: str
    value: str
    namespace: str


class Delete(Build, frozen=True):
    """`delete NAME…`: namespaces, interfaces of the host, or servers (`NS:PORT`)"""

    names: tuple[str, ...]


class Masquerade(Statement, frozen=True):
    """`masquerade CIDR [except BRIDGE]`"""

    cidr: str
    bridge: str | None = None


class Policy(Statement, frozen=True):
    """`policy CHAIN ACCEPT|DROP`"""

    chain: str
    verdict: str


class RuleEdit(Statement, frozen=True):
    """`forward [insert|delete] RULE-SPEC` and `rule [-t TABLE] CHAIN [insert|delete] RULE-SPEC`

    `action` is append, insert or delete; `spec` are the words of the rule; for delete it may be the rule's number alone.
    """

    chain: str
    spec: tuple[str, ...]
    table: str = "filter"
    action: str = "append"


class Destination(msgspec.Struct, frozen=True):
    """`DST[:PORT][/udp]`: a namespace's name, `host`, `internet` or an address; port 0 means ICMP."""

    name: str
    port: int = 0
    protocol: str = "icmp"


class ProbeFlow(Statement, frozen=True):
    """`ping SRC DST`, `tcp SRC DST:PORT`, `udp SRC DST:PORT`"""

    source: str
    destination: Destination


class Expect(Statement, frozen=True):
    """`expect SRC DST[:PORT] ok|blocked`"""

    source: str
    destination: Destination
    reachable: bool


class Matrix(Statement, frozen=True):
    """`matrix [NS…]`"""

    names: tuple[str, ...] = ()


class Show(Statement, frozen=True):
    """`show topology|chains|rules|save|routes|conntrack|script [NAME]`"""

    what: str
    name: str | None = None


class Session(Statement, frozen=True):
    """`up`, `reset`, `down`, `status`, `doctor`, `undo`, `panel`, `help [WORD]`, `enter [NS]`, `snapshot NAME`, `restore NAME`"""

    action: str
    name: str | None = None


class Attach(Statement, frozen=True):
    """`attach host|PID`"""

    target: str


class Command(Statement, frozen=True):
    """A command line, run as typed by a shell in the lab host, or in `namespace`; `following` are lines given to it on stdin."""

    text: str
    namespace: str | None = None
    following: str = ""
