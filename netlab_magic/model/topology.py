"""A lab's topology: namespaces, interfaces, addresses, routes, servers. Values only; nothing here touches a kernel.

A `Topology` is what the kernel has (read back through netlink) or what it should have (computed from statements): the same
type for both, so that two of them can be compared, drawn, turned into commands or restored.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from ipaddress import IPv4Interface, IPv6Interface, ip_address, ip_interface

import msgspec

__all__ = [
    "ANOTHER",
    "HOST",
    "INTERNET",
    "ROUTE_KINDS",
    "End",
    "Interface",
    "Namespace",
    "Route",
    "RoutingRule",
    "Server",
    "Topology",
    "interface_address",
    "network_of",
    "parsed_address",
    "possible_names",
    "uncertain",
]

HOST = "host"
"""The name of the lab host's own network namespace."""

INTERNET = "internet"
"""The namespace that plays the Internet, behind the host's eth0."""


interface_address = lru_cache(4096)(ip_interface)
"""An interface's address with its prefix length. Cached: parsing takes 0.01 ms, and every statement reads many."""

parsed_address = lru_cache(4096)(ip_address)
"""An address without a prefix length, cached too."""


_OR = " or "
"""Joins the possible names of an interface; no real name contains a blank (dev_valid_name() in net/core/dev.c)."""

ANOTHER = "?"
"""Among the possible names of an interface: any other name."""


def uncertain(names: Sequence[str]) -> str:
    """The name for an interface that is known to be one of these, but not which.

    >>> uncertain(["eth0", "eth1"])
    'eth0 or eth1'
    """
    return _OR.join(names)


def possible_names(name: str) -> list[str]:
    """The possible names of an interface: just one if it is known."""
    return name.split(_OR)


def network_of(cidr: str) -> str:
    """The network of an interface address.

    >>> network_of("172.18.0.2/16")
    '172.18.0.0/16'
    """
    return str(interface_address(cidr).network)


class End(msgspec.Struct, frozen=True, order=True):
    """One end of a link: an interface in a namespace."""

    namespace: str
    interface: str

    def __str__(self) -> str:
        return f"{self.namespace}:{self.interface}"


class Interface(msgspec.Struct, frozen=True):
    """A network device.

    `kind` is the kernel's name for its type (`IFLA_INFO_KIND`: veth, bridge, dummy, …), or "loopback", or "" if it has none.
    `peer` is the other end of a veth pair if that is in a namespace of this lab. `carrier` is false while the link has no
    signal. `hairpin` is set for a bridge port that may send frames back out of the port they came in by, `isolated` for one that
    sends none to other isolated ports. `index` and `mac` are chosen by the kernel and differ from run to run.
    """

    name: str
    kind: str = "veth"
    addresses: tuple[str, ...] = ()
    up: bool = True
    master: str | None = None
    peer: End | None = None
    carrier: bool = True
    hairpin: bool = False
    isolated: bool = False
    mac: str = ""
    mtu: int = 1500
    index: int = 0

    def parsed(self) -> list[IPv4Interface | IPv6Interface]:
        """The addresses as `ipaddress` values."""
        return [interface_address(address) for address in self.addresses]


ROUTE_KINDS = {"unicast": 1, "blackhole": 6, "unreachable": 7, "prohibit": 8, "throw": 9}
"""The types of routes that users add, with the kernel's numbers (RTN_UNICAST and so on in linux/rtnetlink.h)."""


class Route(msgspec.Struct, frozen=True, order=True):
    """An entry of the main routing table: `destination` is "default" or a CIDR; if `via` is None, it is directly connected.

    `source` is the preferred source address (`src`). `kind` is one of ROUTE_KINDS; any but unicast stops the packet. A route with several
    next hops (multipath) has the first in `via` and `device`, and the others in `others`, each with its gateway and device.
    """

    destination: str
    via: str | None = None
    device: str | None = None
    source: str | None = None
    kind: str = "unicast"
    others: tuple[tuple[str | None, str | None], ...] = ()

    @property
    def family(self) -> str:
        """Of which IP version it is, ipv4 or ipv6: its destination says so, or else its gateway; a bare default route is of ipv4."""
        return "ipv6" if ":" in f"{self.destination} {self.via}" else "ipv4"

    def __str__(self) -> str:
        """The route as `ip route` writes it: `default via 10.0.0.1 dev eth0`, `blackhole 9.9.9.9/32`."""
        kind = "" if self.kind == "unicast" else f"{self.kind} "
        hop = _words(("via", self.via), ("dev", self.device))
        if self.others:
            hops = (hop, *(_words(("via", via), ("dev", device)) for via, device in self.others))
            return f"{kind}{self.destination}{_words(('src', self.source))}{''.join(f' nexthop{each}' for each in hops)}"
        return f"{kind}{self.destination}{hop}{_words(('src', self.source))}"


def _words(*parts: tuple[str, str | None]) -> str:
    return "".join(f" {word} {value}" for word, value in parts if value)


class Server(msgspec.Struct, frozen=True, order=True):
    """A small server that the lab runs: `protocol` tcp or udp, `kind` http, echo or proxy.

    `address` is the address that it listens on, "0.0.0.0" or "::" for all of one IP version, or "" for all; `target` is the address and
    port that a proxy forwards to.
    """

    namespace: str
    port: int
    protocol: str = "tcp"
    kind: str = "http"
    address: str = ""
    target: str = ""

    def listens_on(self, address: str) -> bool:
        """Whether it listens on an address of its namespace.

        >>> Server("host", 80, address="::").listens_on("127.0.0.1")
        False
        """
        return self.address in ("", "::" if ":" in address else "0.0.0.0", address)

    @property
    def behind(self) -> tuple[str, int]:
        """The address and the port that a proxy forwards to."""
        address, _, port = self.target.rpartition(":")
        return address.strip("[]"), int(port)

    @property
    def does(self) -> str:
        """Its kind, and for a proxy its target."""
        return f"{self.kind} to {self.target}" if self.target else self.kind

    def __str__(self) -> str:
        at = f"[{self.address}]:" if ":" in self.address else f"{self.address}:" if self.address else ""
        return f"{self.namespace}:{at}{self.port}{'/udp' if self.protocol == 'udp' else ''}"


class RoutingRule(msgspec.Struct, frozen=True):
    """A rule of `ip rule`: where all of its selectors hold, or with `negated` not all, the table with the number `table` routes the packet.

    `source` and `destination` are CIDRs, "" for any; `input` is the device (iif); `mark` is compared under `mask`, 0 for any; `tos` 0
    is any. `kind` is table, goto (the priority `goto`), nop, or how the packet's path ends: blackhole, unreachable, prohibit. Routes
    whose prefix is not longer than `suppressed` do not count.
    """

    priority: int
    six: bool = False
    source: str = ""
    destination: str = ""
    input: str = ""
    mark: int = 0
    mask: int = 0
    tos: int = 0
    negated: bool = False
    kind: str = "table"
    table: int = 254
    goto: int = 0
    suppressed: int = -1


class Namespace(msgspec.Struct, frozen=True):
    """A network namespace: its interfaces in the kernel's order, the routes that users added, and the sysctls that were set.

    With `answers_all`, it is assumed to answer on every port, since it is not known what listens there, except those of the protocols
    `heard`, whose listening sockets are known. `has_rules` is set if `ip rule`
    lists more than the kernel's default rules, so that other tables than main apply too; then `rules` are all of them, unless one has a
    selector that the model does not know, and `tables` are the routes of the other tables, by number. `fixed` holds the hardware
    addresses of static neighbour entries (`ip neigh … nud permanent`), by IP address. `unread` names the facts that are not known of it, as
    commands that tell them (see Unread).
    """

    name: str
    interfaces: tuple[Interface, ...] = ()
    routes: tuple[Route, ...] = ()
    sysctls: dict[str, str] = {}
    answers_all: bool = False
    heard: tuple[str, ...] = ()
    has_rules: bool = False
    fixed: dict[str, str] = {}
    rules: tuple[RoutingRule, ...] = ()
    tables: dict[int, tuple[Route, ...]] = {}
    unread: frozenset[str] = frozenset()

    def interface(self, name: str) -> Interface | None:
        """The interface called `name`, or None."""
        return next((interface for interface in self.interfaces if interface.name == name), None)

    def with_interface(self, interface: Interface) -> "Namespace":
        """This namespace with `interface` added, or replacing the one of the same name."""
        if self.interface(interface.name) is None:
            return msgspec.structs.replace(self, interfaces=(*self.interfaces, interface))
        return msgspec.structs.replace(self, interfaces=tuple(interface if old.name == interface.name else old for old in self.interfaces))

    def without_interface(self, name: str) -> "Namespace":
        """This namespace without the interface called `name` and the routes through it; its bridge ports are released."""
        kept = tuple(
            msgspec.structs.replace(old, master=None) if old.master == name else old for old in self.interfaces if old.name != name
        )
        return msgspec.structs.replace(self, interfaces=kept, routes=tuple(route for route in self.routes if route.device != name))

    @property
    def bridges(self) -> tuple[Interface, ...]:
        """The bridges in this namespace."""
        return tuple(interface for interface in self.interfaces if interface.kind == "bridge")

    def ports(self, bridge: str) -> tuple[Interface, ...]:
        """The interfaces that are ports of `bridge`."""
        return tuple(interface for interface in self.interfaces if interface.master == bridge)


class Topology(msgspec.Struct, frozen=True):
    """All namespaces of a lab by name, including the lab host itself (`HOST`), and the servers that run in them."""

    namespaces: dict[str, Namespace] = {}
    servers: tuple[Server, ...] = ()

    @property
    def host(self) -> Namespace:
        """The lab host's own namespace."""
        return self.namespaces.get(HOST) or Namespace(HOST)

    def with_namespace(self, namespace: Namespace) -> "Topology":
        """This topology with `namespace` added or replaced."""
        return msgspec.structs.replace(self, namespaces={**self.namespaces, namespace.name: namespace})

    def without_namespace(self, name: str) -> "Topology":
        """This topology without a namespace, its servers and the far ends of its links."""
        gone = self.namespaces[name]
        rest = msgspec.structs.replace(
            self,
            namespaces={key: value for key, value in self.namespaces.items() if key != name},
            servers=tuple(server for server in self.servers if server.namespace != name),
        )
        for interface in gone.interfaces:
            if interface.peer and interface.peer.namespace in rest.namespaces:
                far = rest.namespaces[interface.peer.namespace]
                rest = rest.with_namespace(far.without_interface(interface.peer.interface))
        return rest

    def interface(self, end: End) -> Interface | None:
        """The interface at `end`, or None."""
        namespace = self.namespaces.get(end.namespace)
        return namespace.interface(end.interface) if namespace else None

    def addresses(self) -> Iterator[tuple[str, End]]:
        """Every address (with prefix length) outside loopback's 127.0.0.0/8 and ::1, with the interface that has it."""
        for namespace in self.namespaces.values():
            for interface in namespace.interfaces:
                for address in interface.addresses:
                    if not address.startswith("127.") and address != "::1/128":
                        yield address, End(namespace.name, interface.name)

    def owner(self, address: str) -> End | None:
        """The interface that has `address` (no prefix length), or None; loopback addresses have no owner."""
        if address.startswith("127.") or address == "::1":
            return None
        held = f"{address}/"
        for namespace in self.namespaces.values():
            for interface in namespace.interfaces:
                for cidr in interface.addresses:
                    if cidr.startswith(held):
                        return End(namespace.name, interface.name)
        return None

    def links(self) -> Iterator[tuple[End, End]]:
        """Every veth pair whose two ends are in this lab, once each."""
        seen: set[End] = set()
        for namespace in self.namespaces.values():
            for interface in namespace.interfaces:
                end = End(namespace.name, interface.name)
                if interface.peer and end not in seen:
                    seen.add(interface.peer)
                    yield end, interface.peer
