"""The canonical form of a rule, as iptables-save prints it: options in order, values in their usual spelling."""

from collections.abc import Sequence
from itertools import accumulate

from netlab_magic.iptables.extensions import HEADER, Extension, match, target
from netlab_magic.iptables.ruleset import Match, Option, Rule, Target

__all__ = ["canonical", "unreadable_word"]

_ANYTHING = {"-s": ("0.0.0.0/0", "::/0"), "-d": ("0.0.0.0/0", "::/0"), "-i": ("+",), "-o": ("+",), "-p": ("all",)}


def canonical(rule: Rule, family: str = "ipv4") -> Rule:
    """The rule as iptables-save 1.8 prints it; what the option table does not know is kept as written.

    Raises ValueError for a value that iptables refuses.

    >>> from netlab_magic.iptables.rule_parser import read_rule
    >>> print(canonical(read_rule("-j DNAT --to 10.0.0.2:http -p tcp --dport http -d 10.1.1.1".split())))
    -d 10.1.1.1/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.2:80
    """
    header = tuple(option for option in _ordered(HEADER, rule.options, family) if not _matches_anything(option))
    matches = tuple(_match(match_, family) for match_ in rule.matches)
    return Rule(header, matches, rule.target and _target(rule.target, family), rule.counters)


def unreadable_word(rule: Rule, family: str = "ipv4") -> str:
    """The first option or value of a rule that was read leniently which iptables would refuse; "" where there is none.

    >>> from netlab_magic.iptables.rule_parser import read_rule
    >>> unreadable_word(read_rule("-s 172.17.X.X/32 -j DROP".split(), strict=False))
    '172.17.X.X/32'
    """
    parts = [(HEADER, rule.options), *((match(held.module), held.options) for held in rule.matches)]
    if rule.target and not rule.target.goto:
        parts.append((target(rule.target.name), rule.target.options))
    known = ((extension, option) for extension, options in parts if extension for option in options)
    return next(filter(None, (_unreadable(extension, option, family) for extension, option in known)), "")


def _unreadable(extension: Extension, option: Option, family: str) -> str:
    row = extension.parameter(option.name)
    if row is None or len(row.types) != len(option.values):
        return option.name
    for kind, value in zip(row.types, option.values, strict=True):
        try:
            kind.read(value, family)
        except ValueError:
            return value or option.name
    return ""


def _matches_anything(option: Option) -> bool:
    return not option.negated and option.values[:1] != () and option.values[0] in _ANYTHING.get(option.name, ())


def _match(found: Match, family: str) -> Match:
    extension = match(found.module)
    if extension is None:
        return found
    return Match(extension.name, _spelt(extension, found.options, family))


def _target(found: Target, family: str) -> Target:
    extension = None if found.goto else target(found.name)
    if extension is None:
        return found
    return Target(found.name, _spelt(extension, found.options, family), found.goto)


def _spelt(extension: Extension, options: Sequence[Option], family: str) -> tuple[Option, ...]:
    ordered = _ordered(extension, options, family)
    if extension.canonical is None or not all(_is_complete(extension, option) for option in ordered):
        return ordered
    spelt = extension.canonical(ordered, family)
    return ordered if spelt == ordered else _ordered(extension, spelt, family)


def _is_complete(extension: Extension, option: Option) -> bool:
    """Whether the table knows the option, and it has its words: lenient reading keeps what is neither."""
    row = extension.parameter(option.name)
    return row is not None and len(row.types) == len(option.values)


def _ordered(extension: Extension, options: Sequence[Option], family: str) -> tuple[Option, ...]:
    """The options in the table's order and each value in its canonical form, with defaults; unknown options last."""
    made = [_valued(extension, option, family) for option in options]
    if extension.defaults:
        given = {option.name for option in options}
        made += [option for option in extension.defaults if option.name not in given]
    if len(made) < 2:
        return tuple(made)
    places = extension.places
    if "--next" not in places:
        return tuple(sorted(made, key=lambda option: places.get(option.name, len(places))))
    elements = accumulate(option.name == "--next" for option in made)  # -m policy begins another element with --next
    placed = sorted(
        zip(elements, made, strict=True), key=lambda pair: (pair[0], pair[1].name != "--next", places.get(pair[1].name, len(places)))
    )
    return tuple(option for _, option in placed)


def _valued(extension: Extension, option: Option, family: str) -> Option:
    row = extension.parameter(option.name)
    if row is None or len(row.types) != len(option.values):
        return option
    values = tuple([kind.canonical(value, family) for kind, value in zip(row.types, option.values, strict=True)])
    return option if values == option.values and row.name == option.name else Option(row.name, values, option.negated)
