"""A chain of nft in words: what it sees and when it is asked, who leads there, its rules, and its end."""

from collections.abc import Iterator

from netlab_magic.explain.explanation import ChainExplanation
from netlab_magic.explain.known.nft_chains import known_chain, known_table
from netlab_magic.explain.nft.position import Site, Surroundings
from netlab_magic.explain.nft.rule import surroundings, told
from netlab_magic.explain.notes import shadowed, unreached
from netlab_magic.explain.values import listed
from netlab_magic.explain.verdicts import callers_told, way_back
from netlab_magic.i18n import Language, language, message
from netlab_magic.model.hooks import NAT_PRIORITIES
from netlab_magic.nftables.listing import priority_text
from netlab_magic.nftables.ruleset import Chain, Hook, Ruleset, Table
from netlab_magic.text import printable

__all__ = ["base_told", "explain_chain", "purpose"]

_SEES = {
    "prerouting": message("packets that arrive, before routing decides where they go"),
    "input": message("packets that are for this host itself, before a program gets them"),
    "forward": message("packets that this host passes on: neither from it nor for it, such as those of containers"),
    "output": message("packets that programs on this host send"),
    "postrouting": message("packets that are about to leave, after routing"),
    "ingress": message("packets as they come in through a device, before anything else is asked"),
    "egress": message("packets as they go out through a device, after everything else was asked"),
}
_BRIDGED = {
    "prerouting": message("frames that come in through a port of a bridge"),
    "input": message("frames on a bridge that are for this host itself"),
    "forward": message("frames that a bridge passes on from one port to another"),
    "output": message("frames that this host sends through a bridge"),
    "postrouting": message("frames that leave through a port of a bridge"),
}
_KINDS = {
    "filter": message("It sees {packets}."),
    "nat": message("Of {packets}, it sees the first of each connection: what it decides holds for the rest."),
    "route": message("It sees {packets}; where it changes their addresses or their mark, they are routed anew."),
}
_TRACKING = -200


def explain_chain(ruleset: Ruleset, title: str, chain: str, language_name: str = "en") -> ChainExplanation:
    """A chain of the table `title` in words. Raises StatementError for a table, chain or language that is not there."""
    say = language(language_name)
    around = surroundings(ruleset, title, chain)
    held = around.chain
    comment = [say("Its comment reads “{}”.", held.comment)] if held.comment else []
    notes = (known_table(around.table, say), *comment, *unreached(around, say), *shadowed(around, say))
    return ChainExplanation(
        printable(around.table.title),
        printable(held.name),
        purpose(around, say),
        callers_told(around.callers, say),
        tuple(told(Site(around, number), say) for number in range(1, len(held.rules) + 1)),
        _end(around, say),
        tuple(note for note in notes if note),
    )


def purpose(around: Surroundings, say: Language) -> str:
    """What a chain is for, and where and when it is asked if it is a base chain."""
    chain, table = around.chain, around.table
    known = known_chain(table, chain, say)
    if chain.hook:
        return say.paragraph([known, base_told(table.family, chain.hook, say), *_turn(around, say)])
    return known or say("This is a user-defined chain; packets get here only if a rule sends them.")


def base_told(family: str, hook: Hook, say: Language) -> str:
    """What a base chain sees."""
    seen = _BRIDGED if family == "bridge" and hook.hook in _BRIDGED else _SEES
    told = say(_KINDS.get(hook.kind, _KINDS["filter"]), packets=say(seen.get(hook.hook, hook.hook)))
    if hook.devices:
        return say.paragraph([told, say("It is asked for these devices only: {}.", listed(list(hook.devices), say))])
    return told


def _turn(around: Surroundings, say: Language) -> Iterator[str]:
    """When a base chain is asked: by its priority, and among the other base chains of nft at its hook."""
    chain, table = around.chain, around.table
    hook = chain.hook
    assert hook is not None
    named = priority_text(hook.priority, table.family, hook.hook)
    shown = named if named == str(hook.priority) else f"{named}, {hook.priority}"
    before_tracking = hook.priority <= _TRACKING and hook.hook in ("prerouting", "output") and table.family not in ("bridge", "netdev")
    text = message("Its priority is {}: it is asked before connection tracking.") if before_tracking else message("Its priority is {}.")
    yield say(text, shown)
    others = _beside(around.ruleset, table, chain)
    own = _rank(hook)
    earlier = [name for name, rank in others if rank < own]
    same = [name for name, rank in others if rank == own]
    later = [name for name, rank in others if rank > own]
    if earlier:
        yield say("Asked before it: {}.", listed(earlier, say))
    if same:
        yield say("At the same priority, so that the order is not told by the rules: {}.", listed(same, say))
    if later:
        yield say("Asked after it: {}.", listed(later, say))


def _beside(ruleset: Ruleset, table: Table, chain: Chain) -> list[tuple[str, tuple[int, int]]]:
    """The other base chains at the hook of a base chain that may see the same packets, each with when it is asked."""
    hook = chain.hook
    found = [
        (f"{each.name} ({other.title})", _rank(each.hook))
        for other in ruleset.tables
        for each in other.chains
        if each.hook and hook and each.hook.hook == hook.hook and _meet(other.family, table.family) and each is not chain
    ]
    return sorted(found, key=lambda one: one[1])


def _rank(hook: Hook) -> tuple[int, int]:
    """When a base chain is asked: those that translate, at the priority of NAT, and among each other by their own."""
    return (NAT_PRIORITIES.get(hook.hook.upper(), hook.priority) if hook.kind == "nat" else hook.priority), hook.priority


def _meet(one: str, other: str) -> bool:
    """Whether two families see some packets both."""
    return one == other or ("inet" in (one, other) and {one, other} <= {"inet", "ip", "ip6"})


_POLICIES = {
    "accept": message("Packets that no rule decides about get the policy, accept: base chains that come later are asked."),
    "drop": message("Packets that no rule decides about get the policy, drop: they are dropped silently."),
}


def _end(around: Surroundings, say: Language) -> str:
    hook = around.chain.hook
    if hook:
        return say(_POLICIES.get(hook.policy, message("Packets that no rule decides about get the policy, {}.")), hook.policy)
    return say.paragraph(list(way_back(around.callers, say)))
