"""What `explain` gives: a rule, a chain or a table in words, as text and as HTML."""

from collections.abc import Collection
from html import escape

import msgspec

from netlab_magic.errors import StatementError, place_of
from netlab_magic.explain import ChainExplanation, Explanation, TableExplanation, explain_chain, explain_rule, explain_table, listed
from netlab_magic.forwarding.flows import RulePlace
from netlab_magic.i18n import language as language_called
from netlab_magic.iptables.analysis.shadowing import shadowed
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.language.statements import Explain
from netlab_magic.model.hooks import BUILT_IN
from netlab_magic.session.results.base import Result
from netlab_magic.text import suggest

__all__ = ["Explained", "explained", "table_of"]


class Explained(Result):
    """An explanation; `language` is the one that it is written in (a name of messages.LANGUAGES)."""

    def __init__(self, explanation: Explanation | ChainExplanation | TableExplanation, language: str = "en") -> None:
        self.explanation = explanation
        self.language = language

    def __str__(self) -> str:
        return str(self.explanation)

    def html(self, commands: bool = False) -> str:
        """See Result. The rules of a chain unfold to the situation in which one meets them."""
        said = self.explanation
        body = _rule(said) if isinstance(said, Explanation) else _chain(said) if isinstance(said, ChainExplanation) else _table(said)
        return f'<div lang="{self.language.replace("_", "-")}">{body}</div>'


def _line(text: str, kind: str = "") -> str:
    return f"<pre{kind}>{escape(text)}</pre>" if text else ""


def _more(rule: Explanation) -> str:
    return "".join(_line(text, ' class="why"') for text in (rule.situation, *rule.notes))


def _rule(rule: Explanation) -> str:
    return f"<pre><b>{escape(f'{rule.chain} {rule.number}')}</b>  {escape(rule.rule)}</pre>{_line(rule.short)}{_more(rule)}"


def _chain(chain: ChainExplanation) -> str:
    head = f"<pre><b>{escape(chain.chain)}</b> ({escape(chain.table)})</pre>"
    rules = "".join(_folded(rule) for rule in chain.rules)
    return "".join([head, *map(_line, (chain.purpose, chain.entered, *chain.notes)), rules, _line(chain.end)])


def _table(table: TableExplanation) -> str:
    rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(said)}</td></tr>" for name, said in table.chains)
    return f"<pre><b>{escape(table.table)}</b></pre><table>{rows}</table>{''.join(map(_line, table.notes))}"


def _folded(rule: Explanation) -> str:
    head = f"{rule.number}. {rule.rule}"
    more = _more(rule)
    if not more:
        return f"<pre><b>{escape(head)}</b></pre>{_line(rule.short)}"
    return f"<pre><b>{escape(head)}</b></pre><details><summary>{escape(rule.short)}</summary>{more}</details>"


def explained(statement: Explain, ruleset: Ruleset, language: str, unmet: Collection[RulePlace] = ()) -> Explained:
    """What an `explain` statement asks for; `unmet` are the rules that no flow of the lab matches (see flows.hit_by_no_flow).

    Raises StatementError for a table, chain or rule that is not there.
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


def _chain_with(unmet: Collection[RulePlace], told: ChainExplanation, ruleset: Ruleset, language: str) -> ChainExplanation:
    """A chain's explanation, with a note of those of its rules that no flow of the lab matches although some packet could."""
    say, table = language_called(language), ruleset.table(told.table)
    held = table.chain(told.chain) if unmet else None
    never = shadowed(table, held, ruleset.family) if held else {}
    numbers = [str(rule.number) for rule in told.rules if (told.table, told.chain, rule.number) in unmet and rule.number not in never]
    if not numbers:
        return told
    if len(numbers) == len(told.rules):
        note = say("No flow of this lab meets any of its rules.")
    elif len(numbers) == 1:
        note = say("No flow of this lab meets rule {}.", numbers[0])
    else:
        note = say("No flow of this lab meets the rules {}.", listed(numbers, say))
    return msgspec.structs.replace(told, notes=(*told.notes, note))


def _rule_with(unmet: Collection[RulePlace], table: str, told: Explanation, language: str) -> Explanation:
    if (table, told.chain, told.number) not in unmet:
        return told
    say = language_called(language)
    note = say("No flow of this lab meets it: neither what its namespaces could ask each other and the Internet, nor the answers.")
    return msgspec.structs.replace(told, notes=(*told.notes, note))


def table_of(ruleset: Ruleset, chain: str) -> str:
    """The table that has a chain; filter first. Raises StatementError."""
    for name in BUILT_IN:
        if ruleset.table(name).chain(chain):
            return name
    known = [held.name for name in BUILT_IN for held in ruleset.table(name).chains]
    raise StatementError(f"there is no chain {chain}{suggest(chain, known)}", place_of(chain))
