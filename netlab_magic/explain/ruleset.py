"""Any part of a ruleset in words: a table, a chain or a rule."""

from collections.abc import Callable
from typing import overload

from netlab_magic.errors import StatementError
from netlab_magic.explain import rule as iptables_rule
from netlab_magic.explain.chain import explain_chain
from netlab_magic.explain.explanation import ChainExplanation, Explanation, SetExplanation, TableExplanation
from netlab_magic.explain.nft import chain as nft_chain
from netlab_magic.explain.nft import rule as nft_rule
from netlab_magic.explain.nft import sets as nft_sets
from netlab_magic.explain.nft import table as nft_table
from netlab_magic.explain.rule import explain_rule
from netlab_magic.explain.table import explain_table
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.nftables.ruleset import Ruleset as NftRuleset
from netlab_magic.text import suggest

__all__ = ["explain", "rule_sentence", "sentences_of"]


@overload
def explain(ruleset: Ruleset, table: str, chain: None = None, number: None = None, language_name: str = "en") -> TableExplanation: ...
@overload
def explain(ruleset: Ruleset, table: str, chain: str, number: None = None, language_name: str = "en") -> ChainExplanation: ...
@overload
def explain(ruleset: Ruleset, table: str, chain: str, number: int, language_name: str = "en") -> Explanation: ...
@overload
def explain(
    ruleset: NftRuleset, table: str, chain: str | None = None, number: int | None = None, language_name: str = "en"
) -> TableExplanation | ChainExplanation | Explanation | SetExplanation: ...


def explain(
    ruleset: Ruleset | NftRuleset, table: str, chain: str | None = None, number: int | None = None, language_name: str = "en"
) -> TableExplanation | ChainExplanation | Explanation | SetExplanation:
    """A table in words; or one of its chains; or the rule with `number` in that chain, counted from 1.

    A table of nft is named with its family, `inet fw`; instead of a chain, a set or map of it may be asked for. `language_name` is `en` or
    `zh_TW`. Raises StatementError for an unknown table, chain, number or language.
    """
    if isinstance(ruleset, NftRuleset):
        return _native(ruleset, table, chain, number, language_name)
    if chain is None:
        return explain_table(ruleset, table, language_name)
    if number is None:
        return explain_chain(ruleset, table, chain, language_name)
    return explain_rule(ruleset, table, chain, number, language_name)


def _native(
    ruleset: NftRuleset, title: str, chain: str | None, number: int | None, language_name: str
) -> TableExplanation | ChainExplanation | Explanation | SetExplanation:
    if chain is None:
        return nft_table.explain_table(ruleset, title, language_name)
    if number is not None:
        return nft_rule.explain_rule(ruleset, title, chain, number, language_name)
    held = nft_rule.table_of_title(ruleset, title)
    found = None if held.chain(chain) else nft_sets.explain_set(ruleset, title, chain, language_name)
    if found is None and chain.startswith("@"):
        raise StatementError(f"the table {title} has no set or map {chain}{suggest(chain, (f'@{each.name}' for each in held.sets))}")
    return found or nft_chain.explain_chain(ruleset, title, chain, language_name)


def rule_sentence(ruleset: Ruleset | NftRuleset, table: str, chain: str, number: int, language_name: str = "en") -> str:
    """What the rule with that number matches, and what happens then, and no more. Raises StatementError as `explain` does."""
    say = nft_rule.rule_sentence if isinstance(ruleset, NftRuleset) else iptables_rule.rule_sentence
    return say(ruleset, table, chain, number, language_name)  # type: ignore[arg-type]


def sentences_of(ruleset: Ruleset, native: NftRuleset, language_name: str = "en") -> Callable[[str, str, int], str]:
    """What says in a sentence what the rule of a table, chain and number does, of iptables or, if the table has a family, of nft.

    It gives "" for a rule that neither has.
    """

    def sentence(table: str, chain: str, number: int) -> str:
        try:
            return rule_sentence(native if " " in table else ruleset, table, chain, number, language_name)
        except StatementError:
            return ""

    return sentence
