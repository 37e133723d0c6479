"""Going back: the kernel brought to a state that was read from it before, and checked by reading it again."""

from collections.abc import Callable

from netlab_magic import docker
from netlab_magic.engines.engine import Engine, Refusal
from netlab_magic.engines.protocol import Observed
from netlab_magic.errors import KernelRefused, NetlabError
from netlab_magic.iptables import save_format
from netlab_magic.language import plan_rules
from netlab_magic.model.changes import SetSysctl, between
from netlab_magic.session.docker import run_beside
from netlab_magic.session.state import Seen

__all__ = ["bring_back"]






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
    other = next((name for name, held in then.inside_namespaces.items() if _bare(after.inside[name].rules) != _bare(held.rules)), None)
    if left or other or _bare(after.rules) != _bare(then.dump):
        what = left[0].commands()[0] if left else f"the rules{f' in {other}' if other else ''} differ"
        raise NetlabError(f"the kernel did not come back to the snapshot ({what}); show topology and show save tell what there is now")


def _bring_back_inside(engine: Engine, now: Observed, then: Seen) -> None:
    """The rules and the sysctls that namespaces had. Raises Refusal."""
    for name, held in then.inside_namespaces.items():
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
