"""Targets that translate addresses, or hand a packet to another one."""

from netlab_magic.iptables.extensions import canonical_rules, listing_rules
from netlab_magic.iptables.extensions.constraints import HAS_PORT, WITH_PORTS, Demand, all_of
from netlab_magic.iptables.extensions.schema import Parameter, TargetExtension
from netlab_magic.iptables.extensions.types import PORT, PORT_SPAN, TEXT, XMARK, choice, number
from netlab_magic.iptables.extensions.types_address import ADDRESS, NAT_TO, NETWORK
from netlab_magic.iptables.extensions.types_compound import CLUSTER_MAC, PREFIX

__all__ = ["TRANSLATION"]

_TRANSLATED = (
    "The packet {what}; conntrack does the same to the rest of the connection, and the reverse to its replies, without checking the "
    "rules again."
)
_PERSISTENT = Parameter(
    "--persistent", "same client gets the same address", listed=" persistent", says="(a client always gets the same address)"
)
_RANDOM = Parameter("--random", "port is chosen at random", listed=" random", says="(the port is chosen at random)")
_FULLY = Parameter("--random-fully", "port is chosen fully at random", listed=" random-fully", says="(the port is chosen fully at random)")

TRANSLATION = (
    TargetExtension(
        "DNAT",
        (
            Parameter("--to-destination", "new destination", (NAT_TO,), listed=" to:{}", says="gets {} as its new destination"),
            _RANDOM,
            _PERSISTENT,
        ),
        says="gets another destination",
        demand=Demand(needs=(("--to-destination",),), protocols=(("--to-destination", HAS_PORT, WITH_PORTS),)),
        tracks=True,
        terminates=True,
        table="nat",
        chains=("PREROUTING", "OUTPUT"),
        translates="destination",
        then=_TRANSLATED,
    ),
    TargetExtension(
        "SNAT",
        (
            Parameter("--to-source", "new source", (NAT_TO,), listed=" to:{}", says="gets {} as its new source"),
            _RANDOM,
            _FULLY,
            _PERSISTENT,
        ),
        says="gets another source",
        demand=Demand(needs=(("--to-source",),), protocols=(("--to-source", HAS_PORT, WITH_PORTS),)),
        tracks=True,
        terminates=True,
        table="nat",
        chains=("POSTROUTING", "INPUT"),
        translates="source",
        then=_TRANSLATED,
    ),
    TargetExtension(
        "MASQUERADE",
        (
            Parameter("--to-ports", "new source ports", (PORT_SPAN,), listed=" masq ports: {}", says="(with a source port of {})"),
            _RANDOM,
            _FULLY,
        ),
        says="gets the address of the interface that it leaves through as its new source",
        demand=Demand(protocols=(("--to-ports", "", WITH_PORTS),)),
        tracks=True,
        terminates=True,
        table="nat",
        chains=("POSTROUTING",),
        translates="source",
        then=_TRANSLATED,
    ),
    TargetExtension(
        "REDIRECT",
        (
            Parameter(
                "--to-ports",
                "new destination port",
                (PORT_SPAN,),
                listed=" redir ports {}",
                says="goes to port {} of this host itself instead",
            ),
            _RANDOM,
        ),
        says="goes to this host itself instead",
        demand=Demand(protocols=(("--to-ports", "", WITH_PORTS),)),
        tracks=True,
        terminates=True,
        table="nat",
        chains=("PREROUTING", "OUTPUT"),
        translates="destination",
        then=_TRANSLATED,
    ),
    TargetExtension(
        "NETMAP",
        (Parameter("--to", "network", (NETWORK,), listed=" to:{}", says="has the network part of its address replaced by {}"),),
        demand=all_of("--to"),
        tracks=True,
        terminates=True,
        table="nat",
        then=_TRANSLATED,
    ),
    TargetExtension(
        "TPROXY",
        (
            Parameter("--on-port", "local port", (PORT,), says="is handed to the local socket on port {}, its addresses unchanged"),
            Parameter("--on-ip", "local address", (ADDRESS,), says="(at the address {})"),
            Parameter("--tproxy-mark", "mark", (XMARK,), says="(and gets the mark {})"),
        ),
        protocols=("tcp", "udp"),
        demand=all_of("--on-port"),
        canonical=canonical_rules.tproxy,
        listed_whole=listing_rules.tproxy,
        terminates=True,
        table="mangle",
        chains=("PREROUTING",),
        then="The packet {what}, and no later rule of this table sees it.",
    ),
    TargetExtension(
        "DNPT",
        (
            Parameter("--src-pfx", "prefix inside", (PREFIX,), listed=" src-pfx {}", says="has the prefix {} of its destination replaced"),
            Parameter("--dst-pfx", "prefix outside", (PREFIX,), listed=" dst-pfx {}", says="(by {})"),
        ),
        family="ipv6",
        listed=" DNPT",
        demand=all_of("--src-pfx", "--dst-pfx"),
    ),
    TargetExtension(
        "SNPT",
        (
            Parameter("--src-pfx", "prefix inside", (PREFIX,), listed=" src-pfx {}", says="has the prefix {} of its source replaced"),
            Parameter("--dst-pfx", "prefix outside", (PREFIX,), listed=" dst-pfx {}", says="(by {})"),
        ),
        family="ipv6",
        listed=" SNPT",
        demand=all_of("--src-pfx", "--dst-pfx"),
    ),
    TargetExtension(
        "CLUSTERIP",
        (
            Parameter("--new", "new cluster", says="(this rule makes the cluster's address)"),
            Parameter(
                "--hashmode",
                "what is hashed",
                (choice("a way to hash", "sourceip", "sourceip-sourceport", "sourceip-sourceport-destport"),),
                listed=" hashmode={}",
                says="(by the hash of {})",
            ),
            Parameter(
                "--clustermac",
                "hardware address of the cluster",
                (CLUSTER_MAC,),
                listed=" clustermac={}",
                says="(with the hardware address {})",
            ),
            Parameter("--total-nodes", "nodes", (number(),), listed=" total_nodes={}", says="(in a cluster of {} nodes)"),
            Parameter(
                "--local-node", "number of this node", (number(),), listed=" local_node={}", says="(of which this host is number {})"
            ),
            Parameter("--hash-init", "seed", (TEXT,), listed=" hash_init={}", says="(the hash begins from {})"),
        ),
        family="ipv4",
        listed=" CLUSTERIP",
        says="is answered by the one node of the cluster that it falls to",
        demand=Demand(along=(("--hashmode", ("--new",)),)),
        tracks=True,
    ),
)
"""Targets that change where a packet goes."""
