"""The statements of a cell as values. `language.py` makes them from text, `Lab` makes them from Python arguments.

Words that came from a cell are `Word`s: strings that know their place, so that any later check can point at them.
"""

from enum import Enum
from typing import ClassVar

import msgspec

from netlab_magic.errors import Place
from netlab_magic.model.capture.filter import EVERYTHING, Filter
from netlab_magic.model.topology import HOST

__all__ = [
    "Alone",
    "Attach",
    "Bridge",
    "Build",
    "Capture",
    "Command",
    "Delete",
    "Destination",
    "Diff",
    "Effect",
    "Expect",
    "Explain",
    "Internet",
    "Link",
    "LinkEnd",
    "Load",
    "Looking",
    "Masquerade",
    "Matrix",
    "NetworkNamespace",
    "NftPolicy",
    "NftRule",
    "Policy",
    "Predict",
    "ProbeFlow",
    "Probing",
    "RouteVia",
    "RuleEdit",
    "Serve",
    "Session",
    "Show",
    "Statement",
    "Sysctl",
    "Trace",
    "Watch",
    "Why",
]


class Effect(Enum):
    """What a statement does to a lab."""

    LOOKS = "reads what is there"
    SENDS = "sends packets"
    BUILDS = "changes the topology, and the firewall is neither read nor changed"
    CHANGES = "changes the topology, the firewall, or both"
    RUNS = "runs a program in the lab, which may change anything"
    TURNS = "starts the lab, ends it, or brings it to another state"


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all statements; `place` is the statement's line."""

    place: Place | None = None

    usually: ClassVar[Effect] = Effect.CHANGES

    @property
    def effect(self) -> Effect:
        """What it does to a lab."""
        return self.usually


class Build(Statement, frozen=True):
    """Base of the statements that change the topology (and converge)."""

    usually: ClassVar[Effect] = Effect.BUILDS


class Probing(Statement, frozen=True):
    """Base of the statements that send packets."""

    usually: ClassVar[Effect] = Effect.SENDS


class Looking(Statement, frozen=True):
    """Base of the statements that look at the lab as it is at their place in the cell; `why` sends a packet where that is possible."""

    usually: ClassVar[Effect] = Effect.LOOKS


class Alone(Statement, frozen=True):
    """Base of the statements that are not planned together with others: what the lab is after them is known only then."""

    usually: ClassVar[Effect] = Effect.TURNS


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
    """`NS[:DEV] [CIDR…]`: one side of a `link`."""

    namespace: str
    device: str | None = None
    cidrs: tuple[str, ...] = ()


class Link(Build, frozen=True):
    """`link NS[:DEV] [CIDR…] -- NS[:DEV] [CIDR…]`"""

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

    usually: ClassVar[Effect] = Effect.CHANGES  # what is deleted takes its rules with it


class Masquerade(Statement, frozen=True):
    """`masquerade CIDR [except BRIDGE]`"""

    cidr: str
    bridge: str | None = None


class Policy(Statement, frozen=True):
    """`policy [-6] CHAIN ACCEPT|DROP`"""

    chain: str
    verdict: str
    family: str = "ipv4"


class RuleEdit(Statement, frozen=True):
    """`forward [-6] [insert|delete] RULE-SPEC` and `rule [-6] [-t TABLE] CHAIN [insert|delete] RULE-SPEC`

    `action` is append, insert or delete; `spec` are the words of the rule; for delete it may be the rule's number alone.
    """

    chain: str
    spec: tuple[str, ...]
    table: str = "filter"
    action: str = "append"
    family: str = "ipv4"


class NftPolicy(Statement, frozen=True):
    """`policy -t FAMILY:TABLE CHAIN ACCEPT|DROP`; `table` is as nft names it."""

    table: str
    chain: str
    verdict: str


class NftRule(Statement, frozen=True):
    """`rule -t FAMILY:TABLE CHAIN [insert|delete] RULE`; `table` is as nft names it, `spec` the rule as nft reads it.

    `action` is append, insert or delete; for delete, `spec` may be the rule's number alone.
    """

    table: str
    chain: str
    spec: str
    action: str = "append"

    @property
    def number(self) -> int | None:
        """The rule number that a `delete` names, or None."""
        return int(self.spec[:9]) if self.action == "delete" and self.spec.isdecimal() else None

    @property
    def option(self) -> str:
        """The table as it stands behind `-t`."""
        return self.table.replace(" ", ":")


class Destination(msgspec.Struct, frozen=True):
    """`DST[:PORT][/udp] [-4|-6]`: a namespace's name, `host`, `internet` or an address; port 0 means ICMP.

    `family` is ipv4 or ipv6, or "" where either will do: then IPv4, unless the two ends have only IPv6 in common.
    """

    name: str
    port: int = 0
    protocol: str = "icmp"
    family: str = ""


class ProbeFlow(Probing, frozen=True):
    """`ping SRC DST [-6]`, `tcp SRC DST:PORT [-6]`, `udp SRC DST:PORT [-6]`"""

    source: str
    destination: Destination


class Expect(Probing, frozen=True):
    """`expect SRC DST[:PORT] ok|blocked`"""

    source: str
    destination: Destination
    reachable: bool


class Why(Looking, frozen=True):
    """`why SRC DST[:PORT] [in DEV] [--predict]`; with `asks` the reader says first what will happen

    `device` is the one of a loaded or attached host that the packets come in through, "" if that is left to its routes. With `sends`, on an
    attached machine one packet is sent from the source.
    """

    source: str
    destination: Destination
    asks: bool = False
    device: str = ""
    sends: bool = False


class Predict(Looking, frozen=True):
    """`predict SRC DST[:PORT] ok|blocked`: what the reader thinks, then the truth"""

    source: str
    destination: Destination
    reachable: bool


class Trace(Probing, frozen=True):
    """`trace SRC DST[:PORT]`"""

    source: str
    destination: Destination


class Matrix(Probing, frozen=True):
    """`matrix [-4|-6] [--predict] [NS…]`: with `predict` the model says what the probes would find; nothing is sent

    `family` is "" where each pair is to be measured in every family that both ends have.
    """

    names: tuple[str, ...] = ()
    predict: bool = False
    family: str = ""

    @property
    def effect(self) -> Effect:
        """See Statement."""
        return Effect.LOOKS if self.predict else Effect.SENDS


class Watch(Looking, frozen=True):
    """`watch [-6] [FILTER] [in NS] [for SECONDS]`: real traffic in a namespace, as the kernel takes it through the rules"""

    filter: str = ""
    namespace: str = HOST
    seconds: float = 10.0
    family: str = ""


class Capture(Probing, frozen=True):
    """`capture DEV [in NS] [COUNT] [FILTER] [> FILE]`: what passes a device until the cell ends; with `count` its first packets."""

    device: str
    namespace: str
    count: int = 0
    filter: Filter = EVERYTHING
    file: str | None = None


class Show(Looking, frozen=True):
    """`show topology|chains|way|rules|save|nft|routes|conntrack|script`

    `name` is a chain, one of the ways of a packet, or a table as nft names it. `family` is "" where it was not asked for.
    """

    what: str
    name: str | None = None
    table: str | None = None
    family: str = ""

    @property
    def effect(self) -> Effect:
        """See Statement."""
        return Effect.RUNS if self.what == "conntrack" else Effect.LOOKS


class Diff(Looking, frozen=True):
    """`diff [--flows] [SNAPSHOT [SNAPSHOT]]`: without names, what the last cell that changed the lab has changed

    `flows` asks which flows of the lab behave differently, instead of which rules changed.
    """

    before: str | None = None
    after: str | None = None
    flows: bool = False


class Explain(Looking, frozen=True):
    """`explain [-t TABLE] CHAIN [N]`: a chain, or its rule number N, in words; without a table the first one that has the chain.

    `explain -t TABLE`: a whole table, with what in it can never matter. `family` is "" where it was not asked for.
    """

    chain: str | None
    number: str | None = None
    table: str | None = None
    family: str = ""


class Session(Alone, frozen=True):
    """`up`, `reset`, `down`, `detach`, `status`, `doctor`, `collect`, `undo`, `panel`, `help [WORD]`, `enter [NS]`, `snapshot NAME`,
    `restore NAME`
    """

    action: str
    name: str | None = None

    @property
    def effect(self) -> Effect:
        """See Statement. A panel, and a terminal, are for whatever is typed there."""
        if self.action in ("panel", "enter"):
            return Effect.RUNS
        return Effect.TURNS if self.action in ("up", "reset", "down", "detach", "restore", "undo") else Effect.LOOKS


class Attach(Alone, frozen=True):
    """`attach host|PID|container NAME`"""

    target: str
    container: bool = False


class Load(Alone, frozen=True):
    """`load FILE…`, or `load -` with a here-document, which is `text`"""

    files: tuple[str, ...] = ()
    text: str | None = None


class Command(Alone, frozen=True):
    """A command line, run as typed by a shell in the lab host, or in `namespace`; `following` are lines given to it on stdin."""

    text: str
    namespace: str | None = None
    following: str = ""

    usually: ClassVar[Effect] = Effect.RUNS
