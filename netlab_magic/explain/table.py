"""A table in words: its chains with their purpose, and what in it has no effect."""

from collections.abc import Iterator

import msgspec

from netlab_magic.explain.known.chains import known_purpose
from netlab_magic.explain.values import listed
from netlab_magic.i18n import Language, language
from netlab_magic.iptables.analysis.reachability import orphans
from netlab_magic.iptables.analysis.shadowing import all_shadowed
from netlab_magic.iptables.ruleset import Chain, Ruleset, Table
from netlab_magic.text import aligned, printable

__all__ = ["TableExplanation", "explain_table"]

_MOST_CHAINS = 60
_MOST_NOTES = 20


class TableExplanation(msgspec.Struct, frozen=True):
    """A table in words: `chains` are pairs of a chain's name and its purpose, `notes` say what in the table has no effect."""

    table: str
    chains: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        """Each chain's name and purpose, and the notes."""
        return (*(f"{name}: {said}" for name, said in self.chains), *self.notes)

    def __str__(self) -> str:
        chains = [f"  {line}" for line in aligned(self.chains)]
        return "\n".join([self.table, *chains, *(f"  {note}" for note in self.notes)])


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
    lost = orphans(table)
    if len(lost) == 1:
        yield say("No packet gets to the chain {}: no reachable rule jumps there.", lost[0])
    elif lost:
        yield say("No packet gets to the chains {}: no reachable rule jumps there.", listed(lost, say))
    never = [
        say("Rule {0} of {1} can never match: rule {2} takes all its packets.", number, chain, taker)
        for chain, number, taker in all_shadowed(table, ruleset.family)
    ]
    yield from never[:_MOST_NOTES]
    if len(never) > _MOST_NOTES:
        yield say("{} more rules can never match; explain their chains to see which.", len(never) - _MOST_NOTES)
