"""Going back: the kernel brought to a state that was read from it before, and checked by reading it again."""

from netlab_magic import docker
from netlab_magic.engines.engine import Engine, Refusal
from netlab_magic.errors import KernelRefused, NetlabError
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.language import plan_rules
from netlab_magic.model.changes import SetSysctl, between
from netlab_magic.model.topology import HOST
from netlab_magic.session.docker import run_beside
from netlab_magic.session.network import Network
from netlab_magic.session.state import Seen

__all__ = ["bring_back"]


def bring_back(network: Network, state: Seen) -> Seen:
    """Makes the lab again what it was, and gives what is read back of it then.

    Raises KernelRefused, or NetlabError when what is read back differs.
    """
    engine, foreign = network.engine, state.inside is not None
    now = network.look(foreign=foreign)
    then = state.completed(now)
    try:
        engine.apply(between(now.topology, then.topology))
        run_beside(engine, docker.before_rules(network.dockerd, then.dockerd))
        engine.restore(plan_rules.flattened(then.dump, now.ruleset), flush=True)
        run_beside(engine, docker.after_rules(network.dockerd, then.dockerd))
        _bring_back_inside(engine, network.look(foreign=True) if foreign else now, then)
    except Refusal as refusal:
        raise KernelRefused(f"the kernel refused to go back: {refusal.message}", errno=refusal.errno) from None
    after = network.look(foreign=foreign)
    left = between(after.topology, then.topology)
    other = next((name for name in _namespaces(then) if _bare(after, name) != _bare(then, name)), None)
    if left or other:
        what = left[0].commands()[0] if left else f"the rules{'' if other == HOST else f' in {other}'} differ"
        raise NetlabError(f"the kernel did not return to the snapshot ({what}); show topology and show save say what is there now")
    return after


def _namespaces(seen: Seen) -> list[str]:
    return [HOST, *seen.inside_namespaces]


def _bring_back_inside(engine: Engine, now: Seen, then: Seen) -> None:
    """The rules and the sysctls that namespaces had. Raises Refusal."""
    for name, held in then.inside_namespaces.items():
        if _bare(now, name) != _bare(then, name):
            engine.restore(plan_rules.flattened(held.rules, now.rulesets.get(name, Ruleset())), flush=True, namespace=name)
    there = now.inside or {}
    engine.apply(
        [
            SetSysctl(name, key, value)
            for name, held in (then.inside or {}).items()
            for key, value in held.sysctls.items()
            if name in there and there[name].sysctls.get(key, value) != value
        ]
    )


def _bare(seen: Seen, namespace: str) -> list[str]:
    """The rules of a namespace without comments and counters, and without tables in which nothing is."""
    read = seen.rulesets.get(namespace, Ruleset())
    tables = [table for table in read.tables if any(chain.rules or chain.policy != "ACCEPT" for chain in table.chains)]
    return sorted(
        f"{table.name} {chain.name} {chain.policy} {[rule.spec for rule in chain.rules]}" for table in tables for chain in table.chains
    )
