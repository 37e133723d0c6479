"""What statements of nft change in a packet: addresses and ports, marks, header fields."""

from collections.abc import Callable
from functools import partial

from netlab_magic.iptables.extensions.values import Span
from netlab_magic.netfilter.frame import Frame
from netlab_magic.netfilter.nft_fields import TRACKED, Operand
from netlab_magic.netfilter.nft_sets import Value, ValueRange, plain, span
from netlab_magic.netfilter.targets import Several, Unjudged, either, translated_to
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


def _span(value: Value) -> Span:
    """The addresses or ports that a value stands for. Raises ValueError for what is neither."""
    match value:
        case int():
            return Span(value, value)
        case ValueRange(first, last):
            return Span(first, last)
    raise ValueError(value)


def _address_and_port(target: Value | None, port: Value | None) -> tuple[Value | None, Value | None]:
    """Both are in a map's data, if that is concatenated."""
    match target:
        case ValueRange():
            return target, port
        case (address, number):
            return address, number
    return target, port


def translated(kind: str, to: Operand | None, by: Operand | None, ports: Span | None, is_prefix: bool, frame: Frame) -> Frame:
    """The first packet of a connection with another destination, or another source (nft_nat_eval).

    Where the kernel chooses among several, all are followed. With `is_prefix`, only the bits change that differ in a prefix's addresses
    (nft_nat_setup_netmap).
    """
    why = f"lets {kind} choose one of several addresses or ports"
    found: list[Frame] = []
    for target in to.possible(frame) if to else (None,):
        for port in by.possible(frame) if by else (None,):
            address, wanted = _address_and_port(target, port)
            try:
                addresses = _span(address) if address is not None else None
                spanned = _span(wanted) if wanted is not None else ports
            except ValueError:
                raise Unjudged(why) from None
            if (to is not None and address is None) or (by is not None and wanted is None):
                raise Unjudged(why)
            if is_prefix and addresses is not None:
                addresses = _mapped(addresses, frame.destination if kind == "dnat" else frame.source)
            try:
                found.append(translated_to(frame, kind, addresses, spanned))
            except Several as several:
                found += several.options
    chosen: Frame = either(why, found)
    return chosen


def _mapped(addresses: Span, own: int) -> Span:
    """The address in a network that has the place of `own` in its network."""
    inside = addresses.first ^ addresses.last
    address = (own & inside) | (addresses.first & ~inside)
    return Span(address, address)


def _numbers(value: Operand, frame: Frame) -> list[int]:
    found = [number for number in value.possible(frame) if isinstance(number, int)]
    if not found:
        raise Unjudged(f"sets something to {value.text}, which cannot be told")
    return found


def _with_each(value: Operand, frame: Frame, make: Callable[[Frame, int], Frame]) -> Frame:
    numbers = _numbers(value, frame)
    if len(numbers) == 1:
        return make(frame, numbers[0])
    found: Frame = either(f"sets something to {value.text}, which cannot be told", [make(frame, number) for number in numbers])
    return found


def marked(value: Operand, frame: Frame) -> Frame:
    """The packet with another mark."""
    return _with_each(value, frame, _marked)


def _marked(frame: Frame, mark: int) -> Frame:
    if mark == frame.mark:
        return frame
    after = frame.copied()
    after.mark = mark
    return after


def connection_marked(value: Operand, frame: Frame) -> Frame:
    """A packet without a connection has none to mark, and the rule goes on (nft_ct_set_eval)."""
    return _with_each(value, frame, _connection_marked)


def _connection_marked(frame: Frame, mark: int) -> Frame:
    if not TRACKED.test(frame) or mark == frame.connection_mark:
        return frame
    after = frame.copied()
    after.connection_mark = mark
    return after


def header_changed(field: str, value: Operand, frame: Frame) -> Frame:
    """The packet with another time to live, hop limit, DSCP or ECN."""
    return _with_each(value, frame, partial(_header_changed, field))


def _header_changed(field: str, frame: Frame, number: int) -> Frame:
    after = frame.copied()
    if field in ("ttl", "hoplimit"):
        after.ttl = number & 0xFF
    elif field == "dscp":
        after.tos = (frame.tos & 3) | (number & 0x3F) << 2
    else:
        after.tos = (frame.tos & ~3) | number & 3
    return after
