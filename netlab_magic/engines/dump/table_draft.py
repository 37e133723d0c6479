"""A table of iptables that is put together from forms which say less than iptables-save: what they do not say stays open.

A built-in chain that was not listed has the policy `?`, which nobody can judge, and a rule of which a part is hidden has a match that says
so by its name.
"""

from collections.abc import Collection, Iterable

from netlab_magic.i18n import Assumption, message
from netlab_magic.iptables.words import split
from netlab_magic.model.hooks import BUILT_IN

__all__ = ["NOT_LISTED", "NOT_PASTED", "TableDraft", "table_named_by"]

NOT_LISTED = "-m interfaces-not-listed"
"""Stands in a rule for the interfaces that `iptables -L` does not list without -v."""

NOT_PASTED = "-j NOT-PASTED"
"""A rule that stands for those that were left out of what was pasted."""

_UNKNOWN_POLICY = "?"
_GUESSED = message("The listing of the chains {} does not say which table they are in; {} is assumed, by their names and targets.")
_TRANSLATING = frozenset(("DNAT", "SNAT", "MASQUERADE", "REDIRECT", "NETMAP"))
_MANGLING = frozenset(("MARK", "TOS", "DSCP", "TCPMSS", "TTL", "CLASSIFY", "TPROXY"))


class TableDraft:
    """A table under construction: its chains with their policies and counters, and the rules of each, as iptables-save prints them."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.heads: dict[str, tuple[str, str]] = {}
        self.rules: dict[str, list[str]] = {}

    def declare(self, chain: str, policy: str = "-", counters: str = "[0:0]") -> None:
        """A chain; one of the user's has no policy. What was known of a chain of this name is forgotten."""
        self.heads[chain] = policy, counters
        self.rules[chain] = []

    def append(self, chain: str, spec: str, counters: str = "") -> None:
        """A rule at the end of a chain, which need not have been declared."""
        if chain not in self.heads:
            self.declare(chain, _UNKNOWN_POLICY if chain in BUILT_IN.get(self.name, ()) else "-")
        self.rules[chain].append(f"{counters}{' ' if counters else ''}-A {_word(chain)} {spec}".rstrip())

    def add(self, more: "TableDraft") -> None:
        """Chains that were listed apart."""
        self.heads.update(more.heads)
        self.rules.update(more.rules)

    def text(self) -> str:
        """The table as iptables-save would print it; chains that rules only lead to are declared too, with what is not known of them."""
        heads = dict(self.heads)
        for chain in BUILT_IN.get(self.name, ()):
            heads.setdefault(chain, (_UNKNOWN_POLICY, "[0:0]"))
        order = [*(chain for chain in BUILT_IN.get(self.name, ()) if chain in heads), *heads]
        lines = [f":{_word(chain)} {' '.join(heads[chain])}" for chain in dict.fromkeys(order)]
        rules = [rule for chain in dict.fromkeys(order) for rule in self.rules.get(chain, ())]
        return "\n".join([f"*{self.name}", *lines, *rules, "COMMIT", ""])


def _word(chain: str) -> str:
    return f'"{chain}"' if " " in chain else chain


def table_named_by(chains: Collection[str], rules: Iterable[str], guessed: str = "") -> tuple[str, Assumption | None]:
    """The table that has these built-in chains and rules, or `guessed`, and what is said where that is a guess.

    Only one table has all of its chains: nat is told from raw by POSTROUTING, from mangle by FORWARD.
    """
    held = {chain for chain in chains if chain in BUILT_IN["mangle"]}
    fitting = [name for name in ("filter", "nat", "mangle", "raw") if held and held <= set(BUILT_IN[name])]
    whole = [name for name in fitting if held >= set(BUILT_IN[name]) - {"INPUT"}]
    if whole and whole[0] != "raw":
        return whole[0], None
    targets = {words[words.index("-j") + 1] for rule in rules if "-j" in (words := split(rule))[:-1]}
    guess = "nat" if targets & _TRANSLATING else "mangle" if targets & _MANGLING and "FORWARD" not in held else ""
    if guess not in fitting and held:
        guess = "nat" if "nat" in fitting and "filter" not in fitting else fitting[0] if fitting else guess
    guess = guessed or guess or "filter"
    return guess, Assumption(_GUESSED, (", ".join(list(dict.fromkeys(chains))[:4]), guess))
