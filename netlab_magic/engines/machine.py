"""What is read of a machine besides its topology and rules: the sysctls that affect packets, and what its containers are called."""

import msgspec

__all__ = ["CONTAINER", "PACKET_SYSCTLS", "Machine"]

PACKET_SYSCTLS = (
    "net.ipv4.ip_forward",
    "net.ipv6.conf.all.forwarding",
    "net.bridge.bridge-nf-call-iptables",
    "net.bridge.bridge-nf-call-ip6tables",
    "net.ipv4.icmp_echo_ignore_all",
    "net.ipv6.icmp.echo_ignore_all",
)
"""The sysctls of a namespace that affect packets, besides those of its devices."""

CONTAINER = "container:"
"""How the target of `attach` begins that is a container's name."""


class Machine(msgspec.Struct, frozen=True):
    """What is known of an attached machine besides its network: `aliases` are further words for namespaces, such as a container's ID.

    `stopped` are the containers that do not run, and so have no network; `silent` are the daemons' sockets that gave no answer, each with
    the reason.
    """

    aliases: dict[str, str] = {}
    stopped: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
