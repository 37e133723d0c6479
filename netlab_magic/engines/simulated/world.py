"""The whole state of a simulated lab as one value: a change gives another value, so going back costs nothing."""

from collections.abc import Mapping
from ipaddress import ip_address
from zlib import crc32

import msgspec

from netlab_magic.iptables.ipset.sets import IpSet
from netlab_magic.iptables.ruleset import Chain, Ruleset, Table
from netlab_magic.model.capture.frame import Frame
from netlab_magic.model.hooks import BUILT_IN
from netlab_magic.model.topology import HOST, End, Interface, Namespace, Topology
from netlab_magic.netfilter.frame import Ends
from netlab_magic.nftables.commands.draft import Tables
from netlab_magic.nftables.ruleset import Ruleset as NftRuleset

__all__ = ["Connection", "Neighbour", "World", "empty_world", "hardware_address", "link_local", "loopback"]

_LOCAL = 0x52
"""First octet of a hardware address of ours: locally administered, unicast (IEEE 802, 8.4)."""


class Neighbour(msgspec.Struct, frozen=True):
    """An address that a namespace has asked for on a device; `mac` is "" where nobody answered, and then `failed` once it asks no more."""

    address: str
    device: str
    mac: str = ""
    failed: bool = False


class Connection(msgspec.Struct, frozen=True):
    """A connection that a namespace's connection tracking remembers: both flows as expected, and whether a reply was seen."""

    protocol: int
    original: Ends
    reply: Ends
    identifier: int = 0
    replied: bool = False
    six: bool = False


class World(msgspec.Struct, frozen=True):
    """A simulated lab. `rules` are by namespace and family, and contain only the tables that were used.

    `numbers` are, by namespace, the index of its youngest device, `seen` the numbers that it has for other namespaces (nsid, by name).
    `nft` are the tables of nft by namespace, `sets` those of ipset. `made` counts the devices that were
    made, `sent` the connections that were begun: of these two, addresses and identifiers are made up. `capturing` are the devices whose
    frames are kept, in `captured`; `passed` counts the packets that passed meanwhile.
    """

    topology: Topology
    variant: str
    rules: Mapping[tuple[str, str], Ruleset] = {}
    neighbours: Mapping[str, tuple[Neighbour, ...]] = {}
    tracked: Mapping[str, tuple[Connection, ...]] = {}
    numbers: Mapping[str, int] = {}
    seen: Mapping[str, Mapping[str, int]] = {}
    nft: Mapping[str, Tables] = {}
    sets: Mapping[str, tuple[IpSet, ...]] = {}
    made: int = 0
    sent: int = 0
    capturing: tuple[End, ...] = ()
    captured: tuple[Frame, ...] = ()
    passed: int = 0

    def ruleset(self, namespace: str, family: str = "ipv4") -> Ruleset:
        """The rules of a namespace."""
        return self.rules.get((namespace, family)) or Ruleset((), family)

    def with_ruleset(self, namespace: str, ruleset: Ruleset) -> "World":
        """This world with other rules in a namespace."""
        return msgspec.structs.replace(self, rules={**self.rules, (namespace, ruleset.family): ruleset})

    def tables(self, namespace: str) -> Tables:
        """The tables of nft in a namespace, those of iptables-nft not among them."""
        return self.nft.get(namespace, Tables())

    def native(self, namespace: str) -> NftRuleset:
        """The same, without the numbers that the kernel gives next."""
        return self.tables(namespace).ruleset

    def with_tables(self, namespace: str, tables: Tables) -> "World":
        """This world with other tables of nft in a namespace."""
        return msgspec.structs.replace(self, nft={**self.nft, namespace: tables})

    def with_namespace(self, namespace: Namespace) -> "World":
        """This world with a namespace added or replaced, its devices in the order of their numbers, as the kernel lists them."""
        ordered = msgspec.structs.replace(namespace, interfaces=tuple(sorted(namespace.interfaces, key=lambda device: device.index)))
        return msgspec.structs.replace(self, topology=self.topology.with_namespace(ordered))

    def with_device(self, namespace: str, device: Interface) -> "World":
        """This world with a device added or replaced."""
        return self.with_namespace(self.topology.namespaces[namespace].with_interface(device))


def loopback(up: bool) -> Interface:
    """A namespace's lo, which has its address while it is up."""
    return Interface("lo", "loopback", ("127.0.0.1/8",) if up else (), up=up, mac="00:00:00:00:00:00", mtu=65536, index=1)


def empty_world(variant: str) -> World:
    """A lab host that has just started: loopback up, forwarding on as on a Docker host."""
    set_by_the_lab = {"net.ipv4.ip_forward": "1", "net.ipv6.conf.all.forwarding": "1", "net.ipv6.conf.default.accept_dad": "0"}
    host = Namespace(HOST, (loopback(up=True),), sysctls=set_by_the_lab)
    chains = tuple(Chain(name, "ACCEPT") for name in BUILT_IN["filter"])
    # The check whether the legacy variant works reads this table, which creates it.
    looked_at = {(HOST, "ipv4"): Ruleset((Table("filter", chains),))} if variant == "legacy" else {}
    return World(Topology({HOST: host}), variant, looked_at, numbers={HOST: 1})


def hardware_address(made: int, end: End) -> str:
    """A hardware address for a new device (locally administered, unicast)."""
    bits = crc32(f"{made} {end}".encode()) << 8 | made & 0xFF
    octets = bits.to_bytes(5, "big")
    return ":".join(f"{octet:02x}" for octet in (_LOCAL, *octets))


def link_local(mac: str) -> str:
    """The IPv6 address that a device gives itself, made from its hardware address (EUI-64, RFC 4291, appendix A)."""
    octets = bytearray.fromhex(mac.replace(":", ""))
    octets[0] ^= 2
    return str(ip_address(bytes([0xFE, 0x80, *[0] * 6, *octets[:3], 0xFF, 0xFE, *octets[3:]])))
