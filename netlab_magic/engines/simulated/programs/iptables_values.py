"""What iptables 1.8.9 prints about an invalid value of an option: the message differs by option."""

from collections.abc import Callable, Sequence
from ipaddress import ip_address

from netlab_magic.iptables.extensions import HEADER, match, target
from netlab_magic.iptables.refusal import Refused

__all__ = ["BY_HAND", "port_text", "value_text"]

BY_HAND = ("tcp", "sctp")
"""Matches that look through their options themselves; the others have them looked through by xtoptions.c."""

_RANGES = {
    "--limit-burst": "0-10000",
    "--probability": "0-1",
    "--ttl-eq": "0-255",
    "--ttl-lt": "0-255",
    "--ttl-gt": "0-255",
    "--ttl-set": "0-255",
    "--dscp": "0-63",
    "--nflog-group": "0-65535",
}
"""Options with a number, and from where to where it goes, as they are told."""

_SENTENCES = {
    "-p": 'unknown protocol "{word}" specified',
    "--mac-source": "Invalid MAC address specified.",
    "--pkt-type": "Bad packet type '{word}'",
    "--tos": 'Symbolic name "{word}" is unknown',
    "--reject-with": 'unknown reject type "{word}"',
    "--log-level": 'log level "{word}" unknown\n',
}


def value_text(refused: Refused) -> str:
    """The sentence about a refused value."""
    option, word, part = refused.option, refused.word, refused.part
    if option in _SENTENCES:
        return _SENTENCES[option].format(word=word)
    if option in _VALUES:
        return _VALUES[option](refused)
    if option in _RANGES:
        return f'{part}: bad value for option "{option}", or out of range ({_RANGES[option]}).\n'
    return f'{part}: Bad value for "{option}" option: "{word}"'


def _first_wrong(refused: Refused, parts: Sequence[str], family: str = "ipv4") -> str:
    """The first part that the option's type does not take by itself."""
    extension = HEADER if not refused.part else match(refused.part) or target(refused.part) or HEADER
    row = extension.parameter(refused.option)
    for part in parts:
        try:
            if row:
                row.types[refused.argument].canonical(part, family)
        except ValueError:
            return part
    return parts[-1]


def _one_of_list(refused: Refused) -> str:
    return _first_wrong(refused, refused.word.split(","))


def _interface(refused: Refused) -> str:
    if not refused.word:
        return "Empty interface is likely to be undesired"
    return f"interface name `{refused.word}' must be shorter than IFNAMSIZ (15)"


def _network(refused: Refused) -> str:
    """A mask is read before its address (xtables_ipparse_multiple)."""
    address, slash, mask = refused.word.partition("/")
    if slash and not _is_mask(mask, _family(refused)):
        return f"invalid mask `{mask}' specified"
    return f"host/network `{address}' not found"


def _is_mask(word: str, family: str) -> bool:
    if word.isdecimal():
        return int(word) <= (128 if family == "ipv6" else 32)
    return _is_address(word, family)


def _is_address(word: str, family: str) -> bool:
    try:
        return f"ipv{ip_address(word).version}" == family
    except ValueError:
        return False


def _family(refused: Refused) -> str:
    return refused.command.family if refused.command else "ipv4"


def port_text(word: str, part: str) -> str:
    """The sentence about a port that is none, behind an option of this match."""
    if part in (*BY_HAND, "multiport"):
        return f"invalid port/service `{word}' specified"
    return f'Port "{word}" does not resolve to anything.\n'


def _ports(refused: Refused) -> str:
    ends = refused.word.split(":")
    wrong = _first_wrong(refused, ends)
    if len(ends) == 2 and wrong == ends[-1] and _first_wrong(refused, [wrong, ""]) == "":
        return "invalid portrange (min > max)"
    return port_text(wrong, refused.part)


def _port_list(refused: Refused) -> str:
    entries = refused.word.split(",")
    if len(entries) + refused.word.count(":") > 15:
        return "too many ports specified"
    wrong = _first_wrong(refused, entries)
    if ":" not in wrong:
        return port_text(wrong, refused.part)
    ends = wrong.split(":")
    bad = next((end for end in ends if not end or _first_wrong(refused, [end, "0"]) == end), None)
    return "invalid portrange specified" if bad is None else port_text(bad, refused.part)


def _rate(refused: Refused) -> str:
    number = refused.word.partition("/")[0]
    if number.isdecimal() and int(number) > 10_000:
        return f'Rate too fast "{refused.word}"'
    return f"bad rate \"{refused.word}\"'"


def _translation(refused: Refused) -> str:
    family = _family(refused)
    address, colon, ports = refused.word.partition("]:" if family == "ipv6" else ":")
    address = address.removeprefix("[") if colon else address
    if address and not _is_address(address, family):
        return f'Bad IP address "{address}"'
    return _translated_ports(ports)


def _translated_ports(ports: str) -> str:
    first, dash, last = ports.partition("-")
    for end in (first, *([last] if dash else [])):
        if not end.isdecimal() or not 0 < int(end) < 65536:
            return f"Port `{ports if end == first else end}' not valid"
    return f"Port range `{last}' funky"


def _icmp_type(refused: Refused) -> str:
    number, slash, _ = refused.word.partition("/")
    what = "code" if slash and number.isdecimal() and int(number) < 256 else "type"
    return f"Unknown {'ICMPv6' if refused.part == 'icmp6' else 'ICMP'} {what} `{refused.word}'"


def _number_range(refused: Refused) -> str:
    return f'{refused.part}: bad value for option "{refused.option}" near "{refused.word}", or out of range (0-65535).\n'


def _address_range(refused: Refused) -> str:
    first, dash, last = refused.word.partition("-")
    wrong = last if dash and _first_wrong(refused, [first, last]) == last else first
    return f'{refused.part}: Bad value for "{refused.option}" option: "{wrong}"'


def _mark(refused: Refused) -> str:
    return f'{refused.part}: bad integer value for option "{refused.option}", or out of range.\n'


_VALUES: dict[str, Callable[[Refused], str]] = {
    **dict.fromkeys(("-s", "-d"), _network),
    **dict.fromkeys(("-i", "-o"), _interface),
    **dict.fromkeys(("--sport", "--dport"), _ports),
    **dict.fromkeys(("--sports", "--dports", "--ports"), _port_list),
    **dict.fromkeys(("--to-destination", "--to-source"), _translation),
    **dict.fromkeys(("--src-range", "--dst-range"), _address_range),
    **dict.fromkeys(("--mark", "--set-mark", "--set-xmark"), _mark),
    **dict.fromkeys(("--src-type", "--dst-type"), lambda refused: f'addrtype: bad type "{_one_of_list(refused)}"'),
    "--to-ports": lambda refused: _translated_ports(refused.word),
    "--icmp-type": _icmp_type,
    "--icmpv6-type": _icmp_type,
    "--tcp-flags": lambda refused: f"Unknown TCP flag `{_one_of_list(refused)}'",
    "--ctstate": lambda refused: f'Bad ctstate "{_one_of_list(refused)}"',
    "--state": lambda refused: f'Bad state "{_one_of_list(refused)}"',
    "--limit": _rate,
    "--length": _number_range,
}
