"""What an `explain` statement asks for, in words: a rule, a chain or a table of iptables."""

from collections.abc import Collection

import msgspec

from netlab_magic.errors import StatementError, place_of
from netlab_magic.explain import ChainExplanation, Explanation, explain_chain, explain_rule, explain_table, listed
from netlab_magic.i18n import language as language_called
from netlab_magic.iptables.analysis.shadowing import shadowed
from netlab_magic.iptables.ruleset import RulePosition, Ruleset
from netlab_magic.language.statements import Explain
from netlab_magic.model.hooks import BUILT_IN
from netlab_magic.session.results.explain import Explained
from netlab_magic.text import suggest

__all__ = ["explained", "table_of"]


def explained(statement: Explain, ruleset: Ruleset, language: str, unmet: Collection[RulePosition] = ()) -> Explained:
    """What an `explain` statement asks for; `unmet` are the rules that no flow of the lab matches (see flows.hit_by_no_flow).

    Raises StatementError for a table, chain or rule that does not exist.
    """
    if statement.chain is None:
        return Explained(explain_table(ruleset, str(statement.table), language), language)
    table = str(statement.table or table_of(ruleset, statement.chain))
    chain = str(statement.chain)
    try:
        if statement.number is None:
            return Explained(_chain_with(unmet, explain_chain(ruleset, table, chain, language), ruleset, language), language)
        return Explained(_rule_with(unmet, table, explain_rule(ruleset, table, chain, int(statement.number), language), language), language)
    except StatementError as error:
        held = ruleset.table(table).chain(chain)
        place = place_of(statement.number if held and statement.number else statement.chain)
        raise (error.at(place) if place else error) from None


def _chain_with(unmet: Collection[RulePosition], told: ChainExplanation, ruleset: Ruleset, language: str) -> ChainExplanation:
    """A chain's explanation, noting which of its rules no flow of the lab matches, although some packet could."""
    say, table = language_called(language), ruleset.table(told.table)
    held = table.chain(told.chain) if unmet else None
    never = shadowed(table, held, ruleset.family) if held else {}
    numbers = [str(rule.number) for rule in told.rules if (told.table, told.chain, rule.number) in unmet and rule.number not in never]
    if not numbers:
        return told
    if len(numbers) == len(told.rules):
        note = say("No flow in this lab matches any of its rules.")
    elif len(numbers) == 1:
        note = say("No flow in this lab matches rule {}.", numbers[0])
    else:
        note = say("No flow in this lab matches rules {}.", listed(numbers, say))
    return msgspec.structs.replace(told, notes=(*told.notes, note))


def _rule_with(unmet: Collection[RulePosition], table: str, told: Explanation, language: str) -> Explanation:
    if (table, told.chain, told.number) not in unmet:
        return told
    say = language_called(language)
    note = say("No flow in this lab matches it: neither requests between its namespaces or to the Internet, nor their replies.")
    return msgspec.structs.replace(told, notes=(*told.notes, note))


def table_of(ruleset: Ruleset, chain: str) -> str:
    """The table that has a chain, filter first. Raises StatementError."""
    for name in BUILT_IN:
        if ruleset.table(name).chain(chain):
            return name
    known = [held.name for name in BUILT_IN for held in ruleset.table(name).chains]
    raise StatementError(f"there is no chain {chain}{suggest(chain, known)}", place_of(chain))
