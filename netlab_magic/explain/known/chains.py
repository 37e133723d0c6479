"""The purpose of chains: the built-in ones, and those of well-known programs, recognised by name."""

import re

from netlab_magic.i18n import Language, message

__all__ = ["PURPOSES", "known_purpose", "purpose"]


def purpose(table: str, chain: str, say: Language) -> str:
    """The purpose of a chain, in a sentence or two; an unknown chain is said to be user-defined."""
    anyone = message("This is a user-defined chain; packets get here only if a rule sends them.")
    return known_purpose(table, chain, say) or say(anyone)


def known_purpose(table: str, chain: str, say: Language) -> str:
    """The purpose of a built-in chain or a chain of a well-known program; "" for any other."""
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
        message("FORWARD sees the packets that this host forwards: neither from it nor for it, such as those of containers."),
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
        message("The mangle table changes packets, mostly their marks; {chain} is its chain at this point of a packet's path."),
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
        message("The security table sets security marks, such as SELinux's, after the filter table."),
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
            "This chain is yours: Docker does not change it, and its rules come before all of Docker's. They see packets after DNAT, "
            "with the container's address and port."
        ),
    ),
    (
        "filter DOCKER-FORWARD",
        message(
            "Since 28.0.1 this chain holds all that Docker decides about forwarded packets: known connections first, then internal "
            "networks, then packets into each network, then packets out."
        ),
    ),
    (
        "filter DOCKER-CT",
        message("Here Docker accepts packets of known connections into a Docker network."),
    ),
    (
        "filter DOCKER-BRIDGE",
        message("Here Docker sorts packets by the network that they are about to enter, and sends them to the chain DOCKER."),
    ),
    (
        "filter DOCKER-INTERNAL",
        message("Here Docker isolates internal networks (docker network create --internal); if there are none, the chain is empty."),
    ),
    (
        "filter DOCKER-ISOLATION-STAGE-1",
        message("This is the first stage of the isolation between Docker networks: it selects packets that leave a Docker bridge."),
    ),
    (
        "filter DOCKER-ISOLATION-STAGE-2",
        message(
            "This is the second stage of the isolation of Docker networks: it drops packets from one Docker bridge that are about to "
            "enter another."
        ),
    ),
    (
        "(filter|nat) DOCKER-INGRESS",
        message("This chain belongs to Docker Swarm: it forwards packets for published ports of services to the ingress network."),
    ),
    (
        "nat DOCKER_(OUTPUT|POSTROUTING)",
        message("This chain is inside a container and connects it to Docker's DNS server at 127.0.0.11."),
    ),
    (
        "nat KUBE-SERVICES",
        message("kube-proxy's list of Services: one rule for each cluster IP and port, and NodePorts at the end."),
    ),
    (
        "nat KUBE-SVC-.*",
        message("This chain is one Service: its rules pick one of the Service's pods at random."),
    ),
    (
        "nat KUBE-SEP-.*",
        message("This chain is one pod (endpoint) of a Service: DNAT to the pod's address."),
    ),
    (
        "nat KUBE-(EXT|XLB|FW)-.*",
        message("This chain handles packets for a Service from outside the cluster."),
    ),
    (
        "nat KUBE-NODEPORTS",
        message("This chain holds the Services that are reachable through a port of the node."),
    ),
    (
        "nat KUBE-MARK-MASQ",
        message("This chain marks packets for KUBE-POSTROUTING, which then changes their source."),
    ),
    (
        "nat KUBE-MARK-DROP",
        message("This chain marks packets for KUBE-FIREWALL, which then drops them."),
    ),
    (
        "nat KUBE-POSTROUTING",
        message("This chain gives marked packets the node's address as their source."),
    ),
    (
        "filter KUBE-FORWARD",
        message("Here kube-proxy accepts packets that it has translated itself."),
    ),
    (
        "filter KUBE-FIREWALL",
        message("Here the node drops packets that must never pass."),
    ),
    (
        "filter KUBE-(SERVICES|EXTERNAL-SERVICES|PROXY-FIREWALL|PROXY-CANARY|NODEPORTS)",
        message("This chain belongs to kube-proxy."),
    ),
    (
        ".* KUBE-(KUBELET|PROXY)-CANARY",
        message(
            "This chain is a canary: if it is gone, kubelet or kube-proxy knows that the rules were flushed, and writes them again."
        ),
    ),
    (
        "filter ufw6?-user-limit(-accept)?",
        message("ufw limit uses this chain: it rejects or accepts connections by the number of recent attempts."),
    ),
    (
        "filter ufw6?-user-(input|output|forward)",
        message("This chain holds the rules added with ufw allow, ufw deny, ufw reject and ufw limit."),
    ),
    (
        "filter ufw6?-before-(input|output|forward)",
        message(
            "This chain holds ufw's own rules that come before yours (/etc/ufw/before.rules): loopback, known connections, ICMP, DHCP."
        ),
    ),
    (
        "filter ufw6?-after-(input|output|forward)",
        message("This chain holds ufw's own rules that come after yours (/etc/ufw/after.rules)."),
    ),
    (
        "filter ufw6?-.*logging.*",
        message("ufw logs packets here, according to its log level."),
    ),
    (
        "filter ufw6?-skip-to-policy-.*",
        message("ufw sends packets here that should get the default policy at once, without being logged."),
    ),
    (
        "filter ufw6?-not-local",
        message("ufw drops packets here that are neither for this host nor broadcast nor multicast."),
    ),
    (
        "filter ufw6?-.*",
        message("This chain belongs to ufw."),
    ),
    (
        ".* f2b-(?P<jail>.*)",
        message("This chain holds the addresses that fail2ban's jail {jail} has banned."),
    ),
    (
        ".* LIBVIRT_FWI",
        message("This chain belongs to libvirt: which packets may go to virtual machines."),
    ),
    (
        ".* LIBVIRT_FWO",
        message("This chain belongs to libvirt: which packets may leave virtual networks."),
    ),
    (
        ".* LIBVIRT_FWX",
        message("This chain belongs to libvirt: traffic between virtual machines on one bridge."),
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
        message("OpenWrt applies {verdict} here to the interfaces of the zone {zone}."),
    ),
    (
        ".* (input|output|forwarding|prerouting|postrouting)_.*rule",
        message("OpenWrt leaves this chain for your own rules."),
    ),
    (
        "filter [Rr]eject",
        message("Packets are rejected here, so that their senders do not have to wait for a timeout."),
    ),
    (
        "filter syn_flood",
        message("This chain limits new TCP connections per second."),
    ),
    (
        ".* (IN|FWDI|FWDO|FWD|PRE|POST|OUT)_(?P<zone>[^_]+)_log",
        message("firewalld logs packets of the zone {zone} here."),
    ),
    (
        ".* (IN|FWDI|FWDO|FWD|PRE|POST|OUT)_(?P<zone>[^_]+)_deny",
        message("firewalld rejects packets of the zone {zone} here, before it checks what is allowed."),
    ),
    (
        ".* (IN|FWDI|FWDO|FWD|PRE|POST|OUT)_(?P<zone>[^_]+)_allow",
        message("This chain holds what is open in firewalld's zone {zone}: services, ports, forwarded ports, masquerading."),
    ),
    (
        ".* (IN|FWDI|FWDO|FWD|PRE|POST|OUT)_(?P<zone>[^_]+)(_.*)?",
        message("This chain holds firewalld's rules for the zone {zone}."),
    ),
    (
        ".* (INPUT|FORWARD|OUTPUT|PREROUTING|POSTROUTING)_direct",
        message("This chain holds the rules that were added with firewall-cmd --direct."),
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
"""Regular expressions for "TABLE CHAIN", each with the chain's purpose; the first that matches counts."""
