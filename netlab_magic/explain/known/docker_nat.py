"""What Docker's rules outside of the filter table are for: published ports, ways out and closed ways in nat and raw, DNS."""

from netlab_magic.explain.known.patterns import Shape
from netlab_magic.i18n import message

__all__ = ["OTHER_TABLES"]

OTHER_TABLES = (
    Shape(
        "nat PREROUTING",
        "-m addrtype --dst-type LOCAL -j DOCKER",
        message(
            "Only what is addressed to this host itself can be meant for a published port. It is looked up in the chain "
            "DOCKER before the routing decision, so that it can still be sent to a container."
        ),
    ),
    Shape(
        "nat OUTPUT",
        "! -d (127.0.0.0/8|::1/128) -m addrtype --dst-type LOCAL -j DOCKER",
        message(
            "What this host itself sends does not pass PREROUTING, so published ports are looked up here as well. Loopback "
            "addresses are left out: there docker-proxy answers."
        ),
    ),
    Shape(
        "nat OUTPUT",
        "-m addrtype --dst-type LOCAL -j DOCKER",
        message(
            "What this host itself sends does not pass PREROUTING, so published ports are looked up here as well, those on "
            "loopback addresses included, since docker-proxy is switched off (userland-proxy=false)."
        ),
    ),
    Shape(
        "nat POSTROUTING",
        "-s {subnet} ! -o {bridge} -j MASQUERADE …",
        message(
            "This is how the containers in {subnet} reach other networks: nobody outside knows the way back to their private "
            "addresses, so they borrow the host's. What stays on {bridge} keeps its address."
        ),
    ),
    Shape(
        "nat POSTROUTING",
        "-s {subnet} ! -o {bridge} -j SNAT …",
        message(
            "This is how the containers in {subnet} reach other networks, always with the same one of the host's addresses, "
            "because the network names it (com.docker.network.host_ipv4)."
        ),
    ),
    Shape(
        "nat POSTROUTING",
        "-s {address} -d {address} -p {protocol} -m {protocol} --dport {port} -j MASQUERADE",
        message(
            "This is for the hairpin: the container at {address} reaches itself through its own published port. Without it, "
            "a packet would come back to it with its own address as source, and be of no use."
        ),
    ),
    Shape(
        "nat POSTROUTING",
        "-o {bridge} -m addrtype --src-type LOCAL -j (MASQUERADE|SNAT) …",
        message(
            "Docker writes this with userland-proxy=false: what the host sends to a published port at 127.0.0.1 would "
            "otherwise get to the container with a loopback address as its source, to which it cannot answer."
        ),
    ),
    Shape(
        "nat DOCKER",
        "-i {bridge} -j RETURN",
        message(
            "Containers on {bridge} skip DNAT when they call a published port of the host; docker-proxy on the host answers "
            "them. Docker 29 does not write this rule any more."
        ),
    ),
    Shape(
        "nat DOCKER",
        "-d 127.0.0.0/8 -i loopback0 -j RETURN",
        message(
            "This is for Docker under Windows (WSL2 in mirrored mode), where the host's own packets to 127.0.0.1 come in through "
            "loopback0: they skip DNAT, and docker-proxy answers them."
        ),
    ),
    Shape(
        "nat DOCKER",
        "… -d {host} ! -i {bridge} -p {protocol} -m {protocol} --dport {port} -j DNAT --to-destination {container}",
        message(
            "This is the nat half of a port that is published on {host} only (docker run -p ADDRESS:PORT:PORT). The packet "
            "is forwarded from now on: it passes FORWARD, with the container's address, and never INPUT."
        ),
    ),
    Shape(
        "nat DOCKER",
        "… ! -i {bridge} -p {protocol} -m {protocol} --dport {port} -j DNAT --to-destination {container}",
        message(
            "This is the nat half of a published port (docker run -p). The packet is forwarded from now on: it passes "
            "FORWARD, with the container's address, and never INPUT. What comes from {bridge} itself is left to docker-proxy."
        ),
    ),
    Shape(
        "nat DOCKER",
        "… -p {protocol} -m {protocol} --dport {port} -j DNAT --to-destination {container}",
        message(
            "This is the nat half of a published port, with userland-proxy=false: it holds for containers too, so that they "
            "reach each other's published ports without docker-proxy. The packet is forwarded from now on: it passes "
            "FORWARD, and never INPUT."
        ),
    ),
    Shape(
        "raw PREROUTING",
        "-d {address} ! -i lo -p {protocol} -m {protocol} --dport {port} -j DROP",
        message(
            "The port is published on a loopback address, so it is for this host alone; packets that come from a network and "
            "claim to go there are dropped."
        ),
    ),
    Shape(
        "raw PREROUTING",
        "-d 127.{rest} -i loopback0 -p {protocol} -m {protocol} --dport {port} -j ACCEPT",
        message(
            "This is for Docker under Windows (WSL2 in mirrored mode), where the host's own packets to 127.0.0.1 come in through "
            "loopback0: they are let past the next rule, which is for what comes from a network."
        ),
    ),
    Shape(
        "raw PREROUTING",
        "-d {address}(/32|/128) -i {interface} -j ACCEPT",
        message(
            "The network trusts {interface} (com.docker.network.bridge.trusted_host_interfaces): what comes in through it may go to the "
            "container at {address} directly, past its published ports."
        ),
    ),
    Shape(
        "raw PREROUTING",
        "-d {address}(/32|/128) ! -i {bridge} -j DROP",
        message(
            "Docker 28.2 and later keep the container at {address} from being reached past its published ports: only its own "
            "network may use its address. What comes for a published port still has the host's address here, since the raw "
            "table comes before DNAT."
        ),
    ),
    Shape(
        "raw PREROUTING",
        "-d {subnet} -i lo -j ACCEPT",
        message("What this host sends to itself may go to any container in {subnet}: it is the next rule that keeps others out."),
    ),
    Shape(
        "raw PREROUTING",
        "-d {subnet} ! -i {bridge} -j DROP",
        message(
            "Docker keeps the containers in {subnet} from being reached past their published ports: only their own network may use "
            "their addresses. What comes for a published port still has the host's address here, since the raw table comes before DNAT."
        ),
    ),
    Shape(
        "raw PREROUTING",
        "-d {address} ! -i {bridge} -p {protocol} -m {protocol} --dport {port} -j DROP",
        message(
            "Docker 28.0 and 28.1 keep the container's port from being reached at its own address, past the published one. "
            "What comes for the published port still has the host's address here, since the raw table comes before DNAT."
        ),
    ),
    Shape(
        "nat OUTPUT",
        "-d 127.0.0.11/32 -j DOCKER_OUTPUT",
        message("Inside a container: 127.0.0.11 is Docker's DNS server, which listens on ports of its own choice in this namespace."),
    ),
    Shape(
        "nat POSTROUTING",
        "-d 127.0.0.11/32 -j DOCKER_POSTROUTING",
        message(
            "Inside a container: what passes between the container and Docker's DNS server at 127.0.0.11 gets the port 53 "
            "back that the container expects."
        ),
    ),
    Shape(
        "nat DOCKER_OUTPUT",
        "-d 127.0.0.11/32 -p {protocol} -m {protocol} --dport 53 -j DNAT --to-destination {server}",
        message("DNS queries of this container go to Docker's own DNS server, at the port where it really listens."),
    ),
    Shape(
        "nat DOCKER_POSTROUTING",
        "-s 127.0.0.11/32 -p {protocol} -m {protocol} --sport {port} -j SNAT …",
        message("Answers of Docker's DNS server appear to come from port 53, where the container asked."),
    ),
)
"""The shapes of Docker's rules in the tables nat and raw, and of those inside of containers."""
