"""What the page receives about the chosen chain: what can be chosen instead, what the chain is, and the policies of its table. Pure."""

from collections.abc import Sequence

from netlab_magic.draw.base.rule_label import verdict
from netlab_magic.explain.known.chains import purpose
from netlab_magic.explain.known.nft_chains import known_table
from netlab_magic.explain.nft.chain import purpose as purpose_in_nft
from netlab_magic.explain.nft.rule import surroundings
from netlab_magic.i18n import Language, message
from netlab_magic.jupyter.panel.chain_place import ChainPlace
from netlab_magic.jupyter.panel.host_chains import HostChain, chain_at, chains_of, programs, tables_of
from netlab_magic.jupyter.panel.rule_list import RuleList
from netlab_magic.model.topology import HOST
from netlab_magic.session.state import Seen

__all__ = ["choice", "counters", "locked", "policies", "switches"]

_USUAL = ("FORWARD", "INPUT", "OUTPUT")
"""The order of the built-in chains of filter: what is forwarded comes first."""

_CHOICES = {"ACCEPT": message("let through"), "DROP": message("thrown away")}

_REGULAR = message(
    "{} is not a base chain, so it has no policy: a packet that none of its rules decides about returns to the calling chain."
)
_USER_DEFINED = message(
    "{} is not a built-in chain, so it has no policy: a packet that none of its rules decides about returns to the calling chain."
)
_NO_DROP = message("The table nat is not meant for filtering: iptables refuses the policy DROP there.")
_READ_ONLY = message("This network is read-only: nothing can be changed in it.")
_LOCKED = message("The program that made this table owns it: the kernel lets nobody else change it.")
_OF_PROGRAM = message("A program keeps its own rules in {} and may rewrite them at any time.")
_MAY_BE_MOVED = message("You can still turn its rules off and move them, to see what they do.")


def choice(seen: Seen, shown: ChainPlace, say: Language) -> dict[str, object]:
    """The chain that is shown, what it is for and whose it is, and what else can be chosen."""
    chains = chains_of(seen, shown.program, shown.table)
    chain = next((held for held in chains if held.place == shown), None)
    return {
        "program": shown.program,
        "table": shown.table,
        "chain": shown.name,
        "programs": programs(seen),
        "tables": tables_of(seen, shown.program),
        "chains": [{"name": held.place.name, "size": held.size} for held in chains],
        "about": _about(seen, shown, say) if chain else "",
        "owner": _whose(seen, chain, say) if chain and chain.is_of_program else "",
        "empty": _empty(shown.name, bool(chain and chain.policy), say),
    }


def _about(seen: Seen, place: ChainPlace, say: Language) -> str:
    if place.family:
        return purpose(place.table, place.name, say)
    return purpose_in_nft(surroundings(seen.native[HOST], place.table, place.name), say)


def _whose(seen: Seen, chain: HostChain, say: Language) -> str:
    place = chain.place
    table = None if place.family else seen.native[HOST].table(*place.table.split(" ", 1))
    return say.paragraph([known_table(table, say) if table else say(_OF_PROGRAM, place.name), say(_MAY_BE_MOVED)])


def _empty(name: str, has_policy: bool, say: Language) -> str:
    if has_policy:
        return say("{} has no rules; its policy decides.", name)
    return say("{} has no rules: packets return to the calling chain at once.", name)


def locked(chain: HostChain | None, read_only: bool, say: Language) -> str:
    """Why nothing in a chain can be changed; "" where it can."""
    if read_only:
        return say(_READ_ONLY)
    return say(_LOCKED) if chain and chain.is_locked else ""


def _with_policies(seen: Seen, shown: ChainPlace) -> list[HostChain]:
    """The chosen chain if it has a policy, and the base chains of its table that filter."""
    held = [chain for chain in chains_of(seen, shown.program, shown.table) if chain.filters or (chain.policy and chain.place == shown)]
    held.sort(key=lambda chain: _USUAL.index(chain.place.name) if chain.place.name in _USUAL else len(_USUAL))
    return sorted(held, key=lambda chain: chain.place != shown)


def policies(seen: Seen, shown: ChainPlace) -> dict[str, str]:
    """The policies that have a switch, by their chains."""
    return {chain.place.name: chain.policy for chain in _with_policies(seen, shown)}


def switches(seen: Seen, shown: ChainPlace, read_only: bool, say: Language) -> dict[str, object]:
    """The chains whose policies have a switch, what each can be set to, and why not; first the chosen chain, even without a policy."""
    chain = chain_at(seen, shown)
    why = say(_USER_DEFINED if shown.family else _REGULAR, shown.name)
    regular = [{"name": shown.name, "choices": [], "off": why}] if chain and not chain.policy else []
    return {
        "program": shown.program,
        "table": shown.table,
        "chains": [*regular, *(_switch(held, locked(held, read_only, say), say) for held in _with_policies(seen, shown))],
    }


def _switch(chain: HostChain, off: str, say: Language) -> dict[str, object]:
    place = chain.place
    inhibited = say(_NO_DROP) if place.family and place.table == "nat" else ""
    return {
        "name": place.name,
        "off": off or inhibited,
        "choices": [
            {
                "policy": word,
                "mark": verdict(word).symbol,
                "words": say(meaning),
                "off": bool(off or (inhibited and policy == "DROP")),
            }
            for policy, meaning in _CHOICES.items()
            for word in [policy if place.family else policy.lower()]
        ],
    }


def counters(seen: Seen, listed: RuleList) -> dict[str, dict[str, int | None]]:
    """The packets that each listed rule has counted, by its key, and the policies of its table, by their chains; None if not counted."""
    chain = chain_at(seen, listed.place)
    return {
        "rules": dict(zip(_present(listed), chain.packets() if chain else (), strict=False)),
        "policies": {held.place.name: held.passed for held in _with_policies(seen, listed.place)},
    }


def _present(listed: RuleList) -> Sequence[str]:
    return [key for key, entry in listed.listed.items() if entry.present]
