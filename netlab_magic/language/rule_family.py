"""For which of iptables and ip6tables a rule is: told by an option, by its addresses, or by what only one of the two has."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from netlab_magic.errors import Word
from netlab_magic.iptables.extensions import match, target
from netlab_magic.iptables.extensions.schema import ValueType
from netlab_magic.iptables.ruleset import PROGRAM_OF
from netlab_magic.language.rule_words import options_in
from netlab_magic.language.word_reader import wrong

__all__ = ["rule_family"]

_OPTIONS = {"-4": "ipv4", "--ipv4": "ipv4", "-6": "ipv6", "--ipv6": "ipv6"}
_PROTOCOLS = {"icmp": "ipv4", "1": "ipv4", "icmpv6": "ipv6", "ipv6-icmp": "ipv6", "58": "ipv6"}
_NAMES = {"-m": match, "--match": match, "-j": target, "--jump": target}


def rule_family(words: Sequence[Word], asked: str = "") -> str:
    """The family of a rule, ipv4 or ipv6: what was `asked` for, else what its words tell, else ipv4.

    Raises StatementError at the first word that contradicts an earlier one, or what was asked for.
    """
    family, first = asked, {"ipv4": "-4", "ipv6": "-6"}.get(asked, "")
    for word, told in _signs(words):
        if family and told != family:
            wrong(f"{word} is for {PROGRAM_OF[told]}, and {first} is for {PROGRAM_OF[family]}: a rule is for one of the two", word)
        family, first = told, first or str(word)
    return family or "ipv4"


def _signs(words: Sequence[Word]) -> Iterator[tuple[Word, str]]:
    """The words that tell the family, each with what it tells."""
    rows = options_in(words)
    yield from ((word, _OPTIONS[word]) for word in words[:1] if word in _OPTIONS)
    for at, (option, word) in enumerate(pairwise(words)):
        if word in _OPTIONS:
            yield word, _OPTIONS[word]
        elif option in ("-p", "--protocol", "--proto"):
            yield from ((word, told) for told in [_PROTOCOLS.get(word, "")] if told)
        elif option in _NAMES:
            extension = _NAMES[option](word)
            yield from ((word, told) for told in [extension.family if extension else ""] if told)
        elif option in rows:
            values = words[at + 1 :] if word != "!" else words[at + 2 :]
            for kind, value in zip(rows[option].types, values, strict=False):
                yield from ((value, told) for told in [_family_of(kind, value)] if told)


def _family_of(kind: ValueType[object], word: str) -> str:
    """The only family in which a word can be read; "" where both can read it, or neither."""
    able = [family for family in PROGRAM_OF if all(_is_read(kind, part, family) for part in word.split(","))]
    return able[0] if len(able) == 1 else ""


def _is_read(kind: ValueType[object], word: str, family: str) -> bool:
    try:
        kind.read(word, family)
    except ValueError:
        return False
    return True
