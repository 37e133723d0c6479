"""Hints after a raw nft command: a rule that now exists twice, a chain that no packet enters, deleted rules of iptables."""

import re
from collections.abc import Iterator

from netlab_magic.model.topology import HOST
from netlab_magic.nftables.jumps import entered
from netlab_magic.nftables.ruleset import Chain, Ruleset, Table
from netlab_magic.nftables.state import stateless_rule
from netlab_magic.nftables.symbols import HOOK_FAMILIES
from netlab_magic.session.state import Seen

__all__ = ["mentions_nft", "nft_hints"]


def mentions_nft(command: str) -> bool:
    """Whether a command line may have changed tables of nft."""
    return bool(re.search(r"\bnft\b", command))


def nft_hints(before: Seen, after: Seen) -> Iterator[str]:
    """A sentence for each effect of a command on tables of nft that was perhaps not intended."""
    if _has_rules(before) and not _has_rules(after):
        yield "the rules of iptables are gone too: with this lab's variant, nft, they are tables of nft like any other"
    for name, ruleset in after.native.items():
        where = "" if name == HOST else f"in {name}, "
        for table in ruleset.tables:
            old = before.native.get(name, Ruleset()).table(table.family, table.name) or Table(table.family, table.name)
            jumps = {called for chain in table.chains for called in entered(chain, table)}
            for chain in table.chains:
                had = old.chain(chain.name)
                yield from (f"{where}{hint}" for hint in _repeated(table, chain, had))
                if had is None and chain.hook is None and chain.name not in jumps and chain.name.lower() in HOOK_FAMILIES[table.family]:
                    yield f"{where}{_without_hook(table, chain)}"


def _has_rules(seen: Seen) -> bool:
    return any(chain.rules for ruleset in seen.by_family.values() for table in ruleset.tables for chain in table.chains)


def _repeated(table: Table, chain: Chain, old: Chain | None) -> Iterator[str]:
    rules = [stateless_rule(rule) for rule in chain.rules]
    had = [stateless_rule(rule) for rule in old.rules] if old else []
    for rule in dict.fromkeys(rules):
        at = [number for number, other in enumerate(rules, 1) if other == rule]
        if len(at) > max(1, had.count(rule)):
            times = f"{len(at)} times (rules {', '.join(map(str, at))})"
            yield f"chain {chain.name} of table {table.title} now has this rule {times}: {rule.text(table.family)}"


def _without_hook(table: Table, chain: Chain) -> str:
    hook = chain.name.lower()
    right = f"nft add chain {table.title} {chain.name} '{{ type filter hook {hook} priority filter; }}'"
    return f"chain {chain.name} of table {table.title} has no hook, so no packet enters it unless a rule jumps to it; with one: {right}"
