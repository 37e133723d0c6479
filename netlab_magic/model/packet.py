"""A packet as firewall rules see it, with the connection it belongs to."""

import msgspec

__all__ = ["Flow", "Packet"]


class Flow(msgspec.Struct, frozen=True):
    """Source and destination of one direction of a connection (a conntrack tuple); the ports are 0 for protocols without ports."""

    source: str
    destination: str
    source_port: int = 0
    destination_port: int = 0

    def turned(self) -> "Flow":
        """The same flow in the opposite direction."""
        return Flow(self.destination, self.source, self.destination_port, self.source_port)


class Packet(msgspec.Struct, frozen=True):
    """A packet at one point of its path.

    `protocol` is a name as `-p` takes it. `input` and `output` are the interfaces, or "" if there is none: a packet sent by a program on
    the host has no input. `port_in` and `port_out` are the bridge ports that a frame enters and leaves through; `input` is then the
    bridge. `state`, `status` and `direction` are conntrack's words; `original` and `reply` are the two flows of the connection, None if
    they are the packet's own, and `connection_protocol` is their protocol, "" if it is the packet's own. `attached` is set for an ICMP
    error or reset that the kernel created with the connection of the packet it rejects (nf_ct_attach); `half_attached` is set if that
    packet was untracked, so that only its state, RELATED, was attached. `length` is the length of the IP packet in bytes; `flags` are the
    TCP flags that are set.
    """

    source: str
    destination: str
    protocol: str = "tcp"
    source_port: int = 0
    destination_port: int = 0
    icmp_type: int = 0
    icmp_code: int = 0
    flags: frozenset[str] = frozenset()
    input: str = ""
    output: str = ""
    port_in: str = ""
    port_out: str = ""
    state: str = "NEW"
    status: frozenset[str] = frozenset()
    direction: str = "ORIGINAL"
    original: Flow | None = None
    reply: Flow | None = None
    mark: int = 0
    connection_mark: int = 0
    length: int = 60
    ttl: int = 64
    tos: int = 0
    attached: bool = False
    connection_protocol: str = ""
    half_attached: bool = False

    def __str__(self) -> str:
        """The packet in a few words: `tcp 10.0.0.2:40000 → 10.0.0.3:80, NEW`."""
        ends = [
            f"{f'[{address}]' if ':' in address and port else address}{f':{port}' if port else ''}"
            for address, port in ((self.source, self.source_port), (self.destination, self.destination_port))
        ]
        kind = f" type {self.icmp_type}" if "icmp" in self.protocol else ""
        return f"{self.protocol}{kind} {ends[0]} → {ends[1]}{f', {self.state}' if self.state else ''}"
