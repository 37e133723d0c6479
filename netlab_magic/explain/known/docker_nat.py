"""The purpose of Docker's rules outside the filter table: published ports, masquerading and protection in nat and raw, DNS."""

from netlab_magic.explain.known.patterns import Shape
from netlab_magic.i18n import message

__all__ = ["OTHER_TABLES"]

OTHER_TABLES = (
    Shape(
        "nat PREROUTING",
        "-m addrtype --dst-type LOCAL -j DOCKER",
        message(
            "Only packets to this host itself can be for a published port. They are checked against the chain DOCKER before the routing "
            "decision, so that they can still be sent to a container."
        ),
    ),
    Shape(
        "nat OUTPUT",
        "! -d (127.0.0.0/8|::1/128) -m addrtype --dst-type LOCAL -j DOCKER",
        message(
            "Packets from this host itself do not pass PREROUTING, so published ports are checked here as well. Loopback addresses are "
            "excluded: docker-proxy answers there."
        ),
    ),
    Shape(
        "nat OUTPUT",
        "-m addrtype --dst-type LOCAL -j DOCKER",
        message(
            "Packets from this host itself do not pass PREROUTING, so published ports are checked here as well, including those on "
            "loopback addresses, since docker-proxy is switched off (userland-proxy=false)."
        ),
    ),
    Shape(
        "nat POSTROUTING",
        "-s {subnet} ! -o {bridge} -j MASQUERADE …",
        message(
            "This is how the containers in {subnet} reach other networks: no one outside has a route back to their private addresses, so "
            "they use the host's. Packets that stay on {bridge} keep their address."
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
            "This is for hairpin connections: the container at {address} reaches itself through its own published port. Without this "
            "rule, it would get a packet back with its own address as source and discard it."
        ),
    ),
    Shape(
        "nat POSTROUTING",
        "-o {bridge} -m addrtype --src-type LOCAL -j (MASQUERADE|SNAT) …",
        message(
            "Docker writes this with userland-proxy=false: packets from the host to a published port at 127.0.0.1 would otherwise reach "
            "the container with a loopback source address, which it cannot answer."
        ),
    ),
    Shape(
        "nat DOCKER",
        "-i {bridge} -j RETURN",
        message(
            "Containers on {bridge} skip DNAT when they connect to a published port of the host; docker-proxy on the host answers them. "
            "Docker 29 no longer adds this rule."
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
            "FORWARD, with the container's address, and never INPUT. Packets from {bridge} itself are left to docker-proxy."
        ),
    ),
    Shape(
        "nat DOCKER",
        "… -p {protocol} -m {protocol} --dport {port} -j DNAT --to-destination {container}",
        message(
            "This is the nat half of a published port, with userland-proxy=false: it applies to containers too, so that they reach each "
            "other's published ports without docker-proxy. The packet is forwarded from now on: it passes FORWARD, and never INPUT."
        ),
    ),
    Shape(
        "raw PREROUTING",
        "-d {address} ! -i lo -p {protocol} -m {protocol} --dport {port} -j DROP",
        message(
            "The port is published on a loopback address, so it is for this host only; packets to it that come from a network are "
            "dropped."
        ),
    ),
    Shape(
        "raw PREROUTING",
        "-d 127.{rest} -i loopback0 -p {protocol} -m {protocol} --dport {port} -j ACCEPT",
        message(
            "This is for Docker under Windows (WSL2 in mirrored mode), where the host's own packets to 127.0.0.1 come in through "
            "loopback0: they are accepted before the next rule, which is for packets from a network."
        ),
    ),
    Shape(
        "raw PREROUTING",
        "-d {address}(/32|/128) -i {interface} -j ACCEPT",
        message(
            "The network trusts {interface} (com.docker.network.bridge.trusted_host_interfaces): packets that come in through it may go "
            "to the container at {address} directly, bypassing its published ports."
        ),
    ),
    Shape(
        "raw PREROUTING",
        "-d {address}(/32|/128) ! -i {bridge} -j DROP",
        message(
            "Docker 28.2 and later protect the container at {address} from connections that bypass its published ports: only its own "
            "network may use its address. Packets for a published port still have the host's address here, since the raw table comes "
            "before DNAT."
        ),
    ),
    Shape(
        "raw PREROUTING",
        "-d {subnet} -i lo -j ACCEPT",
        message("Packets that this host sends to itself may go to any container in {subnet}; the next rule keeps others out."),
    ),
    Shape(
        "raw PREROUTING",
        "-d {subnet} ! -i {bridge} -j DROP",
        message(
            "Docker protects the containers in {subnet} from connections that bypass their published ports: only their own network may "
            "use their addresses. Packets for a published port still have the host's address here, since the raw table comes before "
            "DNAT."
        ),
    ),
    Shape(
        "raw PREROUTING",
        "-d {address} ! -i {bridge} -p {protocol} -m {protocol} --dport {port} -j DROP",
        message(
            "Docker 28.0 and 28.1 protect the container's port from connections to its own address that bypass the published one. "
            "Packets for the published port still have the host's address here, since the raw table comes before DNAT."
        ),
    ),
    Shape(
        "nat OUTPUT",
        "-d 127.0.0.11/32 -j DOCKER_OUTPUT",
        message("Inside a container: 127.0.0.11 is Docker's DNS server, which listens on random ports in this namespace."),
    ),
    Shape(
        "nat POSTROUTING",
        "-d 127.0.0.11/32 -j DOCKER_POSTROUTING",
        message(
            "Inside a container: packets between the container and Docker's DNS server at 127.0.0.11 get back port 53, which the "
            "container expects."
        ),
    ),
    Shape(
        "nat DOCKER_OUTPUT",
        "-d 127.0.0.11/32 -p {protocol} -m {protocol} --dport 53 -j DNAT --to-destination {server}",
        message("DNS queries from this container go to Docker's own DNS server, on the port where it really listens."),
    ),
    Shape(
        "nat DOCKER_POSTROUTING",
        "-s 127.0.0.11/32 -p {protocol} -m {protocol} --sport {port} -j SNAT …",
        message("Answers from Docker's DNS server appear to come from port 53, which the container asked."),
    ),
)
"""The forms of Docker's rules in the tables nat and raw, and of those inside containers."""
