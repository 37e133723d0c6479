"""What statements of nft change in a packet: addresses and ports, marks, header fields."""

from netlab_magic.iptables.extensions.values import Span
from netlab_magic.netfilter.frame import Frame
from netlab_magic.netfilter.nft_fields import TRACKED, Operand
from netlab_magic.netfilter.nft_sets import Value, plain, span
from netlab_magic.netfilter.targets import Unjudged, destined, port_after, sourced
from netlab_magic.nftables.expressions import Expression

__all__ = ["connection_marked", "header_changed", "marked", "ports_of", "translated"]


def ports_of(port: Expression | None) -> Span | None:
    """The ports of a translation. Raises ValueError for anything else."""
    if port is None:
        return None
    bounds = span(port)
    if bounds is not None:
        return Span(*bounds)
    number = plain(port)
    return Span(number, number) if isinstance(number, int) else None


def translated(kind: str, to: Operand | None, by: Operand | None, ports: Span | None, frame: Frame) -> Frame:
    """The first packet of a connection with another destination, or another source (nft_nat_eval)."""
    address: Value | None = to.get(frame) if to else (frame.destination if kind == "dnat" else frame.source)
    if by is not None:
        number = by.get(frame)
        ports = Span(number, number) if isinstance(number, int) else ports
    match address:
        case (int() as first, int() as number):
            address, ports = first, Span(number, number)
    if not isinstance(address, int) or (by is not None and ports is None):
        raise Unjudged(f"lets {kind} choose one of several addresses or ports")
    if kind == "dnat":
        return destined(frame, address, port_after(frame.destination_port, ports, kind))
    return sourced(frame, address, port_after(frame.source_port, ports, kind))


def _number(value: Operand, frame: Frame) -> int:
    found = value.get(frame)
    if not isinstance(found, int):
        raise Unjudged(f"sets something to {value.text}, which cannot be told")
    return found


def marked(value: Operand, frame: Frame) -> Frame:
    """The packet with another mark."""
    mark = _number(value, frame)
    if mark == frame.mark:
        return frame
    after = frame.copied()
    after.mark = mark
    return after


def connection_marked(value: Operand, frame: Frame) -> Frame:
    """A packet without a connection has none to mark, and the rule goes on (nft_ct_set_eval)."""
    mark = _number(value, frame)
    if not TRACKED.test(frame) or mark == frame.connection_mark:
        return frame
    after = frame.copied()
    after.connection_mark = mark
    return after


def header_changed(field: str, value: Operand, frame: Frame) -> Frame:
    """The packet with another time to live, hop limit, DSCP or ECN."""
    number = _number(value, frame)
    after = frame.copied()
    if field in ("ttl", "hoplimit"):
        after.ttl = number & 0xFF
    elif field == "dscp":
        after.tos = (frame.tos & 3) | (number & 0x3F) << 2
    else:
        after.tos = (frame.tos & ~3) | number & 3
    return after
