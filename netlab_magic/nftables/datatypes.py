"""nft's data types: how a constant of each is read from a word, and how it is printed.

`DATATYPES` has them by the name that a set's `type` line uses. A type that is not in it is read as numbers and texts.
"""

import re
from copy import copy
from functools import cache, lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from netlab_magic.nftables.expressions import Constant
from netlab_magic.nftables.symbols import SYMBOLS

__all__ = ["DATATYPES", "Bitmask", "Datatype", "NotAValue", "datatype_named", "duration", "milliseconds", "without_names"]

_LENGTHS = {"w": 604_800_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
_DURATION = re.compile(r"(?:\d{1,12}(?:ms|[wdhms]))+")
_PART = re.compile(r"(\d+)(ms|[wdhms])")
_OCTETS = {str(number): number for number in range(256)}  # IPv4Address takes three times as long to read a text
_NUMBER = re.compile(r"\d{1,40}|0x[0-9a-fA-F]{1,40}")


class NotAValue(ValueError):
    """A word that is not a constant of the type."""


class Datatype:
    """A type whose constants are numbers of at most `bits` bits, some of which have names.

    With `digits` > 0, other numbers are hexadecimal, with so many digits.
    """

    is_numeric = False
    """Whether constants are printed as numbers, whatever names they have."""

    def __init__(self, name: str, digits: int = 0, *, bits: int = 128, hexadecimal: bool = False, quoted: bool = False) -> None:
        self.name = name
        self.bits = bits
        self.digits = digits
        self.hexadecimal = hexadecimal or digits > 0
        self.quoted = quoted
        self.numbers = SYMBOLS.get(name, {})
        self.names: dict[int, str] = {}
        for symbol, number in self.numbers.items():
            self.names.setdefault(number, symbol)

    def read(self, word: str) -> Constant:
        """The constant that a word stands for. Raises NotAValue if it is none of this type."""
        bare = word[1:-1] if word[:1] == '"' == word[-1:] and len(word) > 1 else word
        if bare in self.numbers:
            return self.numbers[bare]
        if _NUMBER.fullmatch(bare):
            number = int(bare, 0) if bare[:2] == "0x" else int(bare)
            if number >> self.bits:
                raise NotAValue(word)
            return number
        return self.text(bare)

    def text(self, word: str) -> Constant:
        """The constant of a word that is neither a number nor a known name."""
        raise NotAValue(word)

    def show(self, value: Constant) -> str:
        """The word that nft prints for a constant."""
        if isinstance(value, int):
            name = self.names.get(value)
            return self.number(value) if name is None else f'"{name}"' if self.quoted else name
        return str(value)

    def number(self, value: int) -> str:
        """A number without its name, as nft prints the ends of a range."""
        return f"0x{value:0{self.digits}x}" if self.hexadecimal else str(value)

    def bound(self, value: Constant) -> str:
        """One end of a range, for which nft prints no names."""
        return self.number(value) if isinstance(value, int) else self.show(value)


class Bitmask(Datatype):
    """A type whose numbers are sets of flags: several are joined by commas, or by | in a set."""

    def read(self, word: str) -> Constant:
        if "," not in word and "|" not in word:
            return super().read(word)
        total = 0
        for part in word.replace("|", ",").split(","):
            flag = super().read(part)
            assert isinstance(flag, int)
            total |= flag
        return total

    def flags(self, value: int) -> list[str]:
        """The names of the flags that are set; flags without a name as a number."""
        found = [hex(flag) if self.is_numeric else name for name, flag in self.numbers.items() if value & flag]
        rest = value & ~sum(flag for flag in self.numbers.values())
        return [*found, hex(rest)] if rest or not found else found

    def number(self, value: int) -> str:
        return hex(value)


class _Service(Datatype):
    """Ports. Their names are read, but not printed: nft does so only when asked to (`nft -S`)."""

    def __init__(self) -> None:
        super().__init__("inet_service", bits=16)
        self.names = {}


class _Label(Bitmask):
    """Connection labels: bits by their number, or by a name that only the host knows."""

    def text(self, word: str) -> Constant:
        return word

    def flags(self, value: int) -> list[str]:
        return [str(value)]

    def number(self, value: int) -> str:
        return str(value)


class _Named(Datatype):
    """Numbers for which a host may have names of its own, such as users and marks."""

    def text(self, word: str) -> Constant:
        if not word:
            raise NotAValue(word)
        return word

    def show(self, value: Constant) -> str:
        return f'"{value}"' if isinstance(value, str) and self.quoted else super().show(value)


class _Text(Datatype):
    """Names, which nft prints in quotes."""

    def read(self, word: str) -> Constant:
        return word[1:-1] if word[:1] == '"' == word[-1:] and len(word) > 1 else word

    def show(self, value: Constant) -> str:
        return f'"{value}"'


class _Unquoted(_Text):
    """Texts without quotes, such as the major:minor of a traffic class."""

    def show(self, value: Constant) -> str:
        return str(value)


class _Address4(Datatype):
    def read(self, word: str) -> Constant:
        try:
            parts = word.split(".")
            if len(parts) == 4:
                first, second, third, fourth = _OCTETS[parts[0]], _OCTETS[parts[1]], _OCTETS[parts[2]], _OCTETS[parts[3]]
                return IPv4Address(first << 24 | second << 16 | third << 8 | fourth)
        except KeyError as error:
            raise NotAValue(word) from error
        raise NotAValue(word)


class _Address6(Datatype):
    def read(self, word: str) -> Constant:
        try:
            return IPv6Address(word[1:-1] if word[:1] == "[" and word[-1:] == "]" else word)
        except AddressValueError as error:
            raise NotAValue(word) from error

    def show(self, value: Constant) -> str:
        """As inet_ntop(3) of glibc writes it: with dots where the last four bytes are an IPv4 address."""
        number = int(value) if isinstance(value, IPv6Address) else 0
        if number >> 32 == 0xFFFF:
            return f"::ffff:{IPv4Address(number & 0xFFFF_FFFF)}"
        if not number >> 32 and number > 0xFFFF:
            return f"::{IPv4Address(number)}"
        return str(value)


_IPV4, _IPV6 = _Address4("ipv4_addr"), _Address6("ipv6_addr")


class _AnyAddress(Datatype):
    """An address of either family: where a statement does not say which."""

    def read(self, word: str) -> Constant:
        return (_IPV6 if ":" in word else _IPV4).read(word)

    def show(self, value: Constant) -> str:
        return _IPV6.show(value)


class _AnyTarget(_AnyAddress):
    """An address, or the name of a device: where a copy of a packet goes."""

    def text(self, word: str) -> Constant:
        return word.strip('"')

    def read(self, word: str) -> Constant:
        try:
            return super().read(word)
        except NotAValue:
            return self.text(word)

    def show(self, value: Constant) -> str:
        return f'"{value}"' if isinstance(value, str) else super().show(value)


class _LinkAddress(Datatype):
    _WORD = re.compile(r"[0-9a-fA-F]{1,2}(?::[0-9a-fA-F]{1,2}){5}")

    def read(self, word: str) -> Constant:
        if not self._WORD.fullmatch(word):
            raise NotAValue(word)
        return int("".join(part.zfill(2) for part in word.split(":")), 16)

    def show(self, value: Constant) -> str:
        return ":".join(f"{byte:02x}" for byte in value.to_bytes(6, "big")) if isinstance(value, int) else str(value)

    number = show


class _Duration(Datatype):
    """Times, as milliseconds; nft prints the ends of a range in seconds."""

    def read(self, word: str) -> Constant:
        length = milliseconds(word)
        if length is None:
            raise NotAValue(word)
        return length

    def show(self, value: Constant) -> str:
        if isinstance(value, int):
            return self.number(value) if self.is_numeric else duration(value)
        return str(value)

    def number(self, value: int) -> str:
        return f"{value // 1000}s"


class _Any(_Named):
    """A type that is not known: numbers, and whatever else as text with its quotes."""

    def read(self, word: str) -> Constant:
        return super().read(word) if _NUMBER.fullmatch(word) else word


@lru_cache(1 << 12)
@cache
def without_names(datatype: Datatype) -> Datatype:
    """The same type, whose constants are printed as numbers."""
    twin = copy(datatype)
    twin.names, twin.is_numeric = {}, True
    return twin


def milliseconds(word: str) -> int | None:
    """The length of a time as nft writes it, `1d2h3m4s5ms`, or of a number of seconds; None for another word.

    >>> milliseconds("1m30s")
    90000
    """
    if _DURATION.fullmatch(word):
        return sum(int(count) * _LENGTHS[unit] for count, unit in _PART.findall(word))
    return int(word) * 1000 if word.isascii() and word.isdigit() and len(word) < 13 else None


def duration(length: int) -> str:
    """So many milliseconds as nft writes them.

    >>> duration(90_000)
    '1m30s'
    """
    if not length:
        return "0s"
    parts = []
    for unit in ("d", "h", "m", "s", "ms"):
        count, length = divmod(length, _LENGTHS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)


_PLAIN = (
    "integer",
    "ct_id",
    "inet_proto",
    "icmp_type",
    "icmpv6_type",
    "icmp_code",
    "icmpv6_code",
    "icmpx_code",
    "igmp_type",
    "ct_dir",
    "pkt_type",
    "fib_addrtype",
    "nf_proto",
    "arp_op",
    "dccp_pkttype",
    "mh_type",
    "boolean",
    "iface_type",
    "mptcp_subtype",
)

DATATYPES: dict[str, Datatype] = {
    **{name: Datatype(name) for name in _PLAIN},
    "inet_service": _Service(),
    "hexadecimal": Datatype("integer", hexadecimal=True),
    "bitmask": Datatype("bitmask", hexadecimal=True),
    "mark": Datatype("mark", 8, bits=32),
    "dscp": Datatype("dscp", 2, bits=6),
    "ecn": Datatype("ecn", 1, bits=2),
    "ether_type": Datatype("ether_type", 4, bits=16),
    "tcp_flag": Bitmask("tcp_flag"),
    "ct_state": Bitmask("ct_state"),
    "ct_status": Bitmask("ct_status"),
    "ct_event": Bitmask("ct_event"),
    "ct_label": _Label("ct_label"),
    "ipv4_addr": _IPV4,
    "ipv6_addr": _IPV6,
    "address": _AnyAddress("address"),
    "target": _AnyTarget("target"),
    "ether_addr": _LinkAddress("ether_addr"),
    "time": _Duration("time"),
    "day": Datatype("day", quoted=True),
    "hour": _Text("hour"),
    "date": _Text("time"),
    "ifname": _Text("ifname"),
    "ifindex": _Named("iface_index", quoted=True),
    "iface_index": _Named("iface_index", quoted=True),
    "string": _Text("string"),
    "uid": _Named("uid"),
    "gid": _Named("gid"),
    "devgroup": _Named("devgroup", quoted=True),
    "realm": _Named("realm"),
    "classid": _Unquoted("classid"),
    "cgroupsv2": _Text("cgroupsv2"),
    **{kind: _Text(kind) for kind in ("counter", "quota", "limit", "synproxy", "secmark")},
}
"""The data types by name."""


def datatype_named(name: str) -> Datatype:
    """The data type that a set's `type` line names."""
    return DATATYPES.get(name) or _Any(name)
