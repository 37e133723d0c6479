"""Rules, chains and tables in words: what a rule matches, what happens then, and in which situation one meets it."""

from netlab_magic.explain.chain import ChainExplanation, explain_chain
from netlab_magic.explain.rule import Explanation, explain_rule, rule_sentence, rule_situation
from netlab_magic.explain.table import TableExplanation, explain_table
from netlab_magic.explain.values import listed

__all__ = [
    "ChainExplanation",
    "Explanation",
    "TableExplanation",
    "explain_chain",
    "explain_rule",
    "explain_table",
    "listed",
    "rule_sentence",
    "rule_situation",
]
