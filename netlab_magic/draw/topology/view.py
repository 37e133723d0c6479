"""What a picture of a topology shows, computed once for the drawing and the text."""

from collections.abc import Iterator, Sequence

import msgspec

from netlab_magic.draw.base.probe_marks import MOST_ONE_BY_ONE, Flow, Tally, flows, look_of, shown_as, tallies, total
from netlab_magic.draw.base.rule_label import End, verdict
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.model.packet_path import NOWHERE, PacketPath
from netlab_magic.model.probe import Outcome, Verdict
from netlab_magic.model.topology import HOST, INTERNET, Interface, Namespace, Topology
from netlab_magic.nftables.ruleset import Ruleset as NftRuleset

__all__ = ["Mark", "NetView", "Policy", "far_end", "net_view", "serves", "state_of", "visible"]

_SYSCTLS = {
    ("net.ipv4.ip_forward", "1"): "ip_forward = 1",
    ("net.ipv4.ip_forward", "0"): "ip_forward = 0: nothing is forwarded",
    ("net.bridge.bridge-nf-call-iptables", "1"): "bridge-nf-call-iptables = 1: bridged packets pass FORWARD too",
    ("net.bridge.bridge-nf-call-iptables", "0"): "bridge-nf-call-iptables = 0: bridged packets bypass FORWARD",
    ("net.ipv6.conf.all.forwarding", "0"): "ipv6 forwarding = 0: no IPv6 packet is forwarded",
    ("net.bridge.bridge-nf-call-ip6tables", "0"): "bridge-nf-call-ip6tables = 0: bridged IPv6 packets bypass FORWARD",
}


_TOLD_IF_OFF = ("net.ipv6.conf.all.forwarding", "net.bridge.bridge-nf-call-ip6tables")


class Mark(msgspec.Struct, frozen=True):
    """A line on a namespace's card with the result of the last probes."""

    text: str
    verdict: Verdict | None


class Policy(msgspec.Struct, frozen=True):
    """The policy of FORWARD, or of a base chain of nft that forwarded packets pass, and the number of rules before it.

    `over` is the IP version that it is for, if there are two, or the table of nft.
    """

    end: End
    rules: int
    over: str = ""
    chain: str = "FORWARD"

    @property
    def badge(self) -> str:
        """The text of its badge."""
        return f"{self.end.symbol} {self.chain} {self.end.word}{self.over}"

    @property
    def words(self) -> str:
        """The policy in a sentence."""
        return f"{self.chain} policy {self.end.word}{self.over}"


class NetView(msgspec.Struct, frozen=True):
    """A topology and what to show of it; `flows` are the probes one by one, empty if there are too many for that.

    `policies` is FORWARD's policy, or two if that of ip6tables is another one in a lab with IPv6 addresses; then those of nft's own
    base chains at the same hook, for a packet has to pass them all.

    `packet_path` is the packet's path to draw, and `left_out` is the number of namespaces that are not shown because of it.
    """

    topology: Topology
    policies: tuple[Policy, ...]
    sysctls: tuple[str, ...]
    uplinks: tuple[Interface, ...]
    direct: tuple[Interface, ...]
    outcomes: tuple[Outcome, ...]
    flows: tuple[Flow, ...]
    counts: dict[str, tuple[Tally | None, Tally | None]]
    packet_path: PacketPath = NOWHERE
    left_out: int = 0

    @property
    def guests(self) -> list[Namespace]:
        """All namespaces except the host and the internet."""
        return [namespace for name, namespace in self.topology.namespaces.items() if name not in (HOST, INTERNET)]

    def on_the_path(self) -> "NetView":
        """This view without the namespaces that the packet does not pass."""
        shown = {HOST, INTERNET, *self.packet_path.namespaces}
        kept = {name: namespace for name, namespace in self.topology.namespaces.items() if name in shown}
        left_out = len(self.topology.namespaces) - len(kept)
        topology = msgspec.structs.replace(self.topology, namespaces=kept)
        return msgspec.structs.replace(self, topology=topology, left_out=left_out)

    @property
    def internet(self) -> Namespace | None:
        """The namespace that represents the internet."""
        return self.topology.namespaces.get(INTERNET)

    @property
    def total(self) -> Tally:
        """All outcomes together."""
        return total(self.outcomes)

    def marks(self, name: str) -> list[Mark]:
        """What the last probes found, from one namespace's point of view."""
        if not self.counts:
            return [
                Mark(f"{str(outcome.probe).removeprefix(name).strip()}  {shown_as(outcome)}", outcome.verdict)
                for outcome in self.outcomes
                if outcome.probe.source == name
            ]
        sent, met = self.counts.get(name, (None, None))
        said = (("reaches", sent), ("reached by", met))
        return [Mark(f"{look_of(tally.verdict).symbol} {word} {tally}", tally.verdict) for word, tally in said if tally]


def visible(namespace: Namespace) -> list[Interface]:
    """The interfaces worth showing: all except a loopback with only its usual addresses."""
    shown = []
    for interface in namespace.interfaces:
        addresses = tuple(each for each in interface.addresses if not each.startswith("127.") and each != "::1/128")
        if interface.name != "lo" or addresses:
            shown.append(msgspec.structs.replace(interface, addresses=addresses) if interface.name == "lo" else interface)
    return shown


def state_of(interface: Interface) -> str:
    """What is wrong with an interface, if anything."""
    return "✕ down" if not interface.up else "⚠ no carrier" if not interface.carrier else ""


def far_end(topology: Topology, interface: Interface) -> str:
    """Where the other end of a veth is, in words; "" if it is not in this lab."""
    if not interface.peer:
        return ""
    far = topology.interface(interface.peer)
    bridge = f" (bridge {far.master})" if far and far.master else ""
    return f"{interface.peer}{bridge}"


def serves(topology: Topology, name: str) -> list[str]:
    """The servers of a namespace in words: "serves tcp 80 http"."""
    return [f"serves {server.protocol} {server.port} {server.does}" for server in topology.servers if server.namespace == name]


def _outside(interface: Interface) -> bool:
    return bool(interface.peer and interface.peer.namespace == INTERNET)


def _sysctls(host: Namespace) -> tuple[str, ...]:
    """The switches that matter; those of IPv6 only where they are off."""
    keys = dict.fromkeys(key for key, _ in _SYSCTLS)
    told = ((key, host.sysctls[key]) for key in keys if key in host.sysctls and (key not in _TOLD_IF_OFF or host.sysctls[key] == "0"))
    return tuple(_SYSCTLS.get((key, value), f"{key.rpartition('.')[2]} = {value}") for key, value in told)


def _policies(topology: Topology, *rulesets: Ruleset) -> tuple[Policy, ...]:
    """FORWARD's policy, and that of ip6tables if it differs and there are IPv6 addresses."""
    has_ipv6 = any(":" in cidr for cidr, _ in topology.addresses())
    differ = has_ipv6 and len({ruleset.forward_policy for ruleset in rulesets}) > 1
    return tuple(_policy(ruleset, _OVER[ruleset.family] if differ else "") for ruleset in (rulesets if differ else rulesets[:1]))


def _policy(ruleset: Ruleset, over: str) -> Policy:
    forward = ruleset.chain("FORWARD")
    return Policy(verdict(ruleset.forward_policy), len(forward.rules) if forward else 0, over)


def _native_policies(native: NftRuleset) -> Iterator[Policy]:
    """Those of nft's own base chains that forwarded IP packets pass, in the order of their priorities."""
    held = ((table, chain) for table in native.tables if table.family in ("ip", "ip6", "inet") for chain in table.chains)
    found = [(chain.hook, table, chain) for table, chain in held if chain.hook and chain.hook.hook == "forward"]
    for hook, table, chain in sorted(found, key=lambda each: each[0].priority):
        yield Policy(verdict(hook.policy.upper()), len(chain.rules), f" ({table.title})", chain.name)


_OVER = {"ipv4": " (IPv4)", "ipv6": " (IPv6)"}


def net_view(
    topology: Topology,
    ruleset: Ruleset,
    outcomes: Sequence[Outcome],
    packet_path: PacketPath = NOWHERE,
    ruleset6: Ruleset | None = None,
    native: NftRuleset | None = None,
) -> NetView:
    """What to show of a topology, the policies of its forwarding chains, the outcomes of the last probes, and a packet's path."""
    host = topology.host
    own = [each for each in visible(host) if each.kind != "bridge" and not each.master and each.name != "lo"]
    few = len(outcomes) <= MOST_ONE_BY_ONE
    return NetView(
        topology=topology,
        policies=(*_policies(topology, ruleset, *([ruleset6] if ruleset6 else [])), *_native_policies(native or NftRuleset())),
        sysctls=_sysctls(host),
        uplinks=tuple(each for each in own if _outside(each)),
        direct=tuple(each for each in own if not _outside(each)),
        outcomes=tuple(outcomes),
        flows=tuple(flows(outcomes)) if few else (),
        counts={} if few else tallies(outcomes),
        packet_path=packet_path,
    )
