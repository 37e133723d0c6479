"""Values that iptables lists otherwise than iptables-save prints them: mostly numbers for names."""

import re
from collections.abc import Callable

from netlab_magic.iptables.extensions.iana import PROTOCOLS

__all__ = ["VALUES"]

_TCP_FLAGS = {"FIN": 1, "SYN": 2, "RST": 4, "PSH": 8, "ACK": 16, "URG": 32}
_CHUNK_NAMES = (
    "DATA INIT INIT_ACK SACK HEARTBEAT HEARTBEAT_ACK ABORT SHUTDOWN SHUTDOWN_ACK ERROR COOKIE_ECHO COOKIE_ACK ECN_ECNE ECN_CWR "
    "SHUTDOWN_COMPLETE"
)
_CHUNKS = {name: number for number, name in enumerate(_CHUNK_NAMES.split())} | {
    "I_DATA": 64, "ASCONF_ACK": 128, "RE_CONFIG": 130, "PAD": 132, "FORWARD_TSN": 192, "ASCONF": 193, "I_FORWARD_TSN": 194,
}  # fmt: skip
_DCCP_NAMES = "REQUEST RESPONSE DATA ACK DATAACK CLOSEREQ CLOSE RESET SYNC SYNCACK"
_DCCP_TYPES = {name: str(number) for number, name in enumerate(_DCCP_NAMES.split())} | {"INVALID": "10,11,12,13,14,15"}
_HEADERS = {"hop-by-hop": 128, "ipv6-opts": 64, "ipv6-route": 32, "ipv6-frag": 16, "ah": 8, "esp": 4, "ipv6-nonxt": 2, "protocol": 1}


def _tcp_flags(word: str) -> str:
    return f"0x{sum(_TCP_FLAGS.get(flag, 0) for flag in word.split(',')):02X}"


def _icmp(word: str) -> str:
    return "255" if word == "any" else word.replace("/", " code ")


def _chunk_types(word: str) -> str:
    """Chunk types as numbers; the flags behind a colon stay. The first word, any or all or only, stays too."""
    return re.sub(r"[A-Z_]+(?=:|,|$)", lambda name: f"0x{_CHUNKS[name[0]]:04X}" if name[0] in _CHUNKS else name[0], word)


def _dccp_types(word: str) -> str:
    return ",".join(_DCCP_TYPES.get(name, name) for name in word.split(","))


def _headers(word: str) -> str:
    return f"0x{sum(_HEADERS.get(name, 0) for name in word.split(',')):02X}"


def _protocol(word: str) -> str:
    return str(PROTOCOLS.get(word, word))


def _group(word: str) -> str:
    """A group of interfaces; Debian names one (/etc/iproute2/group)."""
    return "0x0" if word == "default" else word


def _without_length(word: str) -> str:
    """BPF code without the number of its instructions, which stands first."""
    return word.partition(",")[2]


def _escaped(word: str) -> str:
    return re.sub(r'(["\\])', r"\\\1", word)


def _quoted(word: str) -> str:
    """A word in quotes, where it is more than letters, digits, dashes and underscores."""
    return word if re.fullmatch(r"[A-Za-z0-9_-]+", word) else '"' + re.sub(r"([\"'\\])", r"\\\1", word) + '"'


def _dashed(word: str) -> str:
    return word.replace(",", "-")


def _month_days(word: str) -> str:
    """Days of the month with the endings that iptables gives them: 11st, 12nd."""
    return ",".join(day + {"1": "st", "2": "nd", "3": "rd"}.get(day[-1:], "th") for day in word.split(","))


def _date(word: str) -> str:
    return word.replace("T", " ")


def _class(word: str) -> str:
    """Major and minor number of a traffic class, without leading zeros."""
    return ":".join(part.lstrip("0") or "0" for part in word.split(":"))


def _delay(word: str) -> str:
    return word if word == "inf" else f"{word}ms"


VALUES: dict[tuple[str, str], Callable[[str], str]] = {
    ("tcp", "--tcp-flags"): _tcp_flags,
    ("sctp", "--chunk-types"): _chunk_types,
    ("dccp", "--dccp-types"): _dccp_types,
    ("icmp", "--icmp-type"): _icmp,
    ("icmp6", "--icmpv6-type"): _icmp,
    ("conntrack", "--ctproto"): _protocol,
    ("ipvs", "--vproto"): _protocol,
    ("policy", "--proto"): _protocol,
    ("srh", "--srh-next-hdr"): _protocol,
    ("hashlimit", "--hashlimit-mode"): _dashed,
    ("devgroup", "--src-group"): _group,
    ("devgroup", "--dst-group"): _group,
    ("string", "--string"): _escaped,
    ("bpf", "--bytecode"): _without_length,
    ("time", "--monthdays"): _month_days,
    ("time", "--datestart"): _date,
    ("time", "--datestop"): _date,
    ("ipv6header", "--header"): _headers,
    ("nfacct", "--nfacct-name"): _quoted,
    ("NFLOG", "--nflog-prefix"): _quoted,
    ("CLASSIFY", "--set-class"): _class,
    ("LED", "--led-trigger-id"): _escaped,
    ("LED", "--led-delay"): _delay,
}
"""How the words of an option are listed, by extension and option, where it is not as iptables-save prints them."""
