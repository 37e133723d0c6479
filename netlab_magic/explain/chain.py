"""A chain in words: its purpose, the rules that jump to it, its rules, and its end."""

from netlab_magic.explain.explanation import ChainExplanation
from netlab_magic.explain.known.chains import purpose
from netlab_magic.explain.notes import chain_notes
from netlab_magic.explain.position import Site, Surroundings
from netlab_magic.explain.rule import surroundings, told
from netlab_magic.explain.verdicts import callers_told, way_back
from netlab_magic.i18n import Language, language, message
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.text import printable

__all__ = ["explain_chain"]


def explain_chain(ruleset: Ruleset, table: str, chain: str, language_name: str = "en") -> ChainExplanation:
    """A chain in words. Raises StatementError for an unknown table, chain or language."""
    say = language(language_name)
    around = surroundings(ruleset, table, chain)
    found, held = around.table, around.chain
    rules = tuple(told(Site(around, number), ruleset.family, say) for number in range(1, len(held.rules) + 1))
    return ChainExplanation(
        printable(found.name),
        printable(held.name),
        purpose(found.name, held.name, say),
        callers_told(around.callers, say),
        rules,
        _end(around, say),
        tuple(chain_notes(around, say)),
    )


_POLICIES = {
    "ACCEPT": message("Packets that no rule decides about get the policy, ACCEPT: they pass."),
    "DROP": message("Packets that no rule decides about get the policy, DROP: they are dropped silently."),
}


def _end(around: Surroundings, say: Language) -> str:
    chain = around.chain
    if chain.policy:
        return say(_POLICIES.get(chain.policy, message("Packets that no rule decides about get the policy, {}.")), chain.policy)
    return say.paragraph(list(way_back(around.callers, say)))
