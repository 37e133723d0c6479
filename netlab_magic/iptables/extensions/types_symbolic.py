"""The types of words that name a number: ICMP types, log levels, answers, classes of service. iptables-save prints the number."""

from collections.abc import Mapping

from netlab_magic.iptables.extensions.schema import ValueType
from netlab_magic.iptables.extensions.types import hexadecimal, integer, value_type
from netlab_magic.iptables.extensions.values import IcmpType, Masked, Span

__all__ = [
    "DSCP_CLASS",
    "DSCP_CLASSES",
    "ICMP6_TYPE",
    "ICMP_TYPE",
    "IPV6_HEADERS",
    "LOG_LEVEL",
    "MH_TYPE",
    "REJECT_WITH",
    "TCP_OPTIONS",
    "TOS",
    "TOS_SET",
]

# Names of RFC 792 and RFC 4443 as iptables knows them (iptables -p icmp -h, ip6tables -p icmpv6 -h).
_ICMP = {
    "any": "any", "echo-reply": "0", "pong": "0", "destination-unreachable": "3", "network-unreachable": "3/0", "host-unreachable": "3/1",
    "protocol-unreachable": "3/2", "port-unreachable": "3/3", "fragmentation-needed": "3/4", "source-route-failed": "3/5",
    "network-unknown": "3/6", "host-unknown": "3/7", "network-prohibited": "3/9", "host-prohibited": "3/10",
    "tos-network-unreachable": "3/11", "tos-host-unreachable": "3/12", "communication-prohibited": "3/13",
    "host-precedence-violation": "3/14", "precedence-cutoff": "3/15", "source-quench": "4", "redirect": "5", "network-redirect": "5/0",
    "host-redirect": "5/1", "tos-network-redirect": "5/2", "tos-host-redirect": "5/3", "echo-request": "8", "ping": "8",
    "router-advertisement": "9", "router-solicitation": "10", "time-exceeded": "11", "ttl-exceeded": "11",
    "ttl-zero-during-transit": "11/0", "ttl-zero-during-reassembly": "11/1", "parameter-problem": "12", "ip-header-bad": "12/0",
    "required-option-missing": "12/1", "timestamp-request": "13", "timestamp-reply": "14", "address-mask-request": "17",
    "address-mask-reply": "18",
}  # fmt: skip
_ICMP6 = {
    "destination-unreachable": "1", "no-route": "1/0", "communication-prohibited": "1/1", "beyond-scope": "1/2",
    "address-unreachable": "1/3", "port-unreachable": "1/4", "failed-policy": "1/5", "reject-route": "1/6", "packet-too-big": "2",
    "time-exceeded": "3", "ttl-exceeded": "3", "ttl-zero-during-transit": "3/0", "ttl-zero-during-reassembly": "3/1",
    "parameter-problem": "4", "bad-header": "4/0", "unknown-header-type": "4/1", "unknown-option": "4/2", "echo-request": "128",
    "ping": "128", "echo-reply": "129", "pong": "129", "router-solicitation": "133", "router-advertisement": "134",
    "neighbour-solicitation": "135", "neighbor-solicitation": "135", "neighbour-advertisement": "136", "neighbor-advertisement": "136",
    "redirect": "137",
}  # fmt: skip
# Names and short names of the answers (libipt_REJECT, libip6t_REJECT).
_REJECT = {
    "ipv4": {
        "icmp-net-unreachable": "net-unreach", "icmp-host-unreachable": "host-unreach", "icmp-proto-unreachable": "proto-unreach",
        "icmp-port-unreachable": "port-unreach", "icmp-net-prohibited": "net-prohib", "icmp-host-prohibited": "host-prohib",
        "icmp-admin-prohibited": "admin-prohib", "tcp-reset": "tcp-rst",
    },
    "ipv6": {
        "icmp6-no-route": "no-route", "icmp6-adm-prohibited": "adm-prohibited", "icmp6-addr-unreachable": "addr-unreach",
        "icmp6-port-unreachable": "port-unreach", "icmp6-policy-fail": "policy-fail", "icmp6-reject-route": "reject-route",
        "tcp-reset": "tcp-reset",
    },
}  # fmt: skip
_LOG_LEVELS = {"emerg": 0, "panic": 0, "alert": 1, "crit": 2, "error": 3, "warning": 4, "notice": 5, "info": 6, "debug": 7}
_TOS = {"minimize-delay": 16, "maximize-throughput": 8, "maximize-reliability": 4, "minimize-cost": 2, "normal-service": 0}
_TCP_OPTIONS = {"mss": 2, "wscale": 3, "sack-permitted": 4, "sack": 5, "timestamp": 8, "md5": 19}
# Mobility header types of RFC 6275, as libip6t_mh names them.
_MH = {
    "binding-refresh-request": 0, "brr": 0, "home-test-init": 1, "hoti": 1, "careof-test-init": 2, "coti": 2, "home-test": 3, "hot": 3,
    "careof-test": 4, "cot": 4, "binding-update": 5, "bu": 5, "binding-acknowledgement": 6, "ba": 6, "binding-error": 7, "be": 7,
}  # fmt: skip
# Extension headers, in the order in which they are printed, each with its other names.
_IPV6_HEADERS = {
    "hop-by-hop": ("hop", "0"), "ipv6-opts": ("dst", "60"), "ipv6-route": ("route", "43"), "ipv6-frag": ("frag", "44"),
    "ah": ("auth", "51"), "esp": ("50",), "ipv6-nonxt": ("none", "59"), "protocol": ("prot", "255"),
}  # fmt: skip

DSCP_CLASSES: Mapping[str, int] = {
    "be": 0,
    "ef": 46,
    **{f"cs{number}": number << 3 for number in range(8)},
    **{f"af{number}{drop}": (number << 3) + (drop << 1) for number in range(1, 5) for drop in range(1, 4)},
}
"""The code point of each class (RFC 2474, 2597, 3246)."""


def _icmp(what: str, names: Mapping[str, str]) -> ValueType[IcmpType]:
    @value_type(what)
    def read(word: str, family: str) -> IcmpType:
        begun = {word.lower()} & names.keys() or {name for name in names if word and name.startswith(word.lower())}
        kind, slash, code = (names[begun.pop()] if len(begun) == 1 else word).partition("/")
        number = None if kind == "any" else integer(kind, 255, what)
        if slash:
            return IcmpType(number, integer(code, 255, what))
        return IcmpType(None if number == 255 and "any" in names else number, None)

    return read


@value_type("an answer (icmp-port-unreachable)")
def REJECT_WITH(word: str, family: str) -> str:
    """The name of an answer or its short one; of either the beginning is enough, and the first that begins so is meant."""
    answers = _REJECT[family]
    found = next((name for name, short in answers.items() if name.startswith(word.lower()) or short.startswith(word.lower())), None)
    if found is None:
        raise ValueError(f"{word} is not an answer; choose one of {', '.join(answers)}")
    return found


@value_type("a log level (warning, or 0 to 7)")
def LOG_LEVEL(word: str, family: str) -> int:
    """A level of syslog(3) by name or number; before version 1.8.9 the beginning of a name was enough, in any case."""
    begun = {level for name, level in _LOG_LEVELS.items() if word and name.startswith(word.lower())}
    return begun.pop() if len(begun) == 1 else integer(word, 7, LOG_LEVEL.what)


@value_type(
    "a type of service (Minimize-Delay, or a number with an optional mask)", lambda found: f"0x{found.value:02x}/0x{found.mask:02x}"
)
def TOS(word: str, family: str) -> Masked:
    """VALUE[/MASK], or the name of one of five bits."""
    if word.lower() in _TOS:
        return Masked(_TOS[word.lower()], 0x3F)
    value, slash, mask = word.partition("/")
    bits = integer(mask, 255, "a mask of the type of service") if slash else 255
    return Masked(integer(value, 255, TOS.what), bits)


@value_type("a list of TCP options (mss,timestamp)", lambda options: ",".join(map(str, options)))
def TCP_OPTIONS(word: str, family: str) -> tuple[int, ...]:
    """Numbers and names, printed as numbers in their order."""
    numbers = {_TCP_OPTIONS[part] if part in _TCP_OPTIONS else integer(part, 255, "a TCP option") for part in word.split(",")}
    return tuple(sorted(numbers))


@value_type(
    "a mobility header type or a range of them", lambda span: f"{span.first}:{span.last}" if span.first < span.last else str(span.first)
)
def MH_TYPE(word: str, family: str) -> Span:
    """A number or name, or a range of them."""

    def number(name: str) -> int:
        return _MH[name] if name in _MH else integer(name, 255, MH_TYPE.what)

    first, found, last = word.partition(":")
    low, high = number(first) if first else 0, number(last) if last else 255
    if not found:
        low = high = number(word)
    if low > high:
        raise ValueError(f"{word} is not {MH_TYPE.what}: its first is larger than its last")
    return Span(low, high)


@value_type("a list of extension headers (hop-by-hop,frag)", ",".join)
def IPV6_HEADERS(word: str, family: str) -> tuple[str, ...]:
    """Names or numbers of headers, printed in a fixed order."""
    known = {name: header for header, others in _IPV6_HEADERS.items() for name in (header, *others)}
    given = word.split(",")
    unknown = next((name for name in given if name not in known), None)
    if unknown is not None:
        raise ValueError(f"{unknown or 'nothing'} is not an extension header; choose one of {', '.join(_IPV6_HEADERS)}")
    found = {known[name] for name in given}
    return tuple(header for header in _IPV6_HEADERS if header in found)


ICMP_TYPE = _icmp("an ICMP type (echo-request, 8, 3/4)", _ICMP)
ICMP6_TYPE = _icmp("an ICMPv6 type (echo-request, 128, 1/4)", _ICMP6)
TOS_SET = hexadecimal("a type of service (0x10)", 255, 2)


@value_type("a DSCP class (EF, CS1, AF21)")
def DSCP_CLASS(word: str, family: str) -> str:
    """A class, in capitals."""
    if word.lower() not in DSCP_CLASSES:
        raise ValueError(f"{word} is not {DSCP_CLASS.what}")
    return word.upper()
