"""Which words may come next in a rule, for Tab completion: all from the option table."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from netlab_magic.iptables.extensions import HEADER, MATCHES, TARGETS, Extension, Parameter, match, target

__all__ = ["options_in", "words_after"]

_TARGETS, _CHAINS = (*TARGETS, "<user chain>"), ("<user chain>",)
_NAMED = {"-m": (*MATCHES,), "--match": (*MATCHES,), "-j": _TARGETS, "--jump": _TARGETS, "-g": _CHAINS, "--goto": _CHAINS}
_PROTOCOLS = sorted({protocol for extension in MATCHES.values() for protocol in extension.protocols})
_KINDS = {"-i": "<interface>", "-o": "<interface>", "-s": "<network>", "-d": "<network>"}


def words_after(words: Sequence[str]) -> set[str]:
    """The words that may stand behind `words` of a rule: options, their values where these are few, names, and kinds (`<interface>`)."""
    last = words[-1] if words else ""
    if last in _NAMED:
        return set(_NAMED[last])
    rows = options_in(words)
    if (row := rows.get(last)) and row.types:
        return _values(row, 0)
    if len(words) > 1 and (row := rows.get(words[-2])) and len(row.types) > 1:
        return _values(row, 1)
    return {row.name for row in rows.values()} | {"-m", "-j", "-g"} | ({"!"} if last != "!" else set())


def _values(row: Parameter, place: int) -> set[str]:
    if row is _PROTOCOL:
        return set(_PROTOCOLS)
    return {*row.types[place].choices, *([_KINDS[row.name]] if row.name in _KINDS else [])}


def options_in(words: Sequence[str]) -> dict[str, Parameter]:
    """The options that the rule can have so far, by each of their names."""
    return {name: row for extension in _loaded(words) for row in extension.parameters for name in (row.name, *row.aliases)}


def _loaded(words: Sequence[str]) -> Iterator[Extension]:
    """What the rule has loaded so far: the match of a protocol comes with `-p` (xtables_find_match_revision() in iptables' xshared.c)."""
    yield HEADER
    for option, name in pairwise(words):
        found = target(name) if option in ("-j", "--jump") else match(name) if option in ("-m", "--match", "-p", "--protocol") else None
        if found is not None:
            yield found


_PROTOCOL = next(row for row in HEADER.parameters if row.name == "-p")
