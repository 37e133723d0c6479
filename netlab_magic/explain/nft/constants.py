"""The values of nft's rules as a reader says them: `1024-65535` is 1024–65535, `172.17.0.2/32` one address, a set its elements."""

from collections.abc import Sequence

from netlab_magic.explain.values import KINDS, PERIODS, PING, ored, protocol
from netlab_magic.i18n import Language, message
from netlab_magic.nftables import expressions as e
from netlab_magic.nftables.datatypes import Bitmask, Datatype
from netlab_magic.nftables.statements import Limit
from netlab_magic.nftables.text.expression_printer import Style, constant_text

__all__ = ["constant", "constants", "elements", "kinds_of", "rate"]

_STYLE = Style()
_MOST = 12
_ICMP = ("icmp_type", "icmpv6_type")


def kinds_of(expression: e.Expression) -> tuple[Datatype, ...]:
    """The data types of what an expression is compared with."""
    parts = expression.parts if isinstance(expression, e.Concatenation) else (expression,)
    return tuple(map(_STYLE.datatype, parts))


def constants(value: e.Expression, kinds: Sequence[Datatype], say: Language) -> str:
    """A value that is written in a rule: one, or of a set the first dozen."""
    return elements(value, kinds, say) if isinstance(value, e.AnonymousSet) else constant(value, kinds, say)


def elements(found: e.AnonymousSet, kinds: Sequence[Datatype], say: Language) -> str:
    """The elements of a set that is written in a rule: A, B or C."""
    return _some([constant(element.key, kinds, say) for element in found.elements], say)


def _some(words: list[str], say: Language) -> str:
    some = words[:_MOST]
    return ored([*some, say("one of {} others", len(words) - len(some))] if len(words) > len(some) else some, say)


def constant(value: e.Expression, kinds: Sequence[Datatype], say: Language) -> str:
    """One value, by its type."""
    kind = kinds[0]
    match value:
        case e.Concatenation(parts):
            words = [constant(part, [one], say) for part, one in zip(parts, kinds, strict=False)]
            return say.several(message("{0} with {1}"), message("{0} with {1}"), words)
        case e.Range(low, high):
            return f"{_bare(kind.bound(low))}–{_bare(kind.bound(high))}"
        case e.CatchAll():
            return say("anything else")
        case int() if kind.name == "inet_proto":
            return protocol(value)
        case int() if kind.name in _ICMP:
            name = kind.show(value)
            return say(PING[name]) if name in PING else say("number {}", value) if name == str(value) else say(
                "number {number} ({name})", number=value, name=name)  # fmt: skip
        case int() if kind.name == "fib_addrtype":
            return say(KINDS.get(kind.show(value).upper(), kind.show(value)))
        case int() if isinstance(kind, Bitmask):
            return ored(kind.flags(value), say)
        case str():
            return value
    return _bare(constant_text(value, kinds))


def _bare(word: str) -> str:
    """A word without nft's quotes."""
    return word.strip('"')


def rate(found: Limit, say: Language) -> str:
    """`5 per minute`."""
    amount = say("{} bytes", found.rate) if found.in_bytes else str(found.rate)
    period = {"second": "sec", "minute": "min"}.get(found.per, found.per)
    return say(PERIODS[period], amount)
