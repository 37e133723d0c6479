"""A rule in a few words for one row: what it matches, where it sends the packet, and how it ends."""

from collections.abc import Container, Iterator

import msgspec

from netlab_magic.iptables.ruleset import Match, Option, Rule

__all__ = ["End", "RuleWords", "verdict", "words_of"]

_EVERY_PACKET = "every packet"


class End(msgspec.Struct, frozen=True):
    """How a rule or policy ends: a symbol and a word, readable without colour; `good` is None if it is neither good nor bad."""

    symbol: str
    word: str
    good: bool | None = None

    def __str__(self) -> str:
        return f"{self.symbol} {self.word}"


class RuleWords(msgspec.Struct, frozen=True):
    """`match` is short, in phrases, for a row; `verbatim` is that part of the rule in full; `to` the chains that it may enter."""

    match: tuple[str, ...]
    verbatim: str
    end: End
    to: tuple[str, ...] = ()
    goto: bool = False


def verdict(word: str, options: str = "") -> End:
    """The end that a built-in target of iptables, or a verdict of nft, stands for.

    >>> str(verdict("DROP"))
    '✕ DROP'
    """
    symbol, good = {
        "ACCEPT": ("✓", True),
        "DROP": ("✕", False),
        "REJECT": ("✕", False),
        "RETURN": ("↩", None),
        "": ("…", None),
    }.get(word.upper(), ("•", None))
    return End(symbol, f"{word or 'only counts'} {options}".strip(), good)


def _as_typed(option: Option) -> str:
    return " ".join(["!"] * option.negated + [option.name, *option.values])


def _phrases_of(match: Match) -> Iterator[str]:
    """A match without its module's name, which its options imply; comments as `iptables -L` shows them."""
    if not match.options:
        yield f"-m {match.module}"
    for option in match.options:
        yield f"/* {' '.join(option.values)} */" if option.name == "--comment" else str(option)


def _short(rule: Rule) -> tuple[str, ...]:
    return (*map(str, rule.options), *(phrase for match in rule.matches for phrase in _phrases_of(match)))


def words_of(rule: Rule, chains: Container[str]) -> RuleWords:
    """The words of a rule in a table that has `chains`."""
    short = _short(rule)
    verbatim = " ".join(map(str, (*rule.options, *rule.matches)))
    if not short and not rule.target and rule.raw.strip():  # what lenient reading did not understand is still part of the rule
        short, verbatim = (rule.raw,), rule.raw
    short, verbatim = short or (_EVERY_PACKET,), verbatim or _EVERY_PACKET
    if rule.target and rule.target.name in chains:
        name, goto = rule.target.name, rule.target.goto
        return RuleWords(short, verbatim, End("⇒", f"goto {name}") if goto else End("→", name), (name,), goto)
    options = rule.target.options if rule.target else ()
    return RuleWords(short, verbatim, verdict(rule.jump, " ".join(map(_as_typed, options))))
