"""The compiled conditions of a rule: each option becomes a test of a frame that returns True, False or None (unknown)."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from operator import eq, gt, lt

from netlab_magic.iptables import extensions
from netlab_magic.iptables.extensions import HEADER, Extension
from netlab_magic.iptables.extensions.values import AddressRange, IcmpType, Masked, Network, Span
from netlab_magic.iptables.numbers import shown, word_of
from netlab_magic.iptables.ruleset import Match, Option, Rule
from netlab_magic.model.topology import possible_names
from netlab_magic.netfilter.condition import Condition, Test, Value, denied, unjudged
from netlab_magic.netfilter.frame import Frame
from netlab_magic.netfilter.set_match import in_a_set

__all__ = ["conditions", "is_destined", "is_sourced"]

_Number = Callable[[Frame], int]


def _always(_: Frame) -> bool:
    return True


def _never(_: Frame) -> bool:
    return False


def conditions(rule: Rule, family: str) -> tuple[Condition, ...]:
    """The conditions of a rule in its canonical form: its own options first, then match by match, as the kernel asks them.

    Raises ValueError for words that iptables would refuse.
    """
    found = [_made(_HEADER, HEADER, option, family) or unjudged(option.name) for option in rule.options]
    for match in rule.matches:
        found += _of_match(match, family)
    return tuple(found)


_Maker = Callable[..., Condition | None]
"""Makes a condition from an option and its values; None if it cannot be evaluated."""


def _made(makers: Mapping[str, _Maker], extension: Extension, option: Option, family: str) -> Condition | None:
    """The condition of an option; None if the model cannot evaluate it."""
    row, make = extension.parameter(option.name), makers.get(option.name)
    return make(option, *row.read(option.values, family)) if row and make else None


def _condition(option: Option, test: Test, seen: Value, about: str = "", field: str = "", only: int | None = None) -> Condition:
    wanted = " ".join(option.values) or "so"
    name = about or option.name.lstrip("-")
    if option.negated:
        return Condition(name, wanted, denied(test), seen, negated=True, field=field)
    return Condition(name, wanted, test, seen, field=field, only=only)


def _of_match(match: Match, family: str) -> Sequence[Condition]:
    """The conditions of a match; a single unknown one if one of its options cannot be evaluated."""
    extension = extensions.match(match.module)
    if extension and extension.holds_always:
        return []
    if match.module == "set":
        return [in_a_set(match, family)]
    makers = _MATCHES.get(match.module)
    unknown = [unjudged(f"-m {match.module}")]
    if extension is None or makers is None:
        return unknown
    made = []
    for option in match.options:
        condition = _made(makers, extension, option, family)
        if condition is None:
            return unknown
        made.append(condition)
    if match.module in ("conntrack", "connmark"):
        asks_state = any(option.name == "--ctstate" for option in match.options)
        return [condition if condition.about == "ctstate" else _tracked(condition, asks_state) for condition in made]
    return made


# --- what the packet is asked for ---------------------------------------------------------------------------------------------


def _source(frame: Frame) -> int:
    return frame.source


def _destination(frame: Frame) -> int:
    return frame.destination


def _source_port(frame: Frame) -> int:
    return frame.source_port


def _destination_port(frame: Frame) -> int:
    return frame.destination_port


def _input(frame: Frame) -> str:
    return frame.input


def _output(frame: Frame) -> str:
    return frame.output


def _port_in(frame: Frame) -> str:
    return frame.port_in


def _port_out(frame: Frame) -> str:
    return frame.port_out


def _equal(get: _Number, wanted: int) -> Test:
    return lambda f: get(f) == wanted


def _within(get: _Number, span: Span) -> Test:
    low, high = span
    return _equal(get, low) if low == high else lambda f: low <= get(f) <= high


def _named(get: Value, word: str) -> Test:
    """Whether the device has that name; `+` at its end stands for any continuation (ifname_compare)."""
    start = word[:-1] if word.endswith("+") else None

    def test(frame: Frame) -> bool | None:
        name = get(frame)
        if " " in name:  # one of several names
            answers = {one == word if start is None else one.startswith(start) for one in possible_names(name)}
            return answers.pop() if len(answers) == 1 else None
        return name == word if start is None else name.startswith(start)

    return test


# --- a rule's own options -----------------------------------------------------------------------------------------------------


def _from(option: Option, wanted: Network) -> Condition:
    network, mask, _ = wanted
    only = network if wanted.is_host else None
    return _condition(option, lambda f: f.source & mask == network, lambda f: shown(f.source, f.six), "source", "source", only)


def _to(option: Option, wanted: Network) -> Condition:
    network, mask, _ = wanted
    only = network if wanted.is_host else None
    return _condition(
        option, lambda f: f.destination & mask == network, lambda f: shown(f.destination, f.six), "destination", "destination", only
    )


def _device(get: Value, field: str, option: Option, word: str) -> Condition:
    return _condition(option, _named(get, word), get, f"{field} interface", field)


def _protocol(option: Option, number: int) -> Condition:
    return _condition(option, lambda f: f.protocol == number, lambda f: word_of(f.protocol), "protocol", "protocol")


def _fragment(option: Option) -> Condition:
    """Connection tracking puts fragments together before any rule but those of raw sees them (nf_defrag_ipv4, -400)."""
    return _condition(option, _never, lambda _: "no", "fragment")


_HEADER: dict[str, _Maker] = {
    "-s": _from,
    "-d": _to,
    "-i": partial(_device, _input, "input"),
    "-o": partial(_device, _output, "output"),
    "-p": _protocol,
    "-f": _fragment,
}


# --- matches ------------------------------------------------------------------------------------------------------------------


def _number(get: _Number, option: Option, span: Span) -> Condition:
    return _condition(option, _within(get, span), lambda f: str(get(f)))


def _flags(option: Option, looked_at: tuple[str, ...], set_: tuple[str, ...]) -> Condition:
    mask, wanted = frozenset(looked_at), frozenset(set_)
    return _condition(option, lambda f: f.flags & mask == wanted, lambda f: ",".join(sorted(f.flags)))


def _icmp(option: Option, wanted: IcmpType) -> Condition:
    kind, code = wanted
    if kind is None:
        return _condition(option, _always, lambda f: str(f.icmp[0]))
    if code is None:
        return _condition(option, lambda f: f.icmp[0] == kind, lambda f: str(f.icmp[0]))
    return _condition(option, lambda f: f.icmp == wanted, lambda f: f"{f.icmp[0]}/{f.icmp[1]}")


def _state(option: Option, states: tuple[str, ...]) -> Condition:
    """SNAT and DNAT are states of their own, held by packets of a translated connection (XT_CONNTRACK_STATE_SNAT, xt_conntrack.c)."""
    wanted = frozenset(states)

    def plain(frame: Frame) -> bool:
        return frame.state in wanted

    def translated(frame: Frame) -> bool:
        if frame.state in wanted or frame.state in ("INVALID", "UNTRACKED"):
            return frame.state in wanted
        return ("SNAT" in wanted and is_sourced(frame)) or ("DNAT" in wanted and is_destined(frame))

    return _condition(option, translated if wanted & {"SNAT", "DNAT"} else plain, lambda f: f.state)


def is_sourced(frame: Frame) -> bool:
    """Whether the source of the connection is translated."""
    back = frame.reply
    return (frame.original.source, frame.original.source_port) != (back.destination, back.destination_port)


def is_destined(frame: Frame) -> bool:
    """Whether the destination of the connection is translated."""
    back = frame.reply
    return (frame.original.destination, frame.original.destination_port) != (back.source, back.source_port)


def _tracked(condition: Condition, otherwise: bool) -> Condition:
    """A packet without a connection is judged by its state alone, and matches nothing else, negated or not (conntrack_mt, connmark_mt)."""
    inner = condition.test

    def test(frame: Frame) -> bool | None:
        return otherwise if frame.state in ("INVALID", "UNTRACKED") else inner(frame)

    return Condition(condition.about, condition.wanted, test, condition.seen, condition.negated)


def _status(option: Option, statuses: tuple[str, ...]) -> Condition:
    """NONE is no bit, so that nothing has it."""
    wanted = frozenset(statuses)
    return _condition(option, lambda f: bool(f.status & wanted), lambda f: ",".join(sorted(f.status)))


def _direction(option: Option, wanted: str) -> Condition:
    return _condition(option, lambda f: f.direction == wanted, lambda f: f.direction)


def _connection_protocol(option: Option, number: int) -> Condition:
    """Of the connection: an ICMP error belongs to one of another protocol (conntrack_mt)."""
    return _condition(option, lambda f: f.connection_protocol == number, lambda f: word_of(f.connection_protocol))


def _tuple_address(get: _Number, option: Option, wanted: Network) -> Condition:
    mask, network = wanted.mask, wanted.address & wanted.mask
    return _condition(option, lambda f: get(f) & mask == network, lambda f: shown(get(f), f.six))


def _multiport(gets: Sequence[_Number], about: str, option: Option, spans: tuple[Span, ...]) -> Condition:
    single = frozenset(low for low, high in spans if low == high)
    wide = [(low, high) for low, high in spans if low != high]

    def listed(port: int) -> bool:
        return port in single or any(low <= port <= high for low, high in wide)

    return _condition(
        option,
        lambda f: any(listed(get(f)) for get in gets),
        lambda f: " and ".join(str(get(f)) for get in gets),
        about,
    )


def _address_type(get: _Number, option: Option, kinds: tuple[str, ...]) -> Condition:
    wanted = frozenset(kinds)
    return _condition(
        option,
        lambda f: None if f.routing is None else f.routing.has_types(get(f), wanted),
        lambda f: f"of {shown(get(f), f.six)}",
    )


def _masked(get: _Number, written: str, option: Option, wanted: Masked) -> Condition:
    value, mask = wanted
    return _condition(option, lambda f: get(f) & mask == value, lambda f: format(get(f), written))


def _bridge_port(get: Value, option: Option, word: str) -> Condition:
    return _condition(option, _named(get, word), get)


def _has_bridge_port(get: Value, about: str, option: Option) -> Condition:
    """A frame that was routed has a port that it came from but none that it leaves through (physdev_mt)."""
    return _condition(option, lambda f: bool(get(f)), get, about)


def _range(get: _Number, about: str, option: Option, wanted: AddressRange) -> Condition:
    low, high, _ = wanted
    return _condition(option, lambda f: low <= get(f) <= high, lambda f: shown(get(f), f.six), about)


def _ttl(compare: Callable[[int, int], bool], option: Option, limit: int) -> Condition:
    return _condition(option, lambda f: compare(f.ttl, limit), lambda f: str(f.ttl))


def _dscp(option: Option, wanted: int) -> Condition:
    return _condition(option, lambda f: f.tos >> 2 == wanted, lambda f: f"{f.tos >> 2:#04x}")


_PORTS: dict[str, _Maker] = {"--sport": partial(_number, _source_port), "--dport": partial(_number, _destination_port)}
_COMPARISONS = {"eq": eq, "lt": lt, "gt": gt}

_MATCHES: dict[str, dict[str, _Maker]] = {
    "addrtype": {"--src-type": partial(_address_type, _source), "--dst-type": partial(_address_type, _destination)},
    "connmark": {"--mark": partial(_masked, lambda f: f.connection_mark, "#x")},
    "conntrack": {
        "--ctstate": _state,
        "--ctstatus": _status,
        "--ctdir": _direction,
        "--ctproto": _connection_protocol,
        "--ctorigsrc": partial(_tuple_address, lambda f: f.original.source),
        "--ctorigdst": partial(_tuple_address, lambda f: f.original.destination),
        "--ctreplsrc": partial(_tuple_address, lambda f: f.reply.source),
        "--ctrepldst": partial(_tuple_address, lambda f: f.reply.destination),
        "--ctorigsrcport": partial(_number, lambda f: f.original.source_port),
        "--ctorigdstport": partial(_number, lambda f: f.original.destination_port),
        "--ctreplsrcport": partial(_number, lambda f: f.reply.source_port),
        "--ctrepldstport": partial(_number, lambda f: f.reply.destination_port),
    },
    "dscp": {"--dscp": _dscp},
    "hl": {f"--hl-{name}": partial(_ttl, compare) for name, compare in _COMPARISONS.items()},
    "icmp": {"--icmp-type": _icmp},
    "icmp6": {"--icmpv6-type": _icmp},
    "iprange": {"--src-range": partial(_range, _source, "source"), "--dst-range": partial(_range, _destination, "destination")},
    "length": {"--length": partial(_number, lambda f: f.length)},
    "mark": {"--mark": partial(_masked, lambda f: f.mark, "#x")},
    "multiport": {
        "--sports": partial(_multiport, (_source_port,), "source port"),
        "--dports": partial(_multiport, (_destination_port,), "destination port"),
        "--ports": partial(_multiport, (_source_port, _destination_port), "port"),
    },
    "physdev": {
        "--physdev-in": partial(_bridge_port, _port_in),
        "--physdev-out": partial(_bridge_port, _port_out),
        "--physdev-is-in": partial(_has_bridge_port, _port_in, "bridge port of the input"),
        "--physdev-is-out": partial(_has_bridge_port, _port_out, "bridge port of the output"),
        "--physdev-is-bridged": partial(_has_bridge_port, _port_out, "bridge port of the output"),
    },
    "state": {"--state": _state},
    "tcp": {**_PORTS, "--tcp-flags": _flags},
    "tos": {"--tos": partial(_masked, lambda f: f.tos, "#04x")},
    "ttl": {f"--ttl-{name}": partial(_ttl, compare) for name, compare in _COMPARISONS.items()},
    "udp": _PORTS,
}
"""How each match is evaluated, option by option; the model cannot evaluate any other."""
