"""What chains are for: the built-in ones, and those of well-known programs, recognised by their names."""

import re

from netlab_magic.i18n import Language, message

__all__ = ["PURPOSES", "known_purpose", "purpose"]


def purpose(table: str, chain: str, say: Language) -> str:
    """What a chain is for, in a sentence or two; for a chain of nobody known, that someone made it."""
    anyone = message("This chain was made by hand or by a program; packets get here only where a rule sends them.")
    return known_purpose(table, chain, say) or say(anyone)


def known_purpose(table: str, chain: str, say: Language) -> str:
    """What a built-in chain, or a chain of a well-known program, is for; "" for any other."""
    place = f"{table} {chain}"
    for where, says in PURPOSES:
        found = re.fullmatch(where, place)
        if found:
            names = {name: value or "" for name, value in found.groupdict().items()}
            return say(says, **{"chain": chain, **names})
    return ""


PURPOSES = (
    (
        "filter INPUT",
        message("INPUT sees the packets that are for this host itself, before a program gets them."),
    ),
    (
        "filter FORWARD",
        message("FORWARD sees the packets that this host passes on: neither from it nor for it, such as those of containers."),
    ),
    (
        "filter OUTPUT",
        message("OUTPUT sees the packets that programs on this host send."),
    ),
    (
        "nat PREROUTING",
        message(
            "nat PREROUTING sees the first packet of each connection that arrives, before routing decides where it goes: the "
            "place for DNAT."
        ),
    ),
    (
        "nat INPUT",
        message("nat INPUT sees the first packet of each connection to this host itself, after routing: the place to change its source."),
    ),
    (
        "nat OUTPUT",
        message("nat OUTPUT sees the first packet of each connection that this host opens: the place for DNAT of its own connections."),
    ),
    (
        "nat POSTROUTING",
        message("nat POSTROUTING sees the first packet of each connection just before it leaves: the place for SNAT and MASQUERADE."),
    ),
    (
        "mangle (PREROUTING|INPUT|FORWARD|OUTPUT|POSTROUTING)",
        message("The mangle table changes packets, their marks above all; {chain} is its chain at this point of a packet's way."),
    ),
    (
        "raw PREROUTING",
        message("raw PREROUTING sees every packet that arrives, before connection tracking and before DNAT."),
    ),
    (
        "raw OUTPUT",
        message("raw OUTPUT sees every packet that this host sends, before connection tracking."),
    ),
    (
        "security (INPUT|FORWARD|OUTPUT)",
        message("The security table sets the marks of SELinux and the like, after the filter table."),
    ),
    (
        "filter DOCKER",
        message(
            "Here Docker decides about new connections towards containers: one ACCEPT for each published port and container, "
            "and since Docker 28 a DROP for each network at the end."
        ),
    ),
    (
        "nat DOCKER",
        message("Here Docker keeps the DNAT of published ports, one rule for each (docker run -p)."),
    ),
    (
        "filter DOCKER-USER",
        message(
            "This chain is yours: Docker leaves it alone, and its rules come before all of Docker's. They see packets after "
            "DNAT, so with the container's address and port."
        ),
    ),
    (
        "filter DOCKER-FORWARD",
        message(
            "Since 28.0.1 this chain holds all that Docker decides about forwarded packets: known connections first, then "
            "internal networks, then the ways into each network, then the way out."
        ),
    ),
    (
        "filter DOCKER-CT",
        message("Here Docker accepts the packets of known connections on their way into a Docker network."),
    ),
    (
        "filter DOCKER-BRIDGE",
        message("Here Docker sorts packets by the network that they are about to enter, and sends them to the chain DOCKER."),
    ),
    (
        "filter DOCKER-INTERNAL",
        message("Here Docker cuts off internal networks (docker network create --internal); without one the chain is empty."),
    ),
    (
        "filter DOCKER-ISOLATION-STAGE-1",
        message("This is the first stage of the isolation of Docker networks: it picks what leaves a Docker bridge."),
    ),
    (
        "filter DOCKER-ISOLATION-STAGE-2",
        message(
            "This is the second stage of the isolation of Docker networks: of what has left one Docker bridge, it drops what "
            "is about to enter another."
        ),
    ),
    (
        "(filter|nat) DOCKER-INGRESS",
        message("This chain belongs to Docker Swarm: it passes what comes for the published ports of services on to the ingress network."),
    ),
    (
        "nat DOCKER_(OUTPUT|POSTROUTING)",
        message("This chain stands inside a container and connects it with Docker's DNS server at 127.0.0.11."),
    ),
    (
        "nat KUBE-SERVICES",
        message("kube-proxy's list of Services: one rule for each cluster IP and port, and NodePorts at the end."),
    ),
    (
        "nat KUBE-SVC-.*",
        message("This chain is one Service: its rules draw lots between the Service's pods."),
    ),
    (
        "nat KUBE-SEP-.*",
        message("This chain is one pod (endpoint) of a Service: DNAT to the pod's address."),
    ),
    (
        "nat KUBE-(EXT|XLB|FW)-.*",
        message("This chain takes what comes for a Service from outside of the cluster."),
    ),
    (
        "nat KUBE-NODEPORTS",
        message("This chain holds the Services that can be reached through a port of the node."),
    ),
    (
        "nat KUBE-MARK-MASQ",
        message("This chain marks the packets whose source KUBE-POSTROUTING shall change."),
    ),
    (
        "nat KUBE-MARK-DROP",
        message("This chain marks the packets that KUBE-FIREWALL shall drop."),
    ),
    (
        "nat KUBE-POSTROUTING",
        message("This chain gives the packets that were marked the node's address as their source."),
    ),
    (
        "filter KUBE-FORWARD",
        message("Here kube-proxy accepts what it has translated itself."),
    ),
    (
        "filter KUBE-FIREWALL",
        message("Here the node drops what must never pass."),
    ),
    (
        "filter KUBE-(SERVICES|EXTERNAL-SERVICES|PROXY-FIREWALL|PROXY-CANARY|NODEPORTS)",
        message("This chain belongs to kube-proxy."),
    ),
    (
        ".* KUBE-(KUBELET|PROXY)-CANARY",
        message(
            "This chain is a canary: when it is gone, kubelet or kube-proxy knows that someone has flushed the rules, and "
            "writes them again."
        ),
    ),
    (
        "filter ufw6?-user-limit(-accept)?",
        message("This chain is what ufw limit makes: it refuses, or accepts, by the number of recent attempts."),
    ),
    (
        "filter ufw6?-user-(input|output|forward)",
        message("This chain holds the rules that ufw allow, ufw deny, ufw reject and ufw limit have made."),
    ),
    (
        "filter ufw6?-before-(input|output|forward)",
        message(
            "This chain holds ufw's own rules that come before yours (/etc/ufw/before.rules): loopback, known connections, ICMP, DHCP."
        ),
    ),
    (
        "filter ufw6?-after-(input|output|forward)",
        message("This chain holds ufw's own rules that come behind yours (/etc/ufw/after.rules)."),
    ),
    (
        "filter ufw6?-.*logging.*",
        message("ufw writes packets to the kernel log here, as the log level asks for."),
    ),
    (
        "filter ufw6?-skip-to-policy-.*",
        message("ufw sends here what shall meet the default policy at once, without being logged."),
    ),
    (
        "filter ufw6?-not-local",
        message("ufw sorts out here what is neither for this host nor broadcast nor multicast."),
    ),
    (
        "filter ufw6?-.*",
        message("This chain belongs to ufw."),
    ),
    (
        ".* f2b-(?P<jail>.*)",
        message("fail2ban keeps the addresses here that its jail {jail} has banned."),
    ),
    (
        ".* LIBVIRT_FWI",
        message("This chain belongs to libvirt: what may get in to virtual machines."),
    ),
    (
        ".* LIBVIRT_FWO",
        message("This chain belongs to libvirt: what may get out of virtual networks."),
    ),
    (
        ".* LIBVIRT_FWX",
        message("This chain belongs to libvirt: what virtual machines on one bridge may say to each other."),
    ),
    (
        ".* LIBVIRT_.*",
        message("This chain belongs to libvirt's virtual networks."),
    ),
    (
        ".* NETAVARK.*",
        message("This chain belongs to Podman's netavark."),
    ),
    (
        ".* CNI-.*",
        message("This chain belongs to a CNI plugin, which connects pods or containers."),
    ),
    (
        ".* (cali-|FLANNEL|CILIUM_).*",
        message("This chain belongs to the cluster's pod network."),
    ),
    (
        ".* zone_(?P<zone>.*)_(input|output|forward|prerouting|postrouting)",
        message("This chain holds OpenWrt's rules for the zone {zone}."),
    ),
    (
        ".* zone_(?P<zone>.*)_(src|dest)_(?P<verdict>.*)",
        message("OpenWrt ends here with {verdict} for the interfaces of the zone {zone}."),
    ),
    (
        ".* (input|output|forwarding|prerouting|postrouting)_.*rule",
        message("OpenWrt keeps this chain for your own rules."),
    ),
    (
        "filter [Rr]eject",
        message("Packets are refused here, so that their senders need not wait for a timeout."),
    ),
    (
        "filter syn_flood",
        message("This chain lets only so many new TCP connections through per second."),
    ),
    (
        ".* (IN|FWDI|FWDO|FWD|PRE|POST|OUT)_(?P<zone>[^_]+)_log",
        message("firewalld writes to the kernel log here what the zone {zone} is to log."),
    ),
    (
        ".* (IN|FWDI|FWDO|FWD|PRE|POST|OUT)_(?P<zone>[^_]+)_deny",
        message("firewalld refuses here what the zone {zone} is to refuse, before it looks at what is allowed."),
    ),
    (
        ".* (IN|FWDI|FWDO|FWD|PRE|POST|OUT)_(?P<zone>[^_]+)_allow",
        message("firewalld keeps what is open in the zone {zone} here: services, ports, forwarded ports, masquerading."),
    ),
    (
        ".* (IN|FWDI|FWDO|FWD|PRE|POST|OUT)_(?P<zone>[^_]+)(_.*)?",
        message("This chain holds firewalld's rules for the zone {zone}."),
    ),
    (
        ".* (INPUT|FORWARD|OUTPUT|PREROUTING|POSTROUTING)_direct",
        message("firewalld keeps the rules here that were added with firewall-cmd --direct."),
    ),
    (
        ".* (INPUT|FORWARD|OUTPUT|PREROUTING|POSTROUTING)_.*ZONES.*",
        message("firewalld sorts packets here by zone, according to the interface or the source address."),
    ),
    (
        ".* ts-.*",
        message("This chain belongs to Tailscale."),
    ),
)
"""A regular expression for "TABLE CHAIN" and what it is for; the first one that fits counts."""
