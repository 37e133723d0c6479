"""The types of words that measure: rates, probabilities, times of day and dates, tests on bytes."""

import re
from collections.abc import Sequence

from netlab_magic.iptables.extensions.types import UNITS, WIDEST, integer, rate, value_type
from netlab_magic.iptables.extensions.values import Rate

__all__ = ["BITS", "CLOCK", "DATE", "HASH_RATE", "HASH_SCALE", "MONTHDAYS", "PROBABILITY", "TICKS", "U32", "WEEKDAYS", "WEEKDAY_NAMES"]

WEEKDAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
"""The days as iptables-save prints them, from number 1."""

HASH_SCALE = 1_000_000
"""Parts of a second in which xt_hashlimit keeps rates (XT_HASHLIMIT_SCALE_v2 in linux/netfilter/xt_hashlimit.h)."""

_ONE = 0x80000000  # how xt_statistic keeps the probability 1
_BYTE_UNITS = {"b": 1, "kb": 1024, "mb": 1024**2}
_BYTE_STEP = 16  # xt_hashlimit counts bytes in steps of this size
_NUMBER = r"(?:0[xX][0-9a-fA-F]+|\d+)"
_U32_TEST = re.compile(
    rf"(?P<place>{_NUMBER}(?:(?:&|<<|>>|@){_NUMBER})*)=(?P<values>{_NUMBER}(?::{_NUMBER})?(?:,{_NUMBER}(?::{_NUMBER})?)*)"
)


@value_type("a rate of bits (1mbit)")
def BITS(word: str, family: str) -> str:
    """Bits for each second with a unit of tc(8); printed as whole bytes for each second come back."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(k|m|g)?bit", word, re.IGNORECASE)
    if not found:
        raise ValueError(f"{word} is not {BITS.what}")
    bits = int(float(found[1]) * {"": 1, "k": 1e3, "m": 1e6, "g": 1e9}[(found[2] or "").lower()]) // 8 * 8
    unit, name = (1e6, "Mbit") if bits >= 1e9 else (1e3, "Kbit") if bits >= 1e6 else (1, "bit")
    return f"{bits / unit:.0f}{name}"


@value_type("a probability (0.5)", lambda value: f"{value:.11f}")
def PROBABILITY(word: str, family: str) -> float:
    """A fraction, as xt_statistic rounds it."""
    try:
        value = float(word)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise ValueError(f"{word} is not a probability, which is a number from 0 to 1")
    return round(value * _ONE) / _ONE


@value_type("a rate (5/min, 512kb/s)")
def HASH_RATE(word: str, family: str) -> Rate:
    """A rate of packets, or of bytes. That of packets keeps its unit, which says how long its table keeps an idle entry."""
    found = re.fullmatch(r"(\d{1,9})(b|kb|mb)/s", word)
    if not found:
        rate(word, HASH_SCALE, HASH_RATE.what)
        amount, _, period = word.partition("/")
        return Rate(int(amount), UNITS[(period or "s")[0].lower()])
    size = int(found[1]) * _BYTE_UNITS[found[2]] // _BYTE_STEP * _BYTE_STEP
    if not size:
        raise ValueError(f"{word} is not {HASH_RATE.what}: the smallest is {_BYTE_STEP}b/s")
    unit = next(name for name in ("mb", "kb", "b") if size % _BYTE_UNITS[name] == 0)
    return Rate(size // _BYTE_UNITS[unit], "sec", unit)


def _fields(word: str, pattern: str, limits: Sequence[tuple[int, int]], what: str) -> list[int]:
    found = re.fullmatch(pattern, word)
    fields = [int(field) if field else low for field, (low, _) in zip(found.groups(), limits, strict=True)] if found else []
    if not found or not all(low <= field <= high for field, (low, high) in zip(fields, limits, strict=True)):
        raise ValueError(f"{word} is not {what}")
    return fields


@value_type("a time of day (08:00)")
def CLOCK(word: str, family: str) -> str:
    """Hours, minutes and perhaps seconds."""
    hour, minute, second = _fields(word, r"(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?", [(0, 23), (0, 59), (0, 59)], CLOCK.what)
    return f"{hour:02}:{minute:02}:{second:02}"


@value_type("a date (2024-12-31T23:59)")
def DATE(word: str, family: str) -> str:
    """A date in ISO 8601, whose end may be left out."""
    pattern = r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2})(?:T(\d{1,2})(?::(\d{1,2})(?::(\d{1,2}))?)?)?)?)?"
    limits = [(1970, 2038), (1, 12), (1, 31), (0, 23), (0, 59), (0, 59)]
    year, month, day, hour, minute, second = _fields(word, pattern, limits, DATE.what)
    return f"{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"


@value_type("a list of days of the week (Mon,Tue)", ",".join)
def WEEKDAYS(word: str, family: str) -> tuple[str, ...]:
    """Days by their first two or three letters, or by number from Monday."""
    known = {name: day for day in WEEKDAY_NAMES for name in (day, day[:2])}
    known |= {str(number): day for number, day in enumerate(WEEKDAY_NAMES, 1)}
    given = word.split(",")
    unknown = next((name for name in given if name not in known), None)
    if unknown is not None:
        raise ValueError(f"{unknown or 'nothing'} is not a day of the week; choose one of {', '.join(WEEKDAY_NAMES)}")
    found = {known[name] for name in given}
    return tuple(day for day in WEEKDAY_NAMES if day in found)


@value_type("a list of days of the month (1,15)", lambda days: ",".join(map(str, days)))
def MONTHDAYS(word: str, family: str) -> tuple[int, ...]:
    """Days from 1 to 31."""
    days = {integer(day, 31, MONTHDAYS.what) for day in word.split(",")}
    if 0 in days:
        raise ValueError(f"{word} is not {MONTHDAYS.what}: the first is 1")
    return tuple(sorted(days))


@value_type("tests on bytes (6&0xFF=1)")
def U32(word: str, family: str) -> str:
    """VALUES of bytes at a place, as tests that must all hold."""
    tests = [_U32_TEST.fullmatch(test) for test in re.sub(r"\s", "", word).split("&&")]
    if not all(tests):
        raise ValueError(f"{word or 'nothing'} is not {U32.what}")
    return re.sub(_NUMBER, lambda found: f"0x{integer(found[0], WIDEST, 'a number'):x}", "&&".join(test[0] for test in tests if test))


@value_type("a time (250ms)")
def TICKS(word: str, family: str) -> str:
    """Seconds or their parts, as tc(8) writes them."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(s|ms|us|sec|msec|usec|secs|msecs|usecs)", word)
    if not found:
        raise ValueError(f"{word} is not {TICKS.what}")
    seconds = float(found[1]) / {"s": 1, "m": 1e3, "u": 1e6}[found[2][0]]
    return f"{seconds:.1f}s" if seconds >= 1 else f"{seconds * 1e3:.1f}ms" if seconds >= 1e-3 else f"{seconds * 1e6:.0f}us"
