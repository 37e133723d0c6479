"""What tables, chains, sets and maps of nft are for that well-known programs write, recognised by the names that these give them."""

import re
from collections.abc import Iterable

from netlab_magic.explain.known.chains import known_purpose
from netlab_magic.i18n import Language, message
from netlab_magic.model.hooks import BUILT_IN
from netlab_magic.nftables.ruleset import Chain, Set, Table

__all__ = ["known_chain", "known_set", "known_table", "owner_of"]

_OWNERS = (
    ("(ip|ip6) docker-bridges", "Docker"),
    ("inet firewalld", "firewalld"),
    ("inet netavark", "netavark"),
    ("(ip|ip6) kube-proxy", "kube-proxy"),
    ("(ip|ip6) libvirt_network", "libvirt"),
    ("inet f2b-table", "fail2ban"),
    ("inet fw4", "fw4"),
)
"""Tables that belong to a program, by their titles."""

_TABLES = {
    "Docker": message(
        "This table belongs to dockerd, whose nftables backend makes it anew at every start: changes made in it by others do not last."
    ),
    "firewalld": message(
        "This table belongs to firewalld, which makes it anew when it is reloaded: changes belong into firewall-cmd, not in here."
    ),
    "netavark": message("This table belongs to Podman's netavark, which adds to it and takes away as containers come and go."),
    "kube-proxy": message("This table belongs to kube-proxy, which keeps it as the cluster's Services are: others should never change it."),
    "libvirt": message("This table belongs to libvirt, which writes it for its virtual networks."),
    "fail2ban": message("This table belongs to fail2ban: addresses that failed to log in too often are rejected here for a while."),
    "fw4": message(
        "This table belongs to OpenWrt's firewall4, which makes it anew from /etc/config/firewall: changes belong there, or in "
        "/etc/nftables.d."
    ),
}

_CHAINS = (
    (
        "Docker filter-FORWARD",
        message("Every forwarded packet is looked at by the bridge that it goes to, then by the bridge that it came from."),
    ),
    (
        "Docker filter-forward-in__(?P<bridge>.*)",
        message("Here is decided what may enter the network of {bridge}: replies, its own containers, published ports."),
    ),
    ("Docker filter-forward-out__(?P<bridge>.*)", message("Here is decided what may leave the network of {bridge}.")),
    ("Docker nat-PREROUTING", message("Packets that arrive for an address of the host are looked up among the published ports.")),
    ("Docker nat-OUTPUT", message("The host's own packets to an address of its own are looked up among the published ports.")),
    ("Docker nat-prerouting-and-output", message("These are the published ports: a rule for each (docker run -p).")),
    (
        "Docker nat-POSTROUTING",
        message("Packets that leave are looked at by the bridge that they came from and by the one that they go to, for source NAT."),
    ),
    (
        "Docker nat-postrouting-in__(?P<bridge>.*)",
        message("Here the host's own connections into the network of {bridge} get another source, where no proxy runs."),
    ),
    ("Docker nat-postrouting-out__(?P<bridge>.*)", message("Here what leaves the network of {bridge} gets the host's address.")),
    (
        "Docker raw-PREROUTING",
        message("Before anything else, packets are dropped that must not get to a container's own address, or to a port on loopback."),
    ),
    ("firewalld (filter|nat|mangle|raw)_(PREROUTING|INPUT|FORWARD|OUTPUT|POSTROUTING)", message("This is one of firewalld's base chains.")),
    (
        "firewalld \\w+_(PREROUTING|INPUT|FORWARD|OUTPUT|POSTROUTING)_(ZONES|ZONES_SOURCE|dispatch)",
        message("firewalld sorts packets here by zone, according to the interface or the source address."),
    ),
    (
        "firewalld \\w+_(PREROUTING|INPUT|FORWARD|OUTPUT|POSTROUTING)_POLICIES_(pre|post)",
        message("firewalld asks its policies here, those that come before the zones or behind them."),
    ),
    ("firewalld \\w+_policy_(?P<policy>.+?)_log", message("firewalld logs packets of the policy {policy} here.")),
    (
        "firewalld \\w+_policy_(?P<policy>.+?)_deny",
        message("firewalld rejects packets of the policy {policy} here, before it checks what is allowed."),
    ),
    ("firewalld \\w+_policy_(?P<policy>.+?)_allow", message("firewalld keeps here what the policy {policy} allows.")),
    ("firewalld \\w+_policy_(?P<policy>.+?)(_(pre|post))?", message("This chain holds firewalld's rules for the policy {policy}.")),
    (
        "firewalld (filter|nat|mangle)_(IN|FWD|OUT|PRE|POST)_(?P<zone>.+)_log",
        message("firewalld logs packets of the zone {zone} here."),
    ),
    (
        "firewalld (filter|nat|mangle)_(IN|FWD|OUT|PRE|POST)_(?P<zone>.+)_deny",
        message("firewalld rejects packets of the zone {zone} here, before it checks what is allowed."),
    ),
    (
        "firewalld (filter|nat|mangle)_(IN|FWD|OUT|PRE|POST)_(?P<zone>.+)_allow",
        message("This chain holds what is open in firewalld's zone {zone}: services, ports, forwarded ports, masquerading."),
    ),
    (
        "firewalld (filter|nat|mangle)_(IN|FWD|OUT|PRE|POST)_(?P<from>.+)_to_(?P<to>.+)",
        message("firewalld looks here at what goes from {from} to {to}."),
    ),
    (
        "firewalld (filter|nat|mangle)_(IN|FWD|OUT|PRE|POST)_(?P<zone>.+)_dispatch(_stage2)?",
        message("firewalld sorts packets of the zone {zone} here by where they go."),
    ),
    (
        "firewalld (filter|nat|mangle)_(IN|FWD|OUT|PRE|POST)_(?P<zone>.+?)(_(pre|post))?",
        message("This chain holds firewalld's rules for the zone {zone}."),
    ),
    ("netavark INPUT", message("Containers may ask Podman's DNS server on this host here.")),
    ("netavark FORWARD", message("Here Podman accepts what its networks send, and the answers that come back to them.")),
    ("netavark (PREROUTING|OUTPUT)", message("Packets for an address of this host are looked up among the published ports.")),
    ("netavark POSTROUTING", message("Here what leaves Podman's networks gets the host's address.")),
    ("netavark NETAVARK-HOSTPORT-DNAT", message("These are the published ports of Podman's containers.")),
    ("netavark NETAVARK-HOSTPORT-SETMARK", message("Packets are marked here that shall get the host's address as their source.")),
    ("netavark NETAVARK-ISOLATION-1", message("Packets that leave an isolated Podman network are picked out here.")),
    ("netavark NETAVARK-ISOLATION-[23]", message("Of these, what is about to enter another Podman network is dropped here.")),
    ("netavark nv_\\w+_dnat", message("These are the published ports of one Podman network.")),
    ("netavark nv_\\w+", message("Here what leaves one Podman network gets the host's address.")),
    ("kube-proxy service-\\w+-(?P<service>.+)", message("This chain is the Service {service}: it picks one of its endpoints.")),
    ("kube-proxy endpoint-\\w+-(?P<endpoint>.+)__.*", message("This chain is one pod (endpoint) of the Service {endpoint}.")),
    (
        "kube-proxy external-\\w+-(?P<service>.+)",
        message("This chain takes what comes for the Service {service} from outside the cluster."),
    ),
    (
        "kube-proxy firewall-\\w+-(?P<service>.+)",
        message("This chain drops what comes for the Service {service} from sources that it does not allow (loadBalancerSourceRanges)."),
    ),
    ("kube-proxy services", message("Packets are looked up here among the cluster's Services, by address, protocol and port.")),
    ("kube-proxy masquerading", message("Packets that were marked get the node's address as their source here.")),
    ("kube-proxy mark-for-masquerade", message("This chain marks the packets that shall get the node's address as their source.")),
    ("kube-proxy reject-chain", message("Packets for Services without endpoints are rejected here.")),
    (
        "kube-proxy cluster-ips-check",
        message("Packets for cluster IPs that no Service has translated are rejected or dropped here: nobody has that port or address."),
    ),
    ("kube-proxy (service|nodeport)-endpoints-check", message("Packets for Services that have no endpoint are looked up here.")),
    ("kube-proxy firewall-check", message("Packets for Services that allow certain sources only are looked up here.")),
    ("kube-proxy (filter|nat)-.*", message("This is one of kube-proxy's base chains.")),
    ("libvirt forward", message("Packets of virtual networks that are forwarded are looked at here.")),
    ("libvirt guest_output", message("What may get out of virtual networks.")),
    ("libvirt guest_input", message("What may get in to virtual machines.")),
    ("libvirt guest_cross", message("What virtual machines on one bridge may say to each other.")),
    ("libvirt guest_nat", message("Here what leaves a virtual network gets the host's address.")),
    ("fail2ban f2b-chain", message("fail2ban rejects the addresses here that its jails have banned; each jail has a set.")),
    ("fw4 handle_reject", message("Packets are rejected here, so that their senders do not have to wait for a timeout.")),
    ("fw4 syn_flood", message("This chain limits new TCP connections per second.")),
    ("fw4 (input|output|forward|prerouting|dstnat|srcnat|(raw|mangle)_\\w+)", message("This is one of fw4's base chains.")),
    (
        "fw4 (input|output|forward|helper|dstnat|srcnat|notrack)_(?P<zone>.+)",
        message("This chain holds OpenWrt's rules for the zone {zone}."),
    ),
    (
        "fw4 (?P<verdict>accept|reject|drop)_(from|to)_(?P<zone>.+)",
        message("OpenWrt applies {verdict} here to the interfaces of the zone {zone}."),
    ),
)
"""A regular expression for "OWNER CHAIN" and what the chain is for; the first one that fits counts."""

_SETS = (
    (
        "Docker (filter-forward|nat-postrouting)-(in|out)-jumps",
        message("It has an element for each Docker network: from its bridge to the chain of that network."),
    ),
    ("kube-proxy service-ips", message("It leads from a Service's address, protocol and port to the chain of that Service.")),
    ("kube-proxy service-nodeports", message("It leads from a port of the node to the chain of the Service that can be reached there.")),
    ("kube-proxy cluster-ips", message("It holds the cluster IPs that Services have.")),
    ("kube-proxy nodeport-ips", message("It holds the node's addresses at which NodePorts can be reached.")),
    ("kube-proxy firewall-ips", message("It leads to the chains of Services that allow certain sources only.")),
    ("kube-proxy no-endpoint-(services|nodeports)", message("It holds the Services that have no endpoint.")),
    ("kube-proxy affinity-.*", message("It remembers which clients an endpoint has had (sessionAffinity).")),
    ("fail2ban addr6?-set-(?P<jail>.+)", message("This chain holds the addresses that fail2ban's jail {jail} has banned.")),
)
"""The same for "OWNER SET"."""


def owner_of(table: Table) -> str:
    """The program that a table belongs to, by the title that it gives its table; "" for any other."""
    return next((owner for where, owner in _OWNERS if re.fullmatch(where, table.title)), "")


def known_table(table: Table, say: Language) -> str:
    """Whose table it is, and what that means for those who would change it; "" where that is not known."""
    owner = owner_of(table)
    return say(_TABLES[owner]) if owner else ""


def known_chain(table: Table, chain: Chain, say: Language) -> str:
    """What a chain of a well-known program is for; "" for any other. Tables of iptables-nft have the chains of iptables."""
    owner = owner_of(table)
    if owner:
        return _found(_CHAINS, f"{owner} {chain.name}", say)
    if table.family in ("ip", "ip6") and table.name in BUILT_IN and (chain.hook is None or chain.name in BUILT_IN[table.name]):
        return known_purpose(table.name, chain.name, say)
    return ""


def known_set(table: Table, found: Set, say: Language) -> str:
    """What a set or map of a well-known program is for; "" for any other."""
    return _found(_SETS, f"{owner_of(table)} {found.name}", say)


def _found(purposes: Iterable[tuple[str, str]], place: str, say: Language) -> str:
    for where, says in purposes:
        found = re.fullmatch(where, place)
        if found:
            return say(says, **found.groupdict())
    return ""
