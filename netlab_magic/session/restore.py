"""Going back: the kernel brought to a state that was read from it before, and checked by reading it again."""

from collections.abc import Callable

import msgspec

from netlab_magic import docker
from netlab_magic.engines.engine import Engine, Refusal
from netlab_magic.engines.protocol import Inside, Observed
from netlab_magic.errors import KernelRefused, NetlabError
from netlab_magic.explain import explain_rule
from netlab_magic.iptables import save_format
from netlab_magic.iptables.ruleset import BUILT_IN, Ruleset
from netlab_magic.language import plan_rules
from netlab_magic.model.changes import SetSysctl, between
from netlab_magic.model.topology import HOST
from netlab_magic.session.docker import run_beside
from netlab_magic.session.results.compared import Compared
from netlab_magic.session.results.diff import ChainRows, Row, compare
from netlab_magic.session.runner import Seen

__all__ = ["bring_back", "compared"]


def compared(before: tuple[str, Seen], after: tuple[str, Seen], language: str = "en") -> Compared:
    """Two named states side by side, each rule that came or went with what it does."""
    old, new = ((seen.topology, _rules_of(seen)) for _, seen in (before, after))

    def words(chain: ChainRows, row: Row) -> str:
        if chain.table not in BUILT_IN:
            return ""
        ruleset, number = (new[1], row.after) if row.after else (old[1], row.before)
        told = explain_rule(ruleset, chain.table, chain.name, number, language)
        return told.situation or told.short

    return Compared(compare(old, new), before[0], after[0], words)


def _rules_of(seen: Seen) -> Ruleset:
    """All rules of a state; those inside namespaces, and those of dockerd's nftables table, as tables of their own."""
    found = save_format.parse(seen.dump, strict=False)
    inside = [
        msgspec.structs.replace(table, name=f"{table.name} in {name}")
        for name, held in _inside(seen).items()
        for table in save_format.parse(held.rules, strict=False).tables
    ]
    nft = [docker.nft_table(docker.nft_script(seen.dockerd))] if seen.dockerd and seen.dockerd.backend == "nftables" else []
    return Ruleset((*found.tables, *inside, *nft))


def bring_back(engine: Engine, observe: Callable[[], Observed], then: Seen, daemon: docker.Daemon | None = None) -> None:
    """Makes the lab again what it was; `daemon` is what its dockerd is now.

    Raises KernelRefused, or NetlabError when what is read back differs.
    """
    now = observe()
    try:
        engine.apply(between(now.topology, then.topology))
        run_beside(engine, docker.before_rules(daemon, then.dockerd))
        engine.restore(plan_rules.flattened(then.dump, save_format.parse(now.rules, strict=False)), flush=True)
        run_beside(engine, docker.after_rules(daemon, then.dockerd))
        _bring_back_inside(engine, observe() if then.inside else now, then)
    except Refusal as refusal:
        raise KernelRefused(f"the kernel refused to go back: {refusal.message}", errno=refusal.errno) from None
    after = observe()
    left = between(after.topology, then.topology)
    other = next((name for name, held in _inside(then).items() if _bare(after.inside[name].rules) != _bare(held.rules)), None)
    if left or other or _bare(after.rules) != _bare(then.dump):
        what = left[0].commands()[0] if left else f"the rules{f' in {other}' if other else ''} differ"
        raise NetlabError(f"the kernel did not come back to the snapshot ({what}); show topology and show save tell what there is now")


def _inside(then: Seen) -> dict[str, Inside]:
    """What was in the namespaces that a state has, other than the host."""
    return {name: held for name, held in (then.inside or {}).items() if name != HOST and name in then.topology.namespaces}


def _bring_back_inside(engine: Engine, now: Observed, then: Seen) -> None:
    """The rules and the sysctls that namespaces had. Raises Refusal."""
    for name, held in _inside(then).items():
        there = now.inside[name]
        if _bare(there.rules) != _bare(held.rules):
            engine.restore(plan_rules.flattened(held.rules, save_format.parse(there.rules, strict=False)), flush=True, namespace=name)
    engine.apply(
        [
            SetSysctl(name, key, value)
            for name, held in (then.inside or {}).items()
            for key, value in held.sysctls.items()
            if name in now.inside and now.inside[name].sysctls.get(key, value) != value
        ]
    )


def _bare(dump: str) -> list[str]:
    """A dump without comments and counters, and without tables in which nothing is."""
    read = save_format.parse(dump, strict=False)
    tables = [table for table in read.tables if any(chain.rules or chain.policy != "ACCEPT" for chain in table.chains)]
    return sorted(
        f"{table.name} {chain.name} {chain.policy} {[rule.spec for rule in chain.rules]}" for table in tables for chain in table.chains
    )
