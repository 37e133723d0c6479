"""Rules, chains and tables in words: what a rule matches, what happens then, and what it is usually for.

The package has the same name as the function `explain` that `netlab_magic` exports, and can be called like it:
`netlab_magic.explain(ruleset, "filter")` works whichever of the two a program imports first.

Start reading: `rule`, then `chain` and `table`; `nft/` has the same for tables of nft. Rules of known programs are recognised in `known/`.
Imports: errors, i18n, iptables, model, nftables, text.
"""

import sys
from types import ModuleType

from netlab_magic.explain.chain import explain_chain
from netlab_magic.explain.explanation import ChainExplanation, Explanation, SetExplanation, TableExplanation
from netlab_magic.explain.rule import explain_rule, rule_situation
from netlab_magic.explain.ruleset import explain, rule_sentence, sentences_of
from netlab_magic.explain.table import explain_table
from netlab_magic.explain.values import listed

__all__ = [
    "ChainExplanation",
    "Explanation",
    "SetExplanation",
    "TableExplanation",
    "explain",
    "explain_chain",
    "explain_rule",
    "explain_table",
    "listed",
    "rule_sentence",
    "rule_situation",
    "sentences_of",
]


class _Callable(ModuleType):
    __call__ = staticmethod(explain)


sys.modules[__name__].__class__ = _Callable
