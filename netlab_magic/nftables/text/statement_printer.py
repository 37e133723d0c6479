"""Statements and rules as nft prints them."""

from collections.abc import Sequence
from ipaddress import IPv6Address

from netlab_magic.nftables import statements as s
from netlab_magic.nftables.datatypes import DATATYPES, Bitmask, datatype_named, without_names
from netlab_magic.nftables.expressions import AnonymousSet, Binary, Element, Expression, Range
from netlab_magic.nftables.text.expression_printer import (
    Style,
    element_text,
    expression_text,
    mapping_text,
    set_text,
    stateful_text,
    verdict_text,
)
from netlab_magic.nftables.text.words import ADDRESS, TARGET

__all__ = ["rule_text", "statement_text"]

_PORT = DATATYPES["inet_service"]
_DEVICE = DATATYPES["ifindex"]
_STATEFUL = (s.Counter, s.Limit, s.Quota, s.Last, s.ConnectionLimit)
_REFERENCES = {
    "counter": "counter name",
    "limit": "limit name",
    "quota": "quota name",
    "synproxy": "synproxy name",
    "secmark": "meta secmark set",
}


def rule_text(statements: Sequence[s.Statement], comment: str, family: str, style: Style) -> str:
    """The line of a rule; `family` is that of its table."""
    words = [statement_text(statement, family, style) for statement in statements]
    return " ".join([*words, f'comment "{comment}"'] if comment else words)


def statement_text(statement: s.Statement, family: str, style: Style) -> str:
    """One statement."""
    if isinstance(statement, _STATEFUL):
        return stateful_text(statement, style)
    match statement:
        case s.Match(left, operator, right):
            return _match_text(left, operator, right, style)
        case s.Verdict():
            return verdict_text(statement)
        case s.VerdictMap(key, mapping):
            return f"{expression_text(key, style)} vmap {mapping_text(key, mapping, style, ())}"
        case s.Assignment(target, value):
            kind = style.datatype(target)
            shown = ",".join(kind.flags(value)) if isinstance(kind, Bitmask) and isinstance(value, int) else None
            return f"{expression_text(target, style)} set {shown or expression_text(value, style, (kind,))}"
        case s.Log():
            return _log_text(statement)
        case s.Reject():
            return _reject_text(statement, family, style)
        case s.Nat():
            return _nat_text(statement, style)
        case s.Masquerade(port, flags):
            return _translation_text("masquerade", port, flags, style)
        case s.Redirect(port, flags):
            return _translation_text("redirect", port, flags, style)
        case s.SetUpdate(operation, name, element):
            return f"{operation} @{name} {{ {_updated_text(element, style)} }}"
        case s.Meter(name, element, size):
            return f"meter {name} {'' if size is None else f'size {size} '}{{ {_updated_text(element, style)} }}"
        case s.ObjectReference(kind_of, name):
            shown = f'"{name}"' if isinstance(name, str) else expression_text(name, style, (DATATYPES["string"],))
            return f"{_REFERENCES.get(kind_of, kind_of + ' set')} {shown}"
    return _small_text(statement, style)


def _small_text(statement: s.Statement, style: Style) -> str:
    match statement:
        case s.Notrack():
            return "notrack"
        case s.Tproxy(family, address, port):
            return f"tproxy {f'{family} ' if family else ''}to {_endpoint_text(address, port, style)}"
        case s.Synproxy(mss, wscale, flags):
            sizes = [f"mss {mss}"] * (mss is not None) + [f"wscale {wscale}"] * (wscale is not None)
            return " ".join(["synproxy", *sizes, *flags])
        case s.Queue(number, flags):
            shown = expression_text(number, style, (DATATYPES["integer"],))
            said = f"flags {','.join(flags)} " if flags else ""
            return f"queue {said}to {shown}"
        case s.Dup(to, device):
            return f"dup to {expression_text(to, style, (TARGET,))}{_device_text(device, style)}"
        case s.Forward(device, family, address):
            if address is None:
                return f"fwd to {expression_text(device, style, (_DEVICE,))}"
            return f"fwd {family} to {expression_text(address, style, (ADDRESS,))}{_device_text(device, style)}"
        case s.FlowAdd(flowtable):
            return f"flow add @{flowtable}"
        case s.ResetOption(option):
            return f"reset {expression_text(option, style)}"
        case s.Xt(kind, name):
            return f'xt {kind} "{name}"'
        case s.Unknown(text):
            return text
    raise ValueError(statement)


def _device_text(device: Expression | None, style: Style) -> str:
    return "" if device is None else f" device {expression_text(device, style, (_DEVICE,))}"


def _match_text(left: Expression, operator: str, right: Expression, style: Style) -> str:
    types = style.datatypes(left)
    flags = types[0] if isinstance(types[0], Bitmask) and len(types) == 1 else None
    shown = expression_text(left, style)
    if isinstance(right, AnonymousSet):
        text = set_text(right, types, style, ())
    elif flags and isinstance(right, int) and isinstance(left, Binary) and isinstance(left.right, int) and left.operator == "&":
        return _masked_text(left, operator, right, flags, style)
    elif flags and isinstance(right, int):
        names = flags.flags(right)
        text = ",".join(names) if operator in ("in", "!") or len(names) == 1 else hex(right)
    else:
        text = expression_text(right, style, types)
    implied = operator == "in" or (operator == "==" and not isinstance(left, Binary) and (flags is None or not isinstance(right, int)))
    return f"{shown} {text}" if implied else f"{shown} {operator} {text}"


def _masked_text(left: Binary, operator: str, right: int, flags: Bitmask, style: Style) -> str:
    """`tcp flags & (fin | syn) == syn`; releases before 1.1 write `tcp flags syn / fin,syn`."""
    mask = flags.flags(left.right) if isinstance(left.right, int) else []
    names = flags.flags(right)
    if not style.recent and len(mask) > 1:
        said = "" if operator == "==" else f"{operator} "
        return f"{expression_text(left.left, style)} {said}{','.join(names)} / {','.join(mask)}"
    return f"{expression_text(left, style)} {operator} {' | '.join(names)}"


def _log_text(log: s.Log) -> str:
    words = ["log"]
    if log.prefix is not None:
        words.append(f'prefix "{log.prefix}"')
    if log.level != "warn":
        words.append(f"level {log.level}")
    for name, value in (("group", log.group), ("snaplen", log.snaplen), ("queue-threshold", log.queue_threshold)):
        if value is not None:
            words.append(f"{name} {value}")
    tcp = [flag.removeprefix("tcp ") for flag in log.flags if flag.startswith("tcp ")]
    if tcp:
        words.append(f"flags tcp {','.join(tcp)}")
    words += [f"flags {flag}" for flag in log.flags if not flag.startswith("tcp ")]
    return " ".join(words)


def _reject_text(reject: s.Reject, family: str, style: Style) -> str:
    if reject == s.bare_reject(family):
        return "reject"
    if reject.code is None:
        return f"reject with {reject.kind}"
    codes = DATATYPES[f"{reject.kind}_code"]
    return f"reject with {reject.kind} {(without_names(codes) if style.numeric else codes).show(reject.code)}"


def _nat_text(nat: s.Nat, style: Style) -> str:
    words = [nat.kind, nat.family, *("addr . port" if mode == "concat" else mode for mode in nat.modes), "to"]
    target = _endpoint_text(nat.address, nat.port, style)
    return " ".join(word for word in (*words, target, ",".join(nat.flags)) if word)


def _endpoint_text(address: Expression | None, port: Expression | None, style: Style) -> str:
    if address is None:
        return f":{_port_text(port, style)}"
    shown = expression_text(address, style, (ADDRESS, _PORT))
    if port is None:
        return shown
    if isinstance(address, IPv6Address):
        shown = f"[{shown}]"
    elif isinstance(address, Range) and isinstance(address.low, IPv6Address):
        shown = f"[{ADDRESS.show(address.low)}]-[{ADDRESS.show(address.high)}]"
    return f"{shown}:{_port_text(port, style)}"


def _port_text(port: Expression | None, style: Style) -> str:
    return expression_text(port, style, (_PORT,))


def _translation_text(name: str, port: Expression | None, flags: Sequence[str], style: Style) -> str:
    target = "" if port is None else f"to :{_port_text(port, style)}"
    return " ".join(word for word in (name, target, ",".join(flags)) if word)


def _updated_text(element: Element, style: Style) -> str:
    """What a packet puts into a set: times stand before counters there, other than in a listed set."""
    key = expression_text(element.key, style)
    parts = [key]
    bare = Element(0, timeout=element.timeout, expires=element.expires)
    times = element_text(bare, (_PORT,), (), style)[2:]
    if times:
        parts.append(times)
    parts += [stateful_text(statement, style) for statement in element.statements]
    if element.comment:
        parts.append(f'comment "{element.comment}"')
    if element.data is not None:
        parts.append(f": {expression_text(element.data, style, (datatype_named(''),))}")
    return " ".join(parts)
