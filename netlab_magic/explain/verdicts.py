"""What becomes of a packet that a rule sends into another chain, or back, and that comes to the end of a chain: of iptables and of nft."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from netlab_magic.explain.values import anded
from netlab_magic.i18n import Language, message
from netlab_magic.model.chain_graph import Caller

__all__ = ["Standing", "callers_told", "enters", "returns", "way_back"]

_BUILT_IN_RETURNS = {
    "ACCEPT": message("The policy of {chain} decides at once, since {chain} is built in and has no calling chain: ACCEPT."),
    "DROP": message("The policy of {chain} decides at once, since {chain} is built in and has no calling chain: DROP."),
    "accept": message("The policy of {chain} decides at once, since {chain} is a base chain and there is no chain to go back to: accept."),
    "drop": message("The policy of {chain} decides at once, since {chain} is a base chain and there is no chain to go back to: drop."),
}


class Standing(NamedTuple):
    """Where a rule stands: its chain with the policy ("" where it has none) and those who lead there, and what comes behind the rule."""

    chain: str
    policy: str
    callers: Sequence[Caller]
    onward: str


def enters(standing: Standing, name: str, say: Language, *, goto: bool, is_empty: bool) -> str:
    """What becomes of a packet that is sent into the chain `name`."""
    if goto:
        return _goes_to(standing, name, say)
    if is_empty:
        return say("The packet enters the chain {name}, which is empty, and returns at once to {onward}.",
                   name=name, onward=standing.onward)  # fmt: skip
    return say("The packet enters the chain {name}; if no rule there decides, it returns to {onward}.",
               name=name, onward=standing.onward)  # fmt: skip


def _goes_to(standing: Standing, name: str, say: Language) -> str:
    """A goto does not return: after it comes what would follow the end of the chain that contains it (iptables(8), --goto)."""
    if standing.policy:
        return say(
            "The packet goes on in the chain {name} and does not return; if no rule there decides, the policy of {chain} applies: "
            "{policy}.",
            name=name,
            chain=standing.chain,
            policy=standing.policy,
        )
    return say("The packet goes on in the chain {name} and does not return to {chain}; if no rule there decides, it returns to the chain "
               "that {chain} was called from.", name=name, chain=standing.chain)  # fmt: skip


def returns(standing: Standing, say: Language) -> str:
    """What becomes of a packet that is sent back."""
    if standing.policy:
        fallback = message("The policy of {chain} decides at once.")
        return say(_BUILT_IN_RETURNS.get(standing.policy, fallback), chain=standing.chain)
    gotos = [call for call in standing.callers if call.goto]
    if gotos and len(gotos) == len(standing.callers):
        return say("The packet leaves {chain}; since it came by goto, it does not return to {caller} but to the chain that {caller} was "
                   "called from, or to the policy if {caller} is built in.", chain=standing.chain, caller=gotos[0].chain)  # fmt: skip
    if len(standing.callers) == 1:
        return say("The packet leaves {chain} and returns to {caller}, after rule {number}, which sent it here.",
                   chain=standing.chain, caller=standing.callers[0].chain, number=standing.callers[0].number)  # fmt: skip
    return say("The packet leaves {} and returns to the calling chain, after the rule that sent it here.", standing.chain)


def _place(call: Caller, say: Language) -> str:
    return say("{chain} (rule {number})", chain=call.chain, number=call.number)


def callers_told(calls: Sequence[Caller], say: Language) -> str:
    """Where packets come from; "" for a chain in which they begin, whose purpose says it, and for one that nothing leads to."""
    if not calls:
        return ""
    places = [_place(call, say) for call in calls[:6]]
    if len(calls) == len(places) + 1:
        places.append(_place(calls[-1], say))
    elif len(calls) > len(places):
        places.append(say("{} other rules", len(calls) - len(places)))
    return say("Packets get here from {}.", anded(places, say))


def way_back(calls: Sequence[Caller], say: Language) -> Iterator[str]:
    """Where packets go from the end of a chain without a policy."""
    jumps = [call for call in calls if not call.goto]
    gotos = [call for call in calls if call.goto]
    if len(jumps) == 1 and not gotos:
        yield say("Packets that no rule decides about return to {} and continue there.", _place(jumps[0], say))
    elif jumps:
        yield say("Packets that no rule decides about return to the calling chain and continue behind the rule that sent them here.")
    if gotos:
        yield say("Packets that came by goto do not return to {}, but to the chain that it was called from, or get its policy.",
                  anded(list(dict.fromkeys(call.chain for call in gotos)), say))  # fmt: skip
    if not calls:
        yield say("Packets that no rule decides about would return to the calling chain.")
