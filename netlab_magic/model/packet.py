"""One packet as a value: what the rules of a firewall can see of it, and of the connection that it belongs to."""

import msgspec

__all__ = ["Flow", "Packet"]


class Flow(msgspec.Struct, frozen=True):
    """Where the packets of one direction come from and go to, as connection tracking remembers it; the ports are 0 without ports."""

    source: str
    destination: str
    source_port: int = 0
    destination_port: int = 0

    def turned(self) -> "Flow":
        """The same flow the other way."""
        return Flow(self.destination, self.source, self.destination_port, self.source_port)


class Packet(msgspec.Struct, frozen=True):
    """A packet, at the place where it is.

    `protocol` is a name as `-p` takes it. `input` and `output` are the interfaces, "" where there is none: a packet that a program of
    the host sends has no input. `port_in` and `port_out` are the ports of a bridge that a frame comes in and leaves through; `input` is
    the bridge then. `state`, `status` and `direction` are conntrack's words; `original` and `reply` are the two flows of its connection,
    None for the packet's own, and `connection_protocol` is their protocol, "" for the packet's own. `attached` tells that the packet did
    not get its connection from connection tracking but was made with it: what a host says about a packet that it refused. `length` counts
    the bytes of the IP packet; `flags` are the TCP flags that are set.
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

    def __str__(self) -> str:
        """The packet in a few words: `tcp 10.0.0.2:40000 → 10.0.0.3:80, NEW`."""
        ends = [
            f"{f'[{address}]' if ':' in address and port else address}{f':{port}' if port else ''}"
            for address, port in ((self.source, self.source_port), (self.destination, self.destination_port))
        ]
        kind = f" type {self.icmp_type}" if "icmp" in self.protocol else ""
        return f"{self.protocol}{kind} {ends[0]} → {ends[1]}{f', {self.state}' if self.state else ''}"
