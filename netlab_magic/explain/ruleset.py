"""Any part of a ruleset in words: a table, a chain or a rule."""

from typing import overload

from netlab_magic.explain.chain import ChainExplanation, explain_chain
from netlab_magic.explain.rule import Explanation, explain_rule
from netlab_magic.explain.table import TableExplanation, explain_table
from netlab_magic.iptables.ruleset import Ruleset

__all__ = ["explain"]


@overload
def explain(ruleset: Ruleset, table: str, chain: None = None, number: None = None, language_name: str = "en") -> TableExplanation: ...
@overload
def explain(ruleset: Ruleset, table: str, chain: str, number: None = None, language_name: str = "en") -> ChainExplanation: ...
@overload
def explain(ruleset: Ruleset, table: str, chain: str, number: int, language_name: str = "en") -> Explanation: ...


def explain(
    ruleset: Ruleset, table: str, chain: str | None = None, number: int | None = None, language_name: str = "en"
) -> TableExplanation | ChainExplanation | Explanation:
    """A table in words; or one of its chains; or the rule with `number` in that chain, counted from 1.

    `language_name` is `en` or `zh_TW`. Raises StatementError for an unknown table, chain, number or language.
    """
    if chain is None:
        return explain_table(ruleset, table, language_name)
    if number is None:
        return explain_chain(ruleset, table, chain, language_name)
    return explain_rule(ruleset, table, chain, number, language_name)
