"""The purpose of Docker's rules, in every layout of its iptables backend from 20.10 to 29: the filter table's, then all others."""

from netlab_magic.explain.known.docker_nat import OTHER_TABLES
from netlab_magic.explain.known.patterns import Shape
from netlab_magic.i18n import message

__all__ = ["DOCKER"]

DOCKER = (
    Shape(
        "filter FORWARD",
        "-j DOCKER-USER",
        message(
            "Docker leaves this chain for your own rules: it comes before all of Docker's, and Docker does not change its contents. DNAT "
            "is done by then, so your rules see the container's address and port; the published ones are seen only by -m conntrack "
            "--ctorigdst and --ctorigdstport."
        ),
    ),
    Shape(
        "filter (FORWARD|DOCKER-FORWARD)",
        "-j DOCKER-ISOLATION-STAGE-1",
        message(
            "Here Docker isolates its networks from each other: packets from one Docker bridge that are about to enter another are "
            "dropped, before any rule below can accept them. Everything else returns."
        ),
    ),
    Shape(
        "filter (FORWARD|DOCKER-CT)",
        "-o {bridge} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        message(
            "This makes the firewall stateful: answers to requests from containers on {bridge} get in, and so does the rest of every "
            "connection that was let in. Without it a request gets out, but its answer is dropped."
        ),
    ),
    Shape(
        "filter FORWARD",
        "-o {bridge} -j DOCKER",
        message(
            "Leaving through {bridge} means going into that network, towards its containers, not out of the host. Packets of no known "
            "connection are checked against the chain DOCKER, where Docker accepts one by one the ports that containers publish."
        ),
    ),
    Shape(
        "filter DOCKER-BRIDGE",
        "-o {bridge} -j DOCKER",
        message(
            "Leaving through {bridge} means going into that network, towards its containers. The chain DOCKER accepts packets to "
            "published ports, and drops everything else from outside."
        ),
    ),
    Shape(
        "filter (FORWARD|DOCKER-FORWARD)",
        "-i {bridge} ! -o {bridge} -j ACCEPT",
        message(
            "This is the way out: containers on {bridge} may open connections to the Internet and to the host's other "
            "networks. It takes outward packets only; the answers come in the other direction, and need the rule for "
            "RELATED,ESTABLISHED."
        ),
    ),
    Shape(
        "filter (FORWARD|DOCKER-FORWARD)",
        "-i {bridge} -o {bridge} -j ACCEPT",
        message(
            "This lets the containers on {bridge} talk to each other. The bridge switches such packets by itself; the firewall "
            "sees them only where br_netfilter is loaded and net.bridge.bridge-nf-call-iptables (for IPv6, "
            "net.bridge.bridge-nf-call-ip6tables) is 1."
        ),
    ),
    Shape(
        "filter (FORWARD|DOCKER-FORWARD)",
        "-i {bridge} -o {bridge} -j DROP",
        message(
            "This implements Docker's icc=false: containers on {bridge} may not talk to each other. It works only "
            "where br_netfilter is loaded and net.bridge.bridge-nf-call-iptables (for IPv6, "
            "net.bridge.bridge-nf-call-ip6tables) is 1, since the bridge switches such packets by itself."
        ),
    ),
    Shape(
        "filter FORWARD",
        "-j DOCKER-FORWARD",
        message(
            "Since 28.0.1, everything that Docker decides about forwarded packets is in this chain. Docker does not touch FORWARD again, "
            "so rules that you append to FORWARD come after Docker's."
        ),
    ),
    Shape(
        "filter DOCKER-FORWARD",
        "-j DOCKER-CT",
        message("Known connections come first: DOCKER-CT accepts their packets into any Docker network."),
    ),
    Shape(
        "filter DOCKER-FORWARD",
        "-j DOCKER-INTERNAL",
        message(
            "Next come the internal networks (docker network create --internal): the chain drops packets into or out of them, and is "
            "empty if there are none."
        ),
    ),
    Shape(
        "filter DOCKER-FORWARD",
        "-j DOCKER-BRIDGE",
        message("Here packets are sorted by the Docker network that they are about to enter; DOCKER-BRIDGE has one rule for each."),
    ),
    Shape(
        "filter DOCKER-FORWARD",
        "-i {bridge} -j ACCEPT",
        message(
            "Containers on {bridge} may send packets out, and to containers on the same bridge: up to Docker 27, these were two rules. "
            "The rules above have already decided about packets into another Docker network."
        ),
    ),
    Shape(
        "filter FORWARD",
        "-i {bridge} -j ACCEPT",
        message("Everything from {bridge} may be forwarded, out of it and back into it; only the answers need another rule."),
    ),
    Shape(
        "filter FORWARD",
        "-m set --match-set docker-ext-bridges-v[46] dst -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        message(
            "Docker 28.0.0, and no other release, keeps the subnets of its networks in this ipset, so that one rule accepts the answers "
            "into all of them."
        ),
    ),
    Shape(
        "filter FORWARD",
        "-m set --match-set docker-ext-bridges-v[46] dst -j DOCKER",
        message(
            "Docker 28.0.0, and no other release, keeps the subnets of its networks in this ipset: packets to any of them are checked "
            "against the chain DOCKER, which accepts published ports and drops the rest."
        ),
    ),
    Shape(
        "filter DOCKER-ISOLATION-STAGE-1",
        "-i {bridge} ! -o {bridge} -j DOCKER-ISOLATION-STAGE-2",
        message(
            "Stage 1 of two: it selects packets that leave the network {bridge}. Stage 2 checks where they are going."
        ),
    ),
    Shape(
        "filter DOCKER-ISOLATION-STAGE-1",
        "-o {bridge} -j RETURN",
        message(
            "The gateway mode of the network {bridge} is routed: containers of other Docker networks may reach its published "
            "ports at the containers' own addresses, so the isolation does not apply."
        ),
    ),
    Shape(
        "filter DOCKER-ISOLATION-STAGE-1",
        "-j RETURN",
        message("Packets that do not leave a Docker network are not isolated; they go on to the rules after the jump."),
    ),
    Shape(
        "filter DOCKER-ISOLATION-STAGE-2",
        "-o {bridge} -j DROP",
        message(
            "Only packets that have just left another Docker network get here; those about to enter {bridge} are dropped. "
            "That is why containers on two Docker networks cannot reach each other."
        ),
    ),
    Shape(
        "filter DOCKER-ISOLATION-STAGE-2",
        "-j RETURN",
        message("Packets that do not go to a Docker network, such as to the Internet, are not isolated."),
    ),
    Shape(
        "filter (DOCKER-ISOLATION-STAGE-1|DOCKER-INTERNAL)",
        "! -d {subnet} -i {bridge} … -j DROP",
        message(
            "{bridge} is an internal network (docker network create --internal): its containers cannot reach anything outside "
            "{subnet}."
        ),
    ),
    Shape(
        "filter (DOCKER-ISOLATION-STAGE-1|DOCKER-INTERNAL)",
        "! -s {subnet} … -o {bridge} -j DROP",
        message("{bridge} is an internal network (docker network create --internal): nothing from outside {subnet} gets in."),
    ),
    Shape(
        "filter DOCKER-USER",
        "-j RETURN",
        message(
            "Docker up to 28.2.1 puts this rule at the end of the chain. Your own rules must come before it (insert them with -I): rules "
            "appended after it are never reached."
        ),
    ),
    Shape(
        "filter DOCKER-USER",
        "… -m conntrack … --ctorigdstport {port} … -j (DROP|REJECT|RETURN|ACCEPT) …",
        message(
            "The published port is {port}; since DNAT has replaced it by the container's own port before this chain, only "
            "conntrack still knows it."
        ),
    ),
    Shape(
        "filter DOCKER",
        "-d {address} ! -i {bridge} -o {bridge} -p {protocol} -m {protocol} --dport {port} -j ACCEPT",
        message(
            "This is the filter half of a published port (docker run -p): it lets new connections in to the container at {address}, "
            "which already is their destination: by DNAT, or, in gateway mode routed, because the sender used it. The port here is the "
            "container's own, not the published one."
        ),
    ),
    Shape(
        "filter DOCKER",
        "! -i {bridge} -o {bridge} -j DROP",
        message(
            "Since Docker 28, every network has this rule: packets from outside that were not accepted above, because their port is not "
            "published, are dropped whatever the policy of FORWARD is."
        ),
    ),
    Shape(
        "filter DOCKER",
        "! -i {bridge} -o {bridge} -j ACCEPT",
        message(
            "The network's gateway mode is nat-unprotected: every port of every container on {bridge} is reachable from outside, "
            "published or not."
        ),
    ),
    Shape(
        "filter DOCKER",
        "-o {bridge} -p (icmp|ipv6-icmp) -j ACCEPT",
        message("The network's gateway mode is routed: other hosts have a route to its containers' own addresses, and may ping them."),
    ),
    Shape(
        "filter (FORWARD|DOCKER-FORWARD)",
        "-j DOCKER-INGRESS",
        message("This is for Docker Swarm: the routing mesh forwards packets for a service's published port to the ingress network."),
    ),
    Shape(
        "filter DOCKER-FORWARD",
        "-m mark --mark {mark} -j ACCEPT",
        message(
            "dockerd was started with --bridge-accept-fwmark to accept packets with this mark, so that rules outside Docker can decide."
        ),
    ),
    Shape(
        "filter DOCKER",
        "-d {address}(/32|/128) -i {bridge} -o {bridge} -p {protocol} -m {protocol} --dport {port} "
        "-m conntrack ! --ctorigdst {address} -j ACCEPT",
        message(
            "Containers on {bridge} may not talk to each other (icc=false), but a published port is open to all: connections to it at an "
            "address of the host, which got here by DNAT, are accepted. Connections to {address} itself are not."
        ),
    ),
    Shape(
        "filter DOCKER",
        "-i {bridge} -o {bridge} -p ipv6-icmp -m icmp6 --icmpv6-type (135|136)/?0? -j ACCEPT",
        message(
            "IPv6 finds the hardware address of a neighbour by neighbour discovery. It has to work between containers on {bridge} even "
            "though they may not talk to each other (icc=false)."
        ),
    ),
    *OTHER_TABLES,
)
