"""Rules, chains and tables in words: what a rule matches, what happens then, and what it is usually there for.

Start reading: `rule`, then `chain` and `table`; rules of known programs are recognised in `known/`.
Imports: errors, i18n, iptables, text.
"""

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
