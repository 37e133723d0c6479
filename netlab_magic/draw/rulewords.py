"""A rule in the few words that fit into a row: what it matches, where it sends the packet, and what kind of end that is."""

import re
from collections.abc import Container

import msgspec

from netlab_magic.ruleset import Rule

__all__ = ["End", "RuleWords", "verdict", "words_of"]

_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|\S+', re.DOTALL)
_JUMPS = ("-j", "-g", "--jump", "--goto")


class End(msgspec.Struct, frozen=True):
    """How a rule or a policy ends: a symbol and a word, so that no one needs the colour; `good` is None where it is neither."""

    symbol: str
    word: str
    good: bool | None = None

    def __str__(self) -> str:
        return f"{self.symbol} {self.word}"


class RuleWords(msgspec.Struct, frozen=True):
    """`match` is short, in phrases, for a row; `verbatim` is that part of the rule as it was written; `to` the chain it enters, if any."""

    match: tuple[str, ...]
    verbatim: str
    end: End
    to: str | None = None
    goto: bool = False


def verdict(word: str, options: str = "") -> End:
    """The end that a built-in target stands for.

    >>> str(verdict("DROP"))
    '✕ DROP'
    """
    symbol, good = {
        "ACCEPT": ("✓", True),
        "DROP": ("✕", False),
        "REJECT": ("✕", False),
        "RETURN": ("↩", None),
        "": ("…", None),
    }.get(word, ("•", None))
    return End(symbol, f"{word or 'only counts'} {options}".strip(), good)


def _unquoted(word: str) -> str:
    return re.sub(r"\\(.)", r"\1", word[1:-1], flags=re.DOTALL) if word.startswith('"') and word.endswith('"') and len(word) > 1 else word


def _split(rule: Rule) -> tuple[list[str], list[str]]:
    """The words before `-j TARGET` and the options of the target after it."""
    words = _WORD.findall(rule.spec)
    for place in range(len(words) - 1):
        if words[place] in _JUMPS and _unquoted(words[place + 1]) == rule.target:
            return words[:place], words[place + 2 :]
    return words, []


def _short(words: list[str]) -> tuple[str, ...]:
    """The match, an option and its value a phrase, without the modules that its options name anyway, comments as `iptables -L`."""
    phrases: list[str] = []
    place = 0
    while place < len(words):
        word, following = words[place], words[place + 1 : place + 3]
        if word == "-m" and len(following) > 1 and (following[1] == "!" or following[1].startswith("--")):
            place += 2
        elif word == "--comment" and following:
            phrases.append(f"/* {_unquoted(following[0])} */")
            place += 2
        elif phrases and (phrases[-1] == "!" or not word.startswith(("-", "!"))):
            phrases[-1] += f" {word}"
            place += 1
        else:
            phrases.append(word)
            place += 1
    return tuple(phrases) or ("every packet",)


def words_of(rule: Rule, chains: Container[str]) -> RuleWords:
    """The words of a rule in a table that has `chains`."""
    before, after = _split(rule)
    verbatim = " ".join(before) or "every packet"
    if rule.target and rule.target in chains:
        end = End("⇒", f"goto {rule.target}") if rule.goto else End("→", rule.target)
        return RuleWords(_short(before), verbatim, end, rule.target, rule.goto)
    return RuleWords(_short(before), verbatim, verdict(rule.target, " ".join(map(_unquoted, after))))
