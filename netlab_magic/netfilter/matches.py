"""The conditions of a rule, compiled: each option becomes a test of a frame that answers yes, no or (None) that nobody can know."""

from collections.abc import Callable, Iterable

import msgspec

from netlab_magic.iptables import extensions
from netlab_magic.iptables.numbers import network_of, number_of, protocol_of, shown, word_of
from netlab_magic.iptables.ruleset import Match, Option, Rule
from netlab_magic.model.topology import possible_names
from netlab_magic.netfilter.frame import Frame

__all__ = ["Condition", "Test", "conditions", "unjudged"]

Test = Callable[[Frame], bool | None]
_Value = Callable[[Frame], str]


class Condition(msgspec.Struct, frozen=True):
    """One condition of a rule: `test` judges a frame, `seen` says what the frame has there, `wanted` is what the rule asks for.

    `field` names the part of a frame that it asks for, where that does not change while a table is asked and no step of the test depends
    on anything else; `only` is the one value that it accepts, None when there are several.
    """

    about: str
    wanted: str
    test: Test
    seen: _Value
    negated: bool = False
    field: str = ""
    only: int | None = None

    def why(self, frame: Frame) -> str:
        """Why this frame does not fulfil it: `ctstate NEW is not RELATED,ESTABLISHED`."""
        seen = self.seen(frame) or "none"
        return f"{self.about} {seen} is {self.wanted}" if self.negated else f"{self.about} {seen} is not {self.wanted}"


def unjudged(about: str) -> Condition:
    """A condition of which nobody here can say whether it holds."""
    return Condition(about, "", _never_known, _nothing)


def _never_known(_: Frame) -> None:
    return None


def _nothing(_: Frame) -> str:
    return ""


def _always(_: Frame) -> bool:
    return True


def _never(_: Frame) -> bool:
    return False


class _Unknown(Exception):
    """This option is not one that can be judged."""


def conditions(rule: Rule) -> tuple[Condition, ...]:
    """The conditions of a rule in its canonical form: its own options first, then match by match, as the kernel asks them."""
    found = [_header(option) for option in rule.options]
    for match in rule.matches:
        found += _of_match(match)
    return tuple(found)


def _condition(option: Option, test: Test, seen: _Value, about: str = "", field: str = "", only: int | None = None) -> Condition:
    wanted = " ".join(option.values) or "so"
    name = about or option.name.lstrip("-")
    if option.negated:
        return Condition(name, wanted, _denied(test), seen, negated=True, field=field)
    return Condition(name, wanted, test, seen, field=field, only=only)


def _denied(test: Test) -> Test:
    def denied(frame: Frame) -> bool | None:
        answer = test(frame)
        return None if answer is None else not answer

    return denied


def _unknown(match: Match) -> Condition:
    return unjudged(f"-m {match.module}")


def _of_match(match: Match) -> Iterable[Condition]:
    """The conditions of a match; one that cannot be judged when one of its options cannot."""
    extension = extensions.match(match.module)
    if extension and extension.holds_always:
        return []
    make = _MATCHES.get(match.module)
    try:
        made = [make(option) for option in match.options] if make else [_unknown(match)]
    except _Unknown:
        return [_unknown(match)]
    if match.module in ("conntrack", "connmark"):
        asks_state = any(option.name == "--ctstate" for option in match.options)
        return [condition if condition.about == "ctstate" else _tracked(condition, asks_state) for condition in made]
    return made


def _header(option: Option) -> Condition:
    word = option.values[0] if option.values else ""
    match option.name:
        case "-s":
            return _address(option, "source", *network_of(word))
        case "-d":
            return _address(option, "destination", *network_of(word))
        case "-i":
            return _condition(option, _named(word, "input"), lambda f: f.input, "input interface", "input")
        case "-o":
            return _condition(option, _named(word, "output"), lambda f: f.output, "output interface", "output")
        case "-p":
            number = protocol_of(word)
            return _condition(option, lambda f: f.protocol == number, lambda f: word_of(f.protocol), "protocol", "protocol")
        case "-f":
            # Connection tracking puts fragments together before any rule but those of raw sees them (nf_defrag_ipv4, -400).
            return _condition(option, _never, lambda _: "no", "fragment")
        case _:
            return unjudged(option.name)


def _address(option: Option, end: str, network: int, mask: int) -> Condition:
    only = network if mask.bit_count() == (128 if ":" in option.values[0] else 32) else None
    if end == "source":
        return _condition(option, lambda f: f.source & mask == network, lambda f: shown(f.source, f.six), end, end, only)
    return _condition(option, lambda f: f.destination & mask == network, lambda f: shown(f.destination, f.six), end, end, only)


def _named(word: str, attribute: str) -> Test:
    """Whether the device has that name; `+` at its end stands for any continuation (ifname_compare)."""
    get = _ATTRIBUTES[attribute]
    start = word[:-1] if word.endswith("+") else None

    def test(frame: Frame) -> bool | None:
        name = get(frame)
        if " " in name:  # one of several names
            answers = {one == word if start is None else one.startswith(start) for one in possible_names(name)}
            return answers.pop() if len(answers) == 1 else None
        return name == word if start is None else name.startswith(start)

    return test


_ATTRIBUTES: dict[str, _Value] = {
    "input": lambda f: f.input,
    "output": lambda f: f.output,
    "port_in": lambda f: f.port_in,
    "port_out": lambda f: f.port_out,
}


def _span(word: str) -> tuple[int, int]:
    first, colon, last = word.partition(":")
    return int(first), int(last if colon else first)


def _within(get: Callable[[Frame], int], word: str) -> Test:
    low, high = _span(word)
    if low == high:
        return lambda f: get(f) == low
    return lambda f: low <= get(f) <= high


def _source_port(frame: Frame) -> int:
    return frame.source_port


def _destination_port(frame: Frame) -> int:
    return frame.destination_port


def _ports(option: Option) -> Condition:
    get = {"--sport": _source_port, "--dport": _destination_port}.get(option.name)
    if get is None:
        raise _Unknown
    return _condition(option, _within(get, option.values[0]), lambda f: str(get(f)))


def _tcp(option: Option) -> Condition:
    if option.name != "--tcp-flags":
        return _ports(option)
    everything = frozenset(("FIN", "SYN", "RST", "PSH", "ACK", "URG"))
    mask, wanted = (
        everything if word == "ALL" else frozenset() if word == "NONE" else frozenset(word.split(",")) for word in option.values
    )
    return _condition(option, lambda f: f.flags & mask == wanted, lambda f: ",".join(sorted(f.flags)))


def _icmp(option: Option) -> Condition:
    word = option.values[0]
    if word in ("any", "255"):
        return _condition(option, _always, lambda f: str(f.icmp[0]))
    kind, slash, code = word.partition("/")
    wanted_type, wanted_code = int(kind), int(code or 0)
    if slash:
        return _condition(option, lambda f: f.icmp == (wanted_type, wanted_code), lambda f: f"{f.icmp[0]}/{f.icmp[1]}")
    return _condition(option, lambda f: f.icmp[0] == wanted_type, lambda f: str(f.icmp[0]))


def _conntrack(option: Option) -> Condition:
    match option.name, option.values:
        case ("--ctstate" | "--state", (word,)):
            return _condition(option, _state(frozenset(word.split(","))), lambda f: f.state)
        case "--ctstatus", (word,):  # NONE is no bit, so that nothing has it
            wanted = frozenset(word.split(","))
            return _condition(option, lambda f: bool(f.status & wanted), lambda f: ",".join(sorted(f.status)))
        case "--ctdir", (word,):
            return _condition(option, lambda f: f.direction == word, lambda f: f.direction)
        case "--ctproto", (word,):
            number = protocol_of(word)  # of the connection: an ICMP error belongs to one of another protocol (conntrack_mt)
            return _condition(option, lambda f: f.connection_protocol == number, lambda f: word_of(f.connection_protocol))
        case name, (word,) if name in _TUPLE_PARTS:
            return _tuple_part(option, *_TUPLE_PARTS[name], word)
        case _:
            raise _Unknown


def _state(wanted: frozenset[str]) -> Test:
    """SNAT and DNAT are states of their own, held by packets of a translated connection (XT_CONNTRACK_STATE_SNAT, xt_conntrack.c)."""
    if "SNAT" not in wanted and "DNAT" not in wanted:
        return lambda f: f.state in wanted
    return lambda f: (
        f.state in wanted
        or (f.state not in ("INVALID", "UNTRACKED") and (("SNAT" in wanted and _is_sourced(f)) or ("DNAT" in wanted and _is_destined(f))))
    )


def _is_sourced(frame: Frame) -> bool:
    """Whether the source of the connection is translated."""
    back = frame.reply
    return (frame.original.source, frame.original.source_port) != (back.destination, back.destination_port)


def _is_destined(frame: Frame) -> bool:
    """Whether the destination of the connection is translated."""
    back = frame.reply
    return (frame.original.destination, frame.original.destination_port) != (back.source, back.source_port)


def _tracked(condition: Condition, otherwise: bool) -> Condition:
    """A packet without a connection is judged by its state alone, and matches nothing else, negated or not (conntrack_mt, connmark_mt)."""
    inner = condition.test

    def test(frame: Frame) -> bool | None:
        return otherwise if frame.state in ("INVALID", "UNTRACKED") else inner(frame)

    return Condition(condition.about, condition.wanted, test, condition.seen, condition.negated)


_TUPLE_PARTS = {
    "--ctorigsrc": ("original", "source"),
    "--ctorigdst": ("original", "destination"),
    "--ctreplsrc": ("reply", "source"),
    "--ctrepldst": ("reply", "destination"),
    "--ctorigsrcport": ("original", "source_port"),
    "--ctorigdstport": ("original", "destination_port"),
    "--ctreplsrcport": ("reply", "source_port"),
    "--ctrepldstport": ("reply", "destination_port"),
}


def _tuple_part(option: Option, flow: str, part: str, word: str) -> Condition:
    def get(frame: Frame) -> int:
        return int(getattr(getattr(frame, flow), part))

    if part.endswith("port"):
        return _condition(option, _within(get, word), lambda f: str(get(f)))
    network, mask = network_of(word)
    return _condition(option, lambda f: get(f) & mask == network, lambda f: shown(get(f), f.six))


def _multiport(option: Option) -> Condition:
    spans = [_span(word) for word in option.values[0].split(",")]
    single = frozenset(low for low, high in spans if low == high)
    wide = [(low, high) for low, high in spans if low != high]

    def listed(port: int) -> bool:
        return port in single or any(low <= port <= high for low, high in wide)

    match option.name:
        case "--sports":
            return _condition(option, lambda f: listed(f.source_port), lambda f: str(f.source_port), "source port")
        case "--dports":
            return _condition(option, lambda f: listed(f.destination_port), lambda f: str(f.destination_port), "destination port")
        case _:
            return _condition(
                option,
                lambda f: listed(f.source_port) or listed(f.destination_port),
                lambda f: f"{f.source_port} and {f.destination_port}",
                "port",
            )


def _addrtype(option: Option) -> Condition:
    if option.name not in ("--src-type", "--dst-type"):
        raise _Unknown
    wanted = frozenset(option.values[0].split(","))
    if not wanted <= {"LOCAL", "UNICAST", "BROADCAST", "MULTICAST"}:
        raise _Unknown

    def get(frame: Frame) -> int:
        return frame.source if option.name == "--src-type" else frame.destination

    return _condition(
        option,
        lambda f: None if f.routing is None else f.routing.address_type(get(f)) in wanted,
        lambda f: f"of {shown(get(f), f.six)}",
    )


def _marked(get: Callable[[Frame], int]) -> Callable[[Option], Condition]:
    def make(option: Option) -> Condition:
        value, _, mask = option.values[0].partition("/")
        wanted, bits = int(value, 0), int(mask or "0xffffffff", 0)
        return _condition(option, lambda f: get(f) & bits == wanted, lambda f: f"{get(f):#x}")

    return make


def _physdev(option: Option) -> Condition:
    """A frame that was routed has a port that it came from but none that it leaves through (physdev_mt)."""
    match option.name:
        case "--physdev-in":
            return _condition(option, _named(option.values[0], "port_in"), lambda f: f.port_in)
        case "--physdev-out":
            return _condition(option, _named(option.values[0], "port_out"), lambda f: f.port_out)
        case "--physdev-is-in":
            return _condition(option, lambda f: bool(f.port_in), lambda f: f.port_in, "bridge port of the input")
        case _:
            return _condition(option, lambda f: bool(f.port_out), lambda f: f.port_out, "bridge port of the output")


def _iprange(option: Option) -> Condition:
    first, _, last = option.values[0].partition("-")
    low, high = number_of(first), number_of(last)
    if option.name == "--src-range":
        return _condition(option, lambda f: low <= f.source <= high, lambda f: shown(f.source, f.six), "source")
    return _condition(option, lambda f: low <= f.destination <= high, lambda f: shown(f.destination, f.six), "destination")


def _length(option: Option) -> Condition:
    return _condition(option, _within(lambda f: f.length, option.values[0]), lambda f: str(f.length))


def _ttl(option: Option) -> Condition:
    limit = int(option.values[0])
    tests: dict[str, Test] = {
        "eq": lambda f: f.ttl == limit,
        "lt": lambda f: f.ttl < limit,
        "gt": lambda f: f.ttl > limit,
    }
    return _condition(option, tests[option.name.rpartition("-")[2]], lambda f: str(f.ttl))


def _tos(option: Option) -> Condition:
    value, _, mask = option.values[0].partition("/")
    wanted, bits = int(value, 0), int(mask or "0xff", 0)
    return _condition(option, lambda f: f.tos & bits == wanted, lambda f: f"{f.tos:#04x}")


def _dscp(option: Option) -> Condition:
    wanted = int(option.values[0], 0)
    return _condition(option, lambda f: f.tos >> 2 == wanted, lambda f: f"{f.tos >> 2:#04x}")


_MATCHES: dict[str, Callable[[Option], Condition]] = {
    "addrtype": _addrtype,
    "connmark": _marked(lambda f: f.connection_mark),
    "conntrack": _conntrack,
    "dscp": _dscp,
    "hl": _ttl,
    "icmp": _icmp,
    "icmp6": _icmp,
    "iprange": _iprange,
    "length": _length,
    "mark": _marked(lambda f: f.mark),
    "multiport": _multiport,
    "physdev": _physdev,
    "state": _conntrack,
    "tcp": _tcp,
    "tos": _tos,
    "ttl": _ttl,
    "udp": _ports,
}
