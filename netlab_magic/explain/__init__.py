"""Rules and chains in words: what a rule matches, what happens then, and in which situation one meets it."""

from netlab_magic.explain.chain import ChainExplanation, explain_chain
from netlab_magic.explain.rule import Explanation, explain_rule

__all__ = ["ChainExplanation", "Explanation", "explain_chain", "explain_rule"]
