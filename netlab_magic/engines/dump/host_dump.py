"""What was read about a host: values alone, each part as it was printed, and the lines that nobody understood."""

import msgspec

from netlab_magic.docker.state import Published
from netlab_magic.errors import StatementError
from netlab_magic.i18n import Assumption
from netlab_magic.model.topology import HOST, Interface, Route, RoutingRule, Server
from netlab_magic.text import printable

__all__ = [
    "Attached",
    "BrokenSource",
    "ContainerNetwork",
    "HostDump",
    "IpSet",
    "ListedRoute",
    "ListedRule",
    "Listener",
    "Neighbour",
    "Remark",
    "RunningContainer",
    "Source",
]

_LONGEST_QUOTE = 60


class Source(msgspec.Struct, frozen=True):
    """A text, and the name of the file that it came from."""

    name: str
    text: str


class BrokenSource(StatementError):
    """What is wrong with the text called `source`, with which the sentence begins."""

    def __init__(self, source: str, message: str) -> None:
        super().__init__(message)
        self.source = source


class Remark(msgspec.Struct, frozen=True):
    """A line that was not understood; kept, so that it can be reported. `reason` says what is wrong with it, if that is known."""

    source: str
    line: int
    text: str
    reason: str = ""

    def __str__(self) -> str:
        quoted = printable(self.text.strip())[:_LONGEST_QUOTE]
        return f"{self.source}, line {self.line}: {f'{self.reason}: ' if self.reason else ''}{quoted}"


class Neighbour(msgspec.Struct, frozen=True):
    """A neighbour's address, known on one of the host's devices. `state` is the kernel's word for it (REACHABLE, STALE, PERMANENT …)."""

    address: str
    device: str
    mac: str = ""
    state: str = ""


class ListedRoute(msgspec.Struct, frozen=True):
    """A route in the words of `ip route`, in the order in which they were listed: `route` as the model has it, and what that lacks.

    `table` is a number or a name, `scope` is global, link, host or "" if it was not printed. With `is_linkdown`, the device has no
    carrier; with `is_dead`, the kernel does not use the route; with `is_onlink`, the gateway is reached without a route to it.
    """

    route: Route
    table: str = "main"
    type: str = "unicast"
    metric: int = 0
    scope: str = ""
    is_linkdown: bool = False
    is_dead: bool = False
    is_onlink: bool = False


class ListedRule(msgspec.Struct, frozen=True):
    """A rule of `ip rule`. `table` is the number or the name that was printed, `unjudged` the selectors that the model does not know."""

    rule: RoutingRule
    table: str = ""
    unjudged: str = ""


class Listener(msgspec.Struct, frozen=True):
    """A socket that waits for packets, as `ss -ltnup` lists it. `address` is "" for all, `device` is "" unless it is bound to one."""

    protocol: str
    address: str
    port: int
    process: str = ""
    device: str = ""

    def server(self, namespace: str = HOST) -> Server:
        """The socket as a server of a topology."""
        return Server(namespace, self.port, self.protocol, "other", self.address)


class IpSet(msgspec.Struct, frozen=True):
    """A set of ipset: `kind` is its type, such as `hash:ip,port`, and `members` are its elements as they were printed.

    `options` are the words behind the type (`family inet …`). It is not `complete` if its elements were not listed (`ipset list -t`).
    """

    name: str
    kind: str
    members: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    complete: bool = True


class Attached(msgspec.Struct, frozen=True):
    """A container's place on a network; addresses are CIDRs, or without a length if none was printed."""

    network: str
    addresses: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    mac: str = ""


class RunningContainer(msgspec.Struct, frozen=True):
    """A container as `docker ps` or `docker inspect` describes it, or Podman's commands of the same names.

    `state` is docker's word (running, exited …) or "" if it was not printed; `mode` its network mode. `ports` are those that are
    published. `pid` is the number of its first process, 0 if unknown.
    """

    name: str
    id: str = ""
    image: str = ""
    state: str = ""
    mode: str = ""
    networks: tuple[Attached, ...] = ()
    ports: tuple[Published, ...] = ()
    pid: int = 0


class ContainerNetwork(msgspec.Struct, frozen=True):
    """A network of Docker or Podman. `bridge` is the name of its device; `is_internal` if nothing leads out of it."""

    name: str
    id: str = ""
    driver: str = ""
    bridge: str = ""
    subnets: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    is_internal: bool = False
    options: dict[str, str] = {}


class HostDump(msgspec.Struct, frozen=True):
    """Everything that was read about a host. `rules` and `rules6` are dumps as `iptables-save` prints them, "" if there was none.

    `native` is what `nft list ruleset` lists, by the titles of its tables, without those of iptables-nft that are in `rules` and `rules6`.
    `variant` is nft or legacy if the dump says so. `kinds`: whether the devices' kinds are known (`ip -d`), `addressed`: whether their
    addresses were listed, `routed`: whether the routes were; without them, the default route is unknown.

    `routes` are those of the main table that do not follow from addresses; `listed_routes` are all of them, of every table.
    `routing_rules` is None if `ip rule` was not read, and so is `listeners` without `ss`.
    `elsewhere` are the frameworks (legacy, nft, nftables) that have rules too, as what was read says, but whose rules were not read.
    `programs` is what firewalls say of themselves.
    `notes` say what a listing hides, and what was therefore assumed or left open. `inside` is what was read in other namespaces.

    With `is_whole`, everything that decides about packets was asked for, as `collect` does: what is not here is not there. `aliases` are
    then further words for namespaces, and `stopped` the containers without a network.
    """

    rules: str = ""
    rules6: str = ""
    native: dict[str, str] = {}
    variant: str = ""
    interfaces: tuple[Interface, ...] = ()
    routes: tuple[Route, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    sysctls: dict[str, str] = {}
    remarks: tuple[Remark, ...] = ()
    kinds: bool = False
    addressed: bool = False
    routed: bool = False
    listed_routes: tuple[ListedRoute, ...] = ()
    routing_rules: tuple[ListedRule, ...] | None = None
    listeners: tuple[Listener, ...] | None = None
    sets: dict[str, IpSet] = {}
    containers: tuple[RunningContainer, ...] = ()
    networks: tuple[ContainerNetwork, ...] = ()
    programs: dict[str, str] = {}
    notes: tuple[Assumption, ...] = ()
    inside: dict[str, "HostDump"] = {}
    elsewhere: tuple[str, ...] = ()
    is_whole: bool = False
    aliases: dict[str, str] = {}
    stopped: tuple[str, ...] = ()
