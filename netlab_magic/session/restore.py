"""Going back: the kernel brought to a state that was read from it before, and checked by reading it again."""

from netlab_magic import docker
from netlab_magic.engines.engine import Engine, Refusal
from netlab_magic.errors import KernelRefused, NetlabError
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.language import plan_rules
from netlab_magic.model.changes import SetSysctl, between
from netlab_magic.model.topology import HOST
from netlab_magic.nftables.reload import reloading, same_at_rest
from netlab_magic.nftables.ruleset import Ruleset as NftRuleset
from netlab_magic.session.docker import run_beside
from netlab_magic.session.network import Network
from netlab_magic.session.program_output import with_text
from netlab_magic.session.state import Seen

__all__ = ["bring_back"]


def bring_back(network: Network, state: Seen) -> Seen:
    """Makes the lab again what it was, and gives what is read back of it then.

    Raises KernelRefused, or NetlabError when what is read back differs.
    """
    engine, foreign = network.engine, state.knows_beside
    now = network.look(foreign=foreign)
    then = state.completed(now)
    try:
        engine.apply(between(now.topology, then.topology))
        run_beside(engine, docker.before_rules(network.dockerd, then.dockerd))
        held = network.look(foreign=True) if foreign else now
        engine.restore(plan_rules.flattened(then.dump, held.ruleset), flush=True)
        run_beside(engine, docker.after_rules(network.dockerd, then.dockerd))
        if foreign:
            _bring_back_inside(engine, held, then)
            _bring_back_native(engine, network.look(foreign=True), then)
    except Refusal as refusal:
        raise KernelRefused(f"the kernel refused to go back: {refusal.message}", errno=refusal.errno) from None
    after = network.look(foreign=foreign)
    if what := _difference(after, then):
        raise NetlabError(f"the kernel did not return to the snapshot ({what}); show topology, save and nft say what is there now")
    return after


def _difference(after: Seen, then: Seen) -> str:
    """The first thing that is not as it was; "" where everything is."""
    left = between(after.topology, then.topology)
    if left:
        return left[0].commands()[0]
    for name in (HOST, *then.inside_namespaces):
        where = "" if name == HOST else f" in {name}"
        if _bare(after, name) != _bare(then, name):
            return f"the rules{where} differ"
        if then.knows_beside and not same_at_rest(_native(after, name), _native(then, name)):
            return f"the tables of nft{where} differ"
    return ""


def _native(seen: Seen, namespace: str) -> NftRuleset:
    return seen.native.get(namespace, NftRuleset())


def _bring_back_native(engine: Engine, now: Seen, then: Seen) -> None:
    """The tables of nft that the host and its namespaces had: each namespace's in one transaction. Raises Refusal."""
    for name in (HOST, *then.inside_namespaces):
        tables = now.rulesets[name].tables if name in now.rulesets and engine.ready.firewall == "nft" else ()
        if script := reloading(_native(now, name), _native(then, name), [f"ip {table.name}" for table in tables]):
            run_beside(engine, [with_text("nft -f -", script)], namespace=None if name == HOST else name)


def _bring_back_inside(engine: Engine, now: Seen, then: Seen) -> None:
    """The rules and the sysctls that namespaces had. Raises Refusal."""
    for name, held in then.inside_namespaces.items():
        if _bare(now, name) != _bare(then, name) or _native(now, name) != _native(then, name):
            engine.restore(plan_rules.flattened(held.rules, now.rulesets.get(name, Ruleset())), flush=True, namespace=name)
    there = now.observed.inside
    engine.apply(
        [
            SetSysctl(name, key, value)
            for name, held in then.observed.inside.items()
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
