"""What iptables lists otherwise than option by option: another order, other words, defaults that iptables-save leaves out."""

import re
from collections.abc import Callable, Sequence

from netlab_magic.iptables.extensions.schema import Options
from netlab_magic.iptables.extensions.types import SECONDS, WIDEST, XMARK
from netlab_magic.iptables.extensions.types_rates import HASH_RATE, HASH_SCALE
from netlab_magic.iptables.extensions.values import IcmpType, Rate
from netlab_magic.iptables.option import Option

__all__ = [
    "chunk_types",
    "connlimit",
    "connmark",
    "date",
    "dccp_types",
    "delay",
    "escaped",
    "group",
    "hashlimit",
    "headers",
    "hmark",
    "icmp",
    "in_order",
    "log",
    "mark",
    "month_days",
    "policy",
    "quoted",
    "rateest",
    "statistic",
    "tcp_flags",
    "time",
    "tproxy",
    "traffic_class",
    "without_length",
]

_LOG_FLAGS = {"--log-tcp-sequence": 1, "--log-tcp-options": 2, "--log-ip-options": 4, "--log-uid": 8, "--log-macdecode": 32}
_LAST_DATE = "2038-01-19T03:14:07"


def _find(options: Options, name: str) -> Option | None:
    return next((option for option in options if option.name == name), None)


def _value(options: Options, name: str, default: str = "") -> str:
    found = _find(options, name)
    return found.values[0] if found and found.values else default


def in_order(*names: str, defaults: Sequence[Option] = ()) -> Callable[[Options], Options]:
    """The options of these names in this order, then the others; each of `defaults` is there where it was left out."""

    def arranged(options: Options) -> Options:
        left_out = tuple(option for option in defaults if not _find(options, option.name))
        order = {name: place for place, name in enumerate(names)}
        return tuple(sorted((*options, *left_out), key=lambda option: order.get(option.name, len(order))))

    return arranged


def hashlimit(options: Options) -> Options:
    """With an interval, the rate that it makes, and the life of an entry where it is not the length of that rate's unit."""
    interval = int(_value(options, "--hashlimit-rate-interval", "1"))
    rate = _find(options, "--hashlimit-upto") or _find(options, "--hashlimit-above")
    found = HASH_RATE.read(rate.values[0], "") if rate else None
    if interval == 1 or rate is None or found is None or found.unit:
        return options
    shown = _rate(max(1, HASH_SCALE * SECONDS[found.period] // found.amount * interval))
    life = int(_value(options, "--hashlimit-htable-expire", str(SECONDS[found.period] * 1000)))
    kept = tuple(option for option in options if option.name not in (rate.name, "--hashlimit-htable-expire"))
    shown_life = () if life == SECONDS[shown.period] * 1000 else (Option("--hashlimit-htable-expire", (str(life),)),)
    return _HASHLIMIT_ORDER((*kept, Option(rate.name, (str(shown),)), *shown_life))


_HASHLIMIT_ORDER = in_order(*(
    f"--hashlimit-{name}"
    for name in ("upto", "above", "burst", "mode", "htable-size", "htable-max", "htable-gcinterval", "htable-expire", "srcmask", "dstmask")
))  # fmt: skip


def _rate(period: int) -> Rate:
    """The rate as the program shows it, where packets are `period` apart: with the smallest unit that suits it."""
    shown, unit = 0, "day"
    for name, seconds in SECONDS.items():
        whole, rest = divmod(HASH_SCALE * seconds, period)
        if name != "day" and whole < max(1, rest):
            break
        shown, unit = whole, name
    return Rate(shown, unit)


def statistic(options: Options) -> Options:
    return tuple(option for option in options if option != Option("--packet", ("0",)))


def policy(options: Options) -> Options:
    """The elements of a policy that has several are numbered."""
    if not _find(options, "--next"):
        return options
    at = next((place + 1 for place, option in enumerate(options) if option.name == "--strict"), 0)
    started = (*options[:at], Option("--next"), *options[at:])
    ends = [place for place, option in enumerate(started) if option.name == "--next"]
    return tuple(Option("--next", (str(ends.index(place)),)) if place in ends else option for place, option in enumerate(started))


def time(options: Options) -> Options:
    """The kernel keeps days as UTC unless told otherwise, and its last date is no limit."""
    local = _find(options, "--kerneltz") or _find(options, "--localtz")
    kept = tuple(option for option in options if option != Option("--datestop", (_LAST_DATE,)))
    order = ("timestart", "timestop", "weekdays", "monthdays", "datestart", "datestop", "utc", "contiguous")
    return in_order(*(f"--{name}" for name in order), defaults=() if local else [Option("--utc")])(kept)


def connlimit(options: Options) -> str:
    side = "dst" if _find(options, "--connlimit-daddr") else "src"
    upto, above = _value(options, "--connlimit-upto"), _value(options, "--connlimit-above")
    return f" #conn {side}/{_value(options, '--connlimit-mask')} {f'<= {upto}' if upto else f'> {above}'}"


def rateest(options: Options) -> str:
    """Two estimators with the comparison between them, or one and a fixed rate, which stands before the comparison if it is of bytes."""
    first, second = _value(options, "--rateest1") or _value(options, "--rateest"), _value(options, "--rateest2")
    comparison = next((option for option in options if option.name in ("--rateest-lt", "--rateest-gt", "--rateest-eq")), None)
    compared = f"{' !' if comparison.negated else ''} {comparison.name[-2:]}" if comparison else ""
    units = [unit for unit in ("bps", "pps") if any(option.name.startswith(f"--rateest-{unit}") for option in options)]
    begun = f" rateest match {first}{' delta' if _find(options, '--rateest-delta') else ''}"
    measured = {unit: f" {unit}{_rate_words(options, unit, '1')}" for unit in units}
    if second:
        others = "".join(f" {unit}{_rate_words(options, unit, '2')}" for unit in units)
        return f"{begun}{''.join(measured.values())}{compared} {second}{others}"
    fixed = {unit: _rate_words(options, unit, "") or _rate_words(options, unit, "2") for unit in units}
    return begun + "".join(measured[unit] + (f"{fixed[unit]}{compared}" if unit == "bps" else f"{compared}{fixed[unit]}") for unit in units)


def _rate_words(options: Options, unit: str, number: str) -> str:
    """A rate with the blank before it: in bytes a second where iptables-save has bits."""
    word = _value(options, f"--rateest-{unit}{number}")
    bits = re.fullmatch(r"(\d+)([KMGT]?)bit", word)
    factor = 1000 ** " KMGT".index(bits[2] or " ") if bits else 1
    return f" {int(bits[1]) * factor // 8}" if bits else word and f" {word}"


def _set_mark(name: str, options: Options) -> str:
    """The one operation that a value and a mask come to; nothing where no mark is set."""
    word = _value(options, "--set-xmark")
    if not word:
        return ""
    value, mask = XMARK.read(word, "")
    if value == 0:
        return f" {name} and 0x{~mask & WIDEST:x}"
    if value == mask:
        return f" {name} or 0x{value:x}"
    if mask == 0:
        return f" {name} xor 0x{value:x}"
    return f" {name} set 0x{value:x}" if mask == WIDEST else f" {name} xset 0x{value:x}/0x{mask:x}"


def mark(options: Options) -> str:
    return _set_mark("MARK", options)


def connmark(options: Options) -> str:
    shift = next((option for option in options if option.name.endswith("-shift-mark")), None)
    done = "save" if _find(options, "--save-mark") else "restore" if _find(options, "--restore-mark") else ""
    text = f" CONNMARK {done}{_masks(options, done)}" if done else _set_mark("CONNMARK", options)
    return text + (f" {shift.name.lstrip('-')} {shift.values[0]}" if shift else "")


def _masks(options: Options, done: str) -> str:
    """The mask that is read under, and the other one turned over, as what it keeps."""
    read, written = ("nfmask", "ctmask") if done == "save" else ("ctmask", "nfmask")
    first, second = (_value(options, f"--{name}", f"0x{WIDEST:x}") for name in (read, written))
    if first != second:
        return f" {read} {first} {written} ~{second}"
    return "" if first == f"0x{WIDEST:x}" else f" mask {first}"


def log(options: Options) -> str:
    flags = sum(_LOG_FLAGS.get(option.name, 0) for option in options)
    prefix = _value(options, "--log-prefix")
    return f" LOG flags {flags} level {_value(options, '--log-level', '4')}" + (f' prefix "{prefix}"' if prefix else "")


def tproxy(options: Options) -> str:
    port, address, mark = (_value(options, name) for name in ("--on-port", "--on-ip", "--tproxy-mark"))
    return f" TPROXY redirect {address}:{port} mark {mark}"


def hmark(options: Options) -> str:
    """Numbers in hexadecimal, but for the modulus and the prefix lengths."""

    def number(name: str, text: str) -> str:
        word = _value(options, f"--hmark-{name}")
        return text.format(int(word, 0)) if word else ""

    kinds = ("sport-mask", "dport-mask", "spi-mask", "sport", "dport", "spi", "proto-mask", "rnd")
    return "".join(
        (
            " HMARK ",
            number("mod", "mod {} "),
            number("offset", "+ 0x{:x} "),
            "ct, " if _find(options, "--hmark-tuple") else "",
            *(number(name, f"{name} {{}} ") for name in ("src-prefix", "dst-prefix")),
            *(number(name, f"{name} 0x{{:x}} ") for name in kinds),
        )
    )


# --- words that are listed otherwise than iptables-save prints them: mostly numbers for names ---------------------------------

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


def tcp_flags(flags: Sequence[str]) -> str:
    return f"0x{sum(map(_TCP_FLAGS.__getitem__, flags)):02X}"


def icmp(found: IcmpType) -> str:
    return "255" if found.type is None else str(found).replace("/", " code ")


def chunk_types(word: str) -> str:
    """Chunk types as numbers; the flags behind a colon stay. The first word, any or all or only, stays too."""
    return re.sub(r"[A-Z_]+(?=:|,|$)", lambda name: f"0x{_CHUNKS[name[0]]:04X}" if name[0] in _CHUNKS else name[0], word)


def dccp_types(names: Sequence[str]) -> str:
    return ",".join(map(_DCCP_TYPES.__getitem__, names))


def headers(names: Sequence[str]) -> str:
    return f"0x{sum(map(_HEADERS.__getitem__, names)):02X}"


def group(word: str) -> str:
    """A group of interfaces; Debian names one (/etc/iproute2/group)."""
    return "0x0" if word == "default" else word


def without_length(word: str) -> str:
    """BPF code without the number of its instructions, which stands first."""
    return word.partition(",")[2]


def escaped(word: str) -> str:
    return re.sub(r'(["\\])', r"\\\1", word)


def quoted(word: str) -> str:
    """A word in quotes, where it is more than letters, digits, dashes and underscores."""
    return word if re.fullmatch(r"[A-Za-z0-9_-]+", word) else '"' + re.sub(r"([\"'\\])", r"\\\1", word) + '"'


def month_days(days: Sequence[int]) -> str:
    """Days of the month with the endings that iptables gives them: 11st, 12nd."""
    return ",".join(str(day) + {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th") for day in days)


def date(word: str) -> str:
    return word.replace("T", " ")


def traffic_class(word: str) -> str:
    """Major and minor number of a traffic class, without leading zeros."""
    return ":".join(part.lstrip("0") or "0" for part in word.split(":"))


def delay(word: str) -> str:
    return word if word == "inf" else f"{word}ms"
