"""What Docker's rules are for, of every layout of its iptables backend from 20.10 to 29: those of the filter table, then all others."""

from netlab_magic.explain.known.docker_nat import OTHER_TABLES
from netlab_magic.explain.known.patterns import Shape
from netlab_magic.i18n import message

__all__ = ["DOCKER"]

DOCKER = (
    Shape(
        "filter FORWARD",
        "-j DOCKER-USER",
        message(
            "Docker keeps this chain for your own rules: it stands before all of Docker's, and Docker leaves alone what is "
            "in it. DNAT is done by then, so your rules see the container's address and port; the published ones are seen "
            "only by -m conntrack --ctorigdst and --ctorigdstport."
        ),
    ),
    Shape(
        "filter (FORWARD|DOCKER-FORWARD)",
        "-j DOCKER-ISOLATION-STAGE-1",
        message(
            "Here Docker keeps its networks apart: what comes from one Docker bridge and is about to enter another one is "
            "dropped, before any rule below can accept it. Everything else comes back."
        ),
    ),
    Shape(
        "filter (FORWARD|DOCKER-CT)",
        "-o {bridge} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        message(
            "This makes the firewall stateful: answers to what containers on {bridge} have asked for get in, and so does the "
            "rest of every connection that was once let in. Without it a request gets out, but its answer is dropped."
        ),
    ),
    Shape(
        "filter FORWARD",
        "-o {bridge} -j DOCKER",
        message(
            "Leaving through {bridge} means going into that network, towards its containers, not out of the host. What "
            "belongs to no known connection is checked against the chain DOCKER, where Docker accepts one by one the ports "
            "that containers publish."
        ),
    ),
    Shape(
        "filter DOCKER-BRIDGE",
        "-o {bridge} -j DOCKER",
        message(
            "Leaving through {bridge} means going into that network, towards its containers. The chain DOCKER accepts what "
            "goes to a published port, and drops whatever else comes from outside."
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
            "This lets the containers on {bridge} talk to each other. The bridge switches such packets by itself; iptables "
            "sees them only where br_netfilter is loaded and net.bridge.bridge-nf-call-iptables is 1."
        ),
    ),
    Shape(
        "filter (FORWARD|DOCKER-FORWARD)",
        "-i {bridge} -o {bridge} -j DROP",
        message(
            "This is what Docker's icc=false comes to: containers on {bridge} may not talk to each other. It works only "
            "where br_netfilter is loaded and net.bridge.bridge-nf-call-iptables is 1, since the bridge switches such "
            "packets by itself."
        ),
    ),
    Shape(
        "filter FORWARD",
        "-j DOCKER-FORWARD",
        message(
            "Since 28.0.1 all that Docker decides about forwarded packets is in this one chain. Docker does not touch "
            "FORWARD again, so rules that you append to FORWARD come after Docker's."
        ),
    ),
    Shape(
        "filter DOCKER-FORWARD",
        "-j DOCKER-CT",
        message("Connections that were let in once come first: DOCKER-CT accepts their packets on the way into any Docker network."),
    ),
    Shape(
        "filter DOCKER-FORWARD",
        "-j DOCKER-INTERNAL",
        message(
            "Next come the internal networks (docker network create --internal): the chain drops what would get into or out "
            "of them, and is empty where there is none."
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
            "Whatever containers on {bridge} send may go out, and may go to containers on the same bridge: one rule for what "
            "were two up to Docker 27. What is about to enter another Docker network has been decided on by the rules above."
        ),
    ),
    Shape(
        "filter FORWARD",
        "-i {bridge} -j ACCEPT",
        message("Whatever comes from {bridge} may be forwarded, out of it as well as back into it; only the answers need another rule."),
    ),
    Shape(
        "filter FORWARD",
        "-m set --match-set docker-ext-bridges-v4 dst -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        message(
            "Docker 28.0.0, and no other release, keeps the subnets of its networks in this ipset, so that one rule lets the "
            "answers into all of them."
        ),
    ),
    Shape(
        "filter FORWARD",
        "-m set --match-set docker-ext-bridges-v4 dst -j DOCKER",
        message(
            "Docker 28.0.0, and no other release, keeps the subnets of its networks in this ipset: what goes to any of them "
            "is checked against the chain DOCKER, which accepts published ports and drops the rest."
        ),
    ),
    Shape(
        "filter DOCKER-ISOLATION-STAGE-1",
        "-i {bridge} ! -o {bridge} -j DOCKER-ISOLATION-STAGE-2",
        message(
            "Stage 1 of two: it picks what comes from the network {bridge} and leaves it. Where such a packet is going is "
            "the question of stage 2."
        ),
    ),
    Shape(
        "filter DOCKER-ISOLATION-STAGE-1",
        "-o {bridge} -j RETURN",
        message(
            "The gateway mode of the network {bridge} is routed: containers of other Docker networks may reach its published "
            "ports at the containers' own addresses, so the isolation does not hold them up."
        ),
    ),
    Shape(
        "filter DOCKER-ISOLATION-STAGE-1",
        "-j RETURN",
        message("What does not leave a Docker network is none of the isolation's business, and goes on to the rules that follow the jump."),
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
        message("What goes to no Docker network, such as to the Internet, is not held up by the isolation."),
    ),
    Shape(
        "filter (DOCKER-ISOLATION-STAGE-1|DOCKER-INTERNAL)",
        "! -d {subnet} -i {bridge} … -j DROP",
        message("{bridge} is an internal network (docker network create --internal): its containers reach nothing outside of {subnet}."),
    ),
    Shape(
        "filter (DOCKER-ISOLATION-STAGE-1|DOCKER-INTERNAL)",
        "! -s {subnet} … -o {bridge} -j DROP",
        message("{bridge} is an internal network (docker network create --internal): nothing from outside of {subnet} gets in."),
    ),
    Shape(
        "filter DOCKER-USER",
        "-j RETURN",
        message(
            "Docker up to 28.2.1 puts this rule at the end of the chain. Your own rules must stand before it (insert them "
            "with -I): what is appended behind it is never reached."
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
            "This is the filter half of a published port (docker run -p): it lets new connections in to the container at "
            "{address}, which is their destination already: by DNAT, or in gateway mode routed because the sender asked for "
            "it. The port here is the container's own, not the published one."
        ),
    ),
    Shape(
        "filter DOCKER",
        "! -i {bridge} -o {bridge} -j DROP",
        message(
            "Since Docker 28 every network has this rule: what comes from outside and was not accepted above, because no "
            "port is published for it, is dropped, whatever the policy of FORWARD is."
        ),
    ),
    Shape(
        "filter DOCKER",
        "! -i {bridge} -o {bridge} -j ACCEPT",
        message(
            "The network's gateway mode is nat-unprotected: from outside, every port of every container on {bridge} can be "
            "reached, published or not."
        ),
    ),
    Shape(
        "filter DOCKER",
        "-o {bridge} -p (icmp|ipv6-icmp) -j ACCEPT",
        message("The network's gateway mode is routed: other hosts know the way to its containers' own addresses, and may ping them."),
    ),
    Shape(
        "filter (FORWARD|DOCKER-FORWARD)",
        "-j DOCKER-INGRESS",
        message("This is for Docker Swarm: the routing mesh passes what comes for a service's published port on to the ingress network."),
    ),
    Shape(
        "filter DOCKER-FORWARD",
        "-m mark --mark {mark} -j ACCEPT",
        message(
            "dockerd was told to let pass whatever carries this mark (--bridge-accept-fwmark), so that rules outside of Docker can decide."
        ),
    ),
    Shape(
        "filter DOCKER",
        "-d {address}(/32|/128) -i {bridge} -o {bridge} -p {protocol} -m {protocol} --dport {port} "
        "-m conntrack ! --ctorigdst {address} -j ACCEPT",
        message(
            "Containers on {bridge} may not talk to each other (icc=false), but a published port is for everybody: who asked for it at "
            "an address of the host, and got here by DNAT, is let in. Who asked for {address} itself is not."
        ),
    ),
    Shape(
        "filter DOCKER",
        "-i {bridge} -o {bridge} -p ipv6-icmp -m icmp6 --icmpv6-type (135|136)/?0? -j ACCEPT",
        message(
            "Neighbour discovery is IPv6's way to find the hardware address of a neighbour. It has to work between containers on "
            "{bridge} although they may not talk to each other (icc=false)."
        ),
    ),
    *OTHER_TABLES,
)
