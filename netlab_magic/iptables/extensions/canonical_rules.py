"""The extensions whose options iptables-save prints otherwise than they are written: synonyms, defaults and combined values."""

from collections.abc import Callable

from netlab_magic.iptables.extensions.schema import Options
from netlab_magic.iptables.extensions.types import MARK, SECONDS, WIDEST, XMARK, rate
from netlab_magic.iptables.extensions.types_rates import HASH_RATE, HASH_SCALE, MONTHDAYS, WEEKDAY_NAMES, WEEKDAYS
from netlab_magic.iptables.extensions.types_symbolic import DSCP_CLASSES, TOS, TOS_SET
from netlab_magic.iptables.extensions.values import Masked, Rate
from netlab_magic.iptables.option import Option

__all__ = [
    "cluster",
    "connlimit",
    "connmark",
    "dropping",
    "dscp",
    "hashlimit",
    "hmark",
    "mark",
    "nfqueue",
    "policy",
    "ports",
    "recent",
    "reject",
    "set_match",
    "string",
    "tcp",
    "time",
    "tos",
    "tproxy",
]

_ALL_BITS = "0xffffffff"


def _find(options: Options, *names: str) -> Option | None:
    return next((option for option in options if option.name in names), None)


def _without(options: Options, *names: str) -> Options:
    return tuple(option for option in options if option.name not in names)


def tcp(options: Options, family: str) -> Options:
    """`--syn` is `--tcp-flags FIN,SYN,RST,ACK SYN`."""
    syn = _find(options, "--syn")
    if syn:
        options = (*_without(options, "--syn"), Option("--tcp-flags", ("FIN,SYN,RST,ACK", "SYN"), syn.negated))
    return tuple(option for option in ports(options, family) if option.values != ("NONE", "NONE"))


def dropping(**defaults: tuple[str, ...]) -> Callable[[Options, str], Options]:
    """iptables-save leaves out options that have their default value; the keywords are their names without `--`, `_` for `-`."""
    left_out = {Option(f"--{name.replace('_', '-')}", (word,)) for name, words in defaults.items() for word in words}
    return lambda options, family: tuple(option for option in options if option not in left_out)


def _completed(options: Options, **values: str) -> Options:
    """The options, and those that are missing with the value that iptables-save prints for them."""
    given = {option.name for option in options}
    named = {f"--{name.replace('_', '-')}": value for name, value in values.items()}
    return (*options, *(Option(name, (value,) if value else ()) for name, value in named.items() if name not in given))


def dscp(options: Options, family: str) -> Options:
    """A class is printed as its code point."""
    named = _find(options, "--dscp-class", "--set-dscp-class")
    if not named:
        return options
    number = Option(named.name.removesuffix("-class"), (f"0x{DSCP_CLASSES[named.values[0].lower()]:02x}",), named.negated)
    return (*_without(options, named.name), number)


def tos(options: Options, family: str) -> Options:
    """Every way to set the type of service comes to a value and the bits that it replaces (xt_DSCP, TOS revision 1)."""
    found = _find(options, "--and-tos", "--or-tos", "--xor-tos")
    if not found:
        return options
    bits = TOS_SET.read(found.values[0], family)
    value, mask = {"--and-tos": (0, ~bits & 255), "--or-tos": (bits, bits), "--xor-tos": (bits, 0)}[found.name]
    return (*_without(options, found.name), Option("--set-tos", (TOS.printed(Masked(value, mask)),)))


def hmark(options: Options, family: str) -> Options:
    """What is hashed is printed as masks, all of them whole; only `ct` stays a word."""
    found = _find(options, "--hmark-tuple")
    if not found:
        return options
    length = "32" if family == "ipv4" else "128"
    masks = {
        "src": Option("--hmark-src-prefix", (length,)),
        "dst": Option("--hmark-dst-prefix", (length,)),
        "sport": Option("--hmark-sport-mask", ("0xffff",)),
        "dport": Option("--hmark-dport-mask", ("0xffff",)),
        "spi": Option("--hmark-spi-mask", (_ALL_BITS,)),
        "ct": Option("--hmark-tuple", ("ct",)),
    }
    return (*_without(options, "--hmark-tuple"), *(masks[word] for word in found.values[0].split(",")))


def string(given: Options, family: str) -> Options:
    """A pattern is printed as text where all of it is printable ASCII, and else as bytes; the whole packet needs no bounds."""
    options = dropping(**{"from": ("0",), "to": ("65535",)})(given, family)
    found = _find(options, "--string", "--hex-string")
    if not found:
        return options
    text = found.name == "--string"
    pattern = found.values[0].encode(errors="surrogateescape") if text else bytes.fromhex(found.values[0].strip("|"))
    if all(32 <= byte < 127 for byte in pattern):
        spelt = Option("--string", (pattern.decode("ascii"),), found.negated)
    else:
        spelt = Option("--hex-string", (f"|{pattern.hex()}|",), found.negated)
    return (*_without(options, found.name), spelt)


def reject(options: Options, family: str) -> Options:
    return _completed(options, reject_with="icmp-port-unreachable" if family == "ipv4" else "icmp6-port-unreachable")


def recent(options: Options, family: str) -> Options:
    """The list, the mask and the side are always printed; `--seconds` and others only where given, and no number of hits that is 0."""
    ones = "255.255.255.255" if family == "ipv4" else "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
    options = dropping(hitcount=("0",))(options, family)
    sided = options if _find(options, "--rdest") else _completed(options, rsource="")
    return _completed(sided, name="DEFAULT", mask=ones)


def _turned(options: Options, above: str, upto: str) -> Options:
    """Not above is up to, and not up to is above."""
    other = {above: upto, upto: above}
    return tuple(Option(other[option.name], option.values) if option.negated and option.name in other else option for option in options)


def connlimit(options: Options, family: str) -> Options:
    """Mask and side are always printed."""
    turned = _turned(options, "--connlimit-above", "--connlimit-upto")
    sided = turned if _find(turned, "--connlimit-daddr") else _completed(turned, connlimit_saddr="")
    return _completed(sided, connlimit_mask="32" if family == "ipv4" else "128")


def hashlimit(options: Options, family: str) -> Options:
    whole = "32" if family == "ipv4" else "128"
    turned = _turned(options, "--hashlimit-above", "--hashlimit-upto")
    given = dropping(hashlimit_srcmask=(whole,), hashlimit_dstmask=(whole,))(turned, family)
    limit = _find(given, "--hashlimit-upto", "--hashlimit-above")
    written = HASH_RATE.read(limit.values[0], family) if limit else None
    return given if limit is None or written is None or written.unit else _hashlimit_packets(given, limit, written, family)


def _hashlimit_packets(options: Options, limit: Option, written: Rate, family: str) -> Options:
    """A rate of packets has a burst. Idle entries live as long as the unit that it was written in, which is printed unless it is the
    unit of the printed rate; with --hashlimit-rate-match that unit is the interval, and the rate is printed as one for each second.
    """
    life = SECONDS[written.period]
    measured = _find(options, "--hashlimit-rate-match")
    shown = Rate(written.amount, "sec") if measured else rate(str(written), HASH_SCALE, HASH_RATE.what)
    interval = {"hashlimit_rate_interval": str(life)} if measured else {}
    told = _completed(options, hashlimit_burst="5", hashlimit_htable_expire=str(life * 1000), **interval)
    usual = str(SECONDS[shown.period] * 1000)
    kept = dropping(hashlimit_htable_expire=(usual,), hashlimit_rate_interval=("1",))(_without(told, limit.name), family)
    return (*kept, Option(limit.name, (str(shown),), limit.negated))


def set_match(options: Options, family: str) -> Options:
    """The counters of entries are kept up to date unless it is told otherwise."""
    return tuple(option for option in options if option.name != "--update-counters" or option.negated)


def time(options: Options, family: str) -> Options:
    """Both ends of the day's window, or none; the days that match; UTC unless it is told; and an end of all dates."""
    whole_day = {"timestart": "00:00:00", "timestop": "23:59:59"}
    bounded = _completed(options, **whole_day) if _find(options, "--timestart", "--timestop") else options
    named = tuple(_named_days(option, family) for option in _without(bounded, "--utc"))
    return _completed(named, datestop="2038-01-19T03:14:07")


def _named_days(option: Option, family: str) -> Option:
    """The days of a list, where those are written that are not in it."""
    word = option.values[0] if option.negated and option.values else ""
    match option.name, option.negated:
        case "--weekdays", True:
            left_out = WEEKDAYS.read(word, family)
            return Option(option.name, (WEEKDAYS.printed(tuple(day for day in WEEKDAY_NAMES if day not in left_out)),))
        case "--monthdays", True:
            others = MONTHDAYS.read(word, family)
            return Option(option.name, (MONTHDAYS.printed(tuple(day for day in range(1, 32) if day not in others)),))
        case _:
            return option


def ports(options: Options, family: str) -> Options:
    """A range of all ports says nothing, and is not printed."""
    return tuple(option for option in options if option.values != ("0:65535",) or option.negated)


def cluster(options: Options, family: str) -> Options:
    """A node is a mask of one node."""
    node = _find(options, "--cluster-local-node")
    if not node:
        return options
    mask = Option("--cluster-local-nodemask", (f"0x{1 << int(node.values[0]) - 1:08x}",), node.negated)
    return (*_without(options, node.name), mask)


def policy(options: Options, family: str) -> Options:
    return _completed(options, pol="ipsec")


def tproxy(options: Options, family: str) -> Options:
    return _completed(options, on_ip="0.0.0.0" if family == "ipv4" else "::", tproxy_mark="0x0/0x0")


def nfqueue(options: Options, family: str) -> Options:
    return options if _find(options, "--queue-balance") else _completed(options, queue_num="0")


def _set_mark(options: Options) -> Options:
    """Every way to set a mark comes to clearing the bits of a mask, then turning over those of a value (xt_mark, revision 2)."""
    found = _find(options, "--set-xmark", "--set-mark", "--and-mark", "--or-mark", "--xor-mark")
    if not found:
        return options
    value, mask = MARK.read(found.values[0], "")
    value, mask = {
        "--set-xmark": (value, mask),
        "--set-mark": (value, value | mask),
        "--and-mark": (0, ~value & WIDEST),
        "--or-mark": (value, value),
        "--xor-mark": (value, 0),
    }[found.name]
    return (*_without(options, found.name), Option("--set-xmark", (XMARK.printed(Masked(value, mask)),)))


def mark(options: Options, family: str) -> Options:
    return _set_mark(options)


def connmark(options: Options, family: str) -> Options:
    """Saving and restoring name both masks."""
    copied = _find(options, "--save-mark", "--restore-mark")
    if not copied:
        return _set_mark(options)
    both = _find(options, "--mask")
    masks = {name: _find(options, name) or both for name in ("--nfmask", "--ctmask")}
    named = (Option(name, found.values if found else (_ALL_BITS,)) for name, found in masks.items())
    return (*_without(options, "--mask", *masks), *named)
