"""A table in words: its chains with their purpose, and what in it has no effect."""

from collections.abc import Iterator

from netlab_magic.explain.explanation import TableExplanation
from netlab_magic.explain.known.chains import known_purpose
from netlab_magic.explain.notes import never_told, orphans_told
from netlab_magic.i18n import Language, language
from netlab_magic.iptables.analysis.reachability import graph_of
from netlab_magic.iptables.analysis.shadowing import all_shadowed
from netlab_magic.iptables.ruleset import Chain, Ruleset, Table
from netlab_magic.text import printable

__all__ = ["explain_table"]

_MOST_CHAINS = 60


def explain_table(ruleset: Ruleset, name: str, language_name: str = "en") -> TableExplanation:
    """A table in words. Raises StatementError for an unsupported language."""
    say = language(language_name)
    table = ruleset.table(name)
    told = [(printable(chain.name), _told(table, chain, say)) for chain in table.chains[:_MOST_CHAINS]]
    if len(table.chains) > _MOST_CHAINS:
        told.append(("…", say("{} other chains", len(table.chains) - _MOST_CHAINS)))
    return TableExplanation(table.name, tuple(told), tuple(_notes(ruleset, table, say)))


def _told(table: Table, chain: Chain, say: Language) -> str:
    count = len(chain.rules)
    rules = say("1 rule.") if count == 1 else say("{} rules.", count) if count else say("No rules.")
    return say.paragraph([rules, known_purpose(table.name, chain.name, say)])


def _notes(ruleset: Ruleset, table: Table, say: Language) -> Iterator[str]:
    yield from orphans_told(graph_of(table).orphans, say)
    yield from never_told(list(all_shadowed(table, ruleset.family)), say)
