"""A chain in words: its purpose, the rules that jump to it, its rules, and its end."""

from collections.abc import Iterator

import msgspec

from netlab_magic.explain.known.chains import purpose
from netlab_magic.explain.notes import chain_notes
from netlab_magic.explain.position import Caller, Site, Surroundings
from netlab_magic.explain.rule import Explanation, surroundings, told
from netlab_magic.explain.values import anded
from netlab_magic.i18n import Language, language, message
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.text import printable

__all__ = ["ChainExplanation", "explain_chain"]


class ChainExplanation(msgspec.Struct, frozen=True):
    """A chain in words: its purpose, the rules that jump to it, its rules, what happens at its end, and `notes` as for a rule."""

    table: str
    chain: str
    purpose: str
    entered: str
    rules: tuple[Explanation, ...]
    end: str
    notes: tuple[str, ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        """The whole explanation of the chain, with its rules in short form."""
        return tuple(line for line in (self.purpose, self.entered, *self.notes, *(rule.short for rule in self.rules), self.end) if line)

    def __str__(self) -> str:
        head = f"{self.chain} ({self.table})"
        lines = [f"  {line}" for line in (self.purpose, self.entered, *self.notes) if line]
        width = len(str(len(self.rules)))
        lines += [f"  {rule.number:>{width}}. {rule.short}" for rule in self.rules]
        return "\n".join([head, *lines, f"  {self.end}"])


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
        _entered(around.callers, say),
        rules,
        _end(around, say),
        tuple(chain_notes(around, say)),
    )


def _place(call: Caller, say: Language) -> str:
    return say("{chain} (rule {number})", chain=call.chain, number=call.number)


def _entered(calls: list[Caller], say: Language) -> str:
    """Where packets come from; "" for a built-in chain, whose purpose says so, and for a chain that no rule jumps to."""
    if not calls:
        return ""
    places = [_place(call, say) for call in calls[:6]]
    if len(calls) == len(places) + 1:
        places.append(_place(calls[-1], say))
    elif len(calls) > len(places):
        places.append(say("{} other rules", len(calls) - len(places)))
    return say("Packets get here from {}.", anded(places, say))


_POLICIES = {
    "ACCEPT": message("Packets that no rule decides about get the policy, ACCEPT: they pass."),
    "DROP": message("Packets that no rule decides about get the policy, DROP: they are dropped silently."),
}


def _end(around: Surroundings, say: Language) -> str:
    chain = around.chain
    if chain.policy:
        return say(_POLICIES.get(chain.policy, message("Packets that no rule decides about get the policy, {}.")), chain.policy)
    return say.paragraph(list(_way_back(around.callers, say))) or say(
        "Packets that no rule decides about would return to the calling chain."
    )


def _way_back(calls: list[Caller], say: Language) -> Iterator[str]:
    jumps = [call for call in calls if not call.goto]
    gotos = [call for call in calls if call.goto]
    if len(jumps) == 1 and not gotos:
        yield say("Packets that no rule decides about return to {} and continue there.", _place(jumps[0], say))
    elif jumps:
        yield say("Packets that no rule decides about return to the calling chain and continue behind the rule that sent them here.")
    if gotos:
        yield say("Packets that came by goto do not return to {}, but to the chain that it was called from, or get its policy.",
                  anded(list(dict.fromkeys(call.chain for call in gotos)), say))  # fmt: skip
