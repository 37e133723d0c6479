"""A host from what was loaded of it: known facts as they are, missing ones as the rules suggest. Every such assumption is reported.

If several answers are possible, none is chosen: a device is then named "eth0 or eth1", and rules that match on it cannot be evaluated.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import ip_address, ip_interface, ip_network

import msgspec

from netlab_magic.engines.dump.containers import bridges_of_networks, proxies, with_containers
from netlab_magic.engines.dump.host_dump import HostDump
from netlab_magic.engines.dump.nft_evidence import evidence_of_nft
from netlab_magic.engines.dump.policy_routing import with_policy_routing
from netlab_magic.i18n import Assumption, message
from netlab_magic.iptables.analysis.host_evidence import Evidence, evidence_of
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.model.device_names import is_named_like_bridge, is_named_like_card, leads_inwards
from netlab_magic.model.topology import ANOTHER, HOST, Interface, Namespace, Route, Topology, possible_names, uncertain
from netlab_magic.model.unread import STAND_INS, Unread, unread_sysctl

__all__ = ["Inferred", "host_from"]

_FIRST = message("{} is assumed to be the host's address on {}, which has the network {}.")
_IS_PORT = re.compile("veth|vnet|tap|cali|lxc")
"""How the names of bridges' ports begin."""

_EVERYTHING = {"ipv4": "default", "ipv6": "::/0"}
_MOST_CONTAINERS = 4096
"""At most this many single routes are added for containers whose network is unknown."""

_BRIDGE = message("{} is assumed to be a bridge with the network {}, on which the host has {} ({}).")
_BARE_BRIDGE = message("{} is assumed to be a bridge; its network is unknown ({}).")
_UNNAMED_BRIDGE = message("The network {} is assumed to be on a bridge of the host that no rule names, here called {} ({}).")
_DOUBTFUL_DEVICE = message("It is unknown which device the network {} is behind: {} ({}). Whatever depends on its name cannot be judged.")
_DOUBTFUL_CONTAINERS = message("It is unknown which device other containers are behind: {}. Whatever depends on its name cannot be judged.")
_ONLY_INNER = message("Other machines that rules name are assumed to be behind {}, the only device that they name besides the way out.")
_KIND = message("{} is assumed to be a bridge; ip -d link would show whether it is.")
_UPLINK = message("{} is assumed to lead to everything else ({}).")
_ONLY_WAY_OUT = message("Everything else is assumed to be behind one device, here called {}: no rule names it.")
_DOUBTFUL_WAY_OUT = message("It is unknown which device leads to everything else: {}. Whatever depends on its name cannot be judged.")
_OWN = message("The host is assumed to have the address {} ({}).")
_STANDS_IN = message("The host's own address is unknown; {} stands for it (ip addr would show it).")
_NO_ADDRESS = message("{} in the route to {} is not an address; the route is assumed to lead directly to {}.")
_NO_ROUTE = message("The route to {} is left out: {} is not an address, and it names no device.")
_DEFAULT = message("Everything else is assumed to be behind {}: no routes were loaded.")
_SYSCTLS = {
    "net.ipv4.ip_forward": message("The host is assumed to forward packets (net.ipv4.ip_forward=1)."),
    "net.bridge.bridge-nf-call-iptables": message("Bridged frames are assumed to pass iptables (net.bridge.bridge-nf-call-iptables=1)."),
}
_SYSCTLS6 = {
    "net.ipv6.conf.all.forwarding": message("The host is assumed to forward IPv6 packets (net.ipv6.conf.all.forwarding=1)."),
    "net.bridge.bridge-nf-call-ip6tables": message("Bridged frames are assumed to pass ip6tables (net.bridge.bridge-nf-call-ip6tables=1)."),
}


class Inferred(msgspec.Struct, frozen=True):
    """The host, what had to be assumed about it, and what its rules reveal."""

    topology: Topology
    assumptions: tuple[Assumption, ...]
    evidence: Evidence


def host_from(dump: HostDump, rulesets: tuple[Ruleset, ...]) -> Inferred:
    """The host that a dump describes; `rulesets` are its rules, one for each family that has any."""
    return _InferredHost(dump, rulesets).infer()


class _InferredHost:
    """The host under construction."""

    def __init__(self, dump: HostDump, rulesets: tuple[Ruleset, ...]) -> None:
        self.dump = dump
        self.found = {ruleset.family: evidence_of(ruleset) for ruleset in rulesets}
        if dump.native:
            for family in ("ipv4", "ipv6"):
                if family in self.found or any(title.startswith(("inet ", "ip6 " if family == "ipv6" else "ip ")) for title in dump.native):
                    self.found[family] = _together([self.found.get(family, Evidence()), evidence_of_nft(dump.native, family)])
        self.interfaces = {held.name: held for held in dump.interfaces}
        self.routes = list(dump.routes)
        self.sysctls = dict(dump.sysctls)
        self.assumed: list[Assumption] = []
        self.unread: set[str] = set(self.unread_parts())
        self.way_out = ""

    def infer(self) -> Inferred:
        self.settle_signals()
        self.settle_routes()
        self.settle_addresses()
        for bridge in bridges_of_networks(self.dump):
            if bridge.name not in self.interfaces and Unread.ADDRESSES in self.unread:
                self.interfaces[bridge.name] = bridge
        if self.dump.interfaces:
            self.settle_kinds()
            if not self.dump.routed:
                self.lead_out()
        else:
            self.interfaces["lo"] = Interface("lo", "loopback", ("127.0.0.1/8",))
            for family, evidence in self.found.items():
                self.make_bridges(evidence)
                self.make_uplink(family, evidence)
                self.place_containers(evidence)
            for evidence in self.found.values():
                self.make_others(evidence)
        self.assume_sysctls()
        interfaces, unread = tuple(self.interfaces.values()), frozenset(self.unread)
        listeners, evidence = self.dump.listeners or (), _together(self.found.values())
        heard = tuple({listener.protocol for listener in listeners})
        host = Namespace(HOST, interfaces, tuple(self.routes), self.sysctls, answers_all=True, heard=heard, unread=unread)
        host = with_policy_routing(host, self.dump)
        sockets = [msgspec.structs.replace(one.server(), kind=one.process or "server") for one in listeners]
        servers = sockets or [*evidence.proxies, *proxies(self.dump)]
        topology = with_containers(Topology({HOST: host}, tuple(dict.fromkeys(servers))), self.dump)
        return Inferred(topology, tuple(self.assumed), evidence)

    def unread_parts(self) -> Iterator[str]:
        """What nothing was pasted about, by the commands that print it."""
        if not self.dump.addressed:
            yield Unread.ADDRESSES
        if not self.dump.routed:
            yield Unread.ROUTES
        if self.dump.routing_rules is None:
            yield Unread.RULES
        if self.dump.listeners is None:
            yield Unread.LISTENERS
        yield Unread.LEGACY_BACKEND if self.dump.native and not self.dump.rules else Unread.NFT if not self.dump.native else ""

    def say(self, text: str, *values: str) -> None:
        self.assumed.append(Assumption(text, values))

    def settle_signals(self) -> None:
        """What the routes say about their devices (linkdown, dead); and of devices with one network, the one that the routes name first."""
        for listed in self.dump.listed_routes:
            held = self.interfaces.get(listed.route.device or "")
            if held is not None and listed.is_linkdown and Unread.ADDRESSES in self.unread:
                self.interfaces[held.name] = msgspec.structs.replace(held, carrier=False)
            if held is not None and listed.is_dead and Unread.ADDRESSES in self.unread:
                self.interfaces[held.name] = msgspec.structs.replace(held, up=False)
        ranked = sorted((one for one in self.dump.listed_routes if one.table in ("main", "254")), key=lambda one: one.metric)
        order = {(one.route.destination, one.route.device): place for place, one in reversed(list(enumerate(ranked)))}
        last = len(order)

        def rank(held: Interface) -> int:
            return min((order.get((str(one.network), held.name), last) for one in held.parsed()), default=last)

        networks = [one.network for held in self.interfaces.values() for one in held.parsed()]
        if len(set(networks)) < len(networks):
            self.interfaces = {held.name: held for held in sorted(self.interfaces.values(), key=rank)}

    # --- devices that are known -------------------------------------------------------------------------------------------

    def settle_kinds(self) -> None:
        """Without `ip -d`, a device with ports, or one that rules use like a bridge, is assumed to be one."""
        if self.dump.kinds:
            return
        masters = {held.master for held in self.interfaces.values()}
        spoken_of = {name for evidence in self.found.values() for name in evidence.bridges}
        for name, held in self.interfaces.items():
            if held.kind or not (name in masters or is_named_like_bridge(name) or (name in spoken_of and not is_named_like_card(name))):
                continue
            self.interfaces[name] = msgspec.structs.replace(held, kind="bridge")
            self.say(_KIND, name)

    def lead_out(self) -> None:
        """A default route if addresses were loaded, but no routes."""
        outer = [held for held in self.interfaces.values() if held.up and held.kind in ("", "bond", "vlan") and held.addresses]
        if len(outer) == 1:
            self.routes.append(Route("default", None, outer[0].name))
            self.say(_DEFAULT, outer[0].name)

    def settle_addresses(self) -> None:
        """If no addresses were loaded, the host has the first one of each network on its devices."""
        if any(held.addresses for held in self.interfaces.values() if held.kind != "loopback" and held.name != "lo"):
            return
        for route in self.routes:
            held = self.interfaces.get(route.device or "")
            if held is None or route.via or route.kind != "unicast" or route.destination in ("default", *_EVERYTHING.values()):
                continue
            network = ip_network(route.destination, strict=False)
            if network.num_addresses > 2:
                cidr = f"{route.source}/{network.prefixlen}" if route.source else _first_of(route.destination)
                self.add(held.name, held.kind, cidr)
                self.say(_FIRST, cidr.partition("/")[0], held.name, route.destination)

    def settle_routes(self) -> None:
        """Gateways and sources that are not addresses: such a route leads directly to its device, if it names one."""
        routes, self.routes = self.routes, []
        for route in routes:
            wrong = [word for word in (route.via, route.source) if word and not _is_address(word)]
            if not wrong:
                self.routes.append(route)
            elif route.device:
                via, source = (None if word in wrong else word for word in (route.via, route.source))
                self.routes.append(msgspec.structs.replace(route, via=via, source=source))
                self.say(_NO_ADDRESS, wrong[0], route.destination, route.device)
            else:
                self.say(_NO_ROUTE, route.destination, wrong[0])

    # --- devices that only rules mention ------------------------------------------------------------------------------------

    def make_bridges(self, evidence: Evidence) -> None:
        for name, seen in evidence.bridges.items():
            if name in evidence.uplinks or (is_named_like_card(name) and name not in evidence.networks):
                continue
            network, place = evidence.networks.get(name, ("", seen))
            if network:
                cidr = _first_of(network)
                self.add(name, "bridge", cidr)
                self.say(_BRIDGE, name, network, cidr.partition("/")[0], place)
            else:
                self.add(name, "bridge")
                self.say(_BARE_BRIDGE, name, place)
        self.place_networks({network: place for network, place in evidence.masqueraded.items() if not self.has(network)}, evidence)

    def place_networks(self, networks: Mapping[str, str], evidence: Evidence) -> None:
        """Networks that rules mention without a device: the device is one that other rules name, or one that none does."""
        known = {*self.interfaces, *evidence.uplinks}
        named = [name for name in evidence.devices if name not in known and name != "lo" and not is_named_like_card(name)]
        for network, place in networks.items():
            cidr = _first_of(network)
            if len(networks) == len(named) == 1 and is_named_like_bridge(named[0]):
                self.add(named[0], "bridge", cidr)
                self.say(_BRIDGE, named[0], network, cidr.partition("/")[0], place)
            elif named:
                name = self.doubtful(named)
                self.add(name, "", cidr)
                self.say(_DOUBTFUL_DEVICE, network, name, place)
            else:
                name = self.free_name()
                self.add(name, "bridge", cidr)
                self.say(_UNNAMED_BRIDGE, network, name, place)

    def make_others(self, evidence: Evidence) -> None:
        """All other devices that rules name: nothing is known about them, but packets may come in through them."""
        known = {one for name in self.interfaces for one in possible_names(name)}
        for name in evidence.devices:
            if name not in known and not _IS_PORT.match(name):
                self.add(name, "bridge" if is_named_like_bridge(name) else "")

    def doubtful(self, names: Sequence[str]) -> str:
        """A name for one more device that may be any of these, or another; unlike the names already in use."""
        words = [*names, ANOTHER]
        while uncertain(words) in self.interfaces:
            words.append(ANOTHER)
        return uncertain(words)

    def place_containers(self, evidence: Evidence) -> None:
        """A container whose network is unknown gets its own route: to the device that rules name with it, else to an unknown one."""
        lost = [address for address in evidence.containers if not self.has(address) and address not in evidence.own][:_MOST_CONTAINERS]
        bridges = {name for name, held in self.interfaces.items() if held.kind == "bridge"}
        named = [name for name in evidence.devices if name not in bridges and name != "lo"]
        inner = [name for name in named if name not in evidence.uplinks and not is_named_like_card(name) and not _IS_PORT.match(name)]
        only = inner[0] if len(inner) == 1 and evidence.uplinks else ""
        somewhere = only or (self.doubtful(named) if named else "")
        for address in lost:
            device = evidence.containers[address]
            if device not in self.interfaces:
                device = somewhere
            if device:
                self.add(device, "bridge" if is_named_like_bridge(device) else "")
                self.routes.append(Route(str(ip_network(address)), None, device))
        if any(route.device == somewhere for route in self.routes):
            self.say(_ONLY_INNER if only else _DOUBTFUL_CONTAINERS, somewhere)

    def make_uplink(self, family: str, evidence: Evidence) -> None:
        name = self.way_out = self.uplink(evidence)
        own = [address for address in evidence.own if not self.has(address)]
        for address in own:
            self.say(_OWN, address, evidence.own[address])
        if not own:
            own = [STAND_INS[family]]
            self.say(_STANDS_IN, own[0])
        self.add(name, "", *(str(ip_interface(address)) for address in own))
        self.routes.append(Route(_EVERYTHING[family], None, name))

    def uplink(self, evidence: Evidence) -> str:
        """The device that leads to everything else: one that rules treat as such, the only card that they name, or one of several."""
        named = {name: at for name, at in evidence.devices.items() if name not in self.interfaces and not leads_inwards(name)}
        translated = [name for name in evidence.uplinks if name in named]
        cards = [name for name in named if is_named_like_card(name)]
        chosen = next((names for names in (translated, cards) if names), [])
        if len(chosen) == 1:
            self.say(_UPLINK, chosen[0], evidence.uplinks.get(chosen[0]) or named[chosen[0]])
            return chosen[0]
        if self.way_out and not chosen:
            return self.way_out
        if not named:
            self.say(_ONLY_WAY_OUT, "eth0")
            return "eth0"
        name = uncertain(chosen) if chosen else self.doubtful(list(named))
        self.say(_DOUBTFUL_WAY_OUT, name)
        return name

    def add(self, name: str, kind: str, *cidrs: str) -> None:
        held = self.interfaces.get(name) or Interface(name, kind)
        self.interfaces[name] = msgspec.structs.replace(held, addresses=tuple(dict.fromkeys((*held.addresses, *cidrs))))

    def has(self, word: str) -> bool:
        """Whether an address, or a network, is within one of the host's networks."""
        wanted = ip_network(word, strict=False)
        networks = (held.network for interface in self.interfaces.values() for held in interface.parsed() if interface.kind != "loopback")
        return any(wanted.version == held.version and wanted.subnet_of(held) for held in networks)  # type: ignore[arg-type]  # same version

    def free_name(self) -> str:
        taken = {*self.interfaces, *(name for evidence in self.found.values() for name in evidence.devices)}
        return next(name for name in map("bridge{}".format, range(len(taken) + 1)) if name not in taken)

    # --- sysctls --------------------------------------------------------------------------------------------------------------

    def assume_sysctls(self) -> None:
        wanted = {**(_SYSCTLS if "ipv4" in self.found or not self.found else {}), **(_SYSCTLS6 if "ipv6" in self.found else {})}
        bridged = any(held.kind == "bridge" for held in self.interfaces.values())
        for key, text in wanted.items():
            if key not in self.sysctls and (bridged or "bridge" not in key):
                self.sysctls[key] = "1"
                self.unread.add(unread_sysctl(key))
                self.say(text)


def _is_address(word: str) -> bool:
    try:
        return bool(ip_address(word))
    except ValueError:
        return False


def _first_of(network: str) -> str:
    """The first address of a network, which programs that create bridges give to the host."""
    held = ip_network(network, strict=False)
    return f"{held[1] if held.num_addresses > 2 else held[0]}/{held.prefixlen}"


def _together(found: Iterable[Evidence]) -> Evidence:
    """All evidence as one."""
    all_of_it = Evidence()
    for evidence in found:
        for name in Evidence.__struct_fields__:
            for key, value in getattr(evidence, name).items():
                getattr(all_of_it, name).setdefault(key, value)
    return all_of_it
