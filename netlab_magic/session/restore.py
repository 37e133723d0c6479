"""Going back: restores a state that was read from the kernel before, and verifies it by reading back."""

from netlab_magic import docker
from netlab_magic.engines.engine import Engine, Refusal
from netlab_magic.errors import KernelRefused, NetlabError
from netlab_magic.iptables.ruleset import PROGRAM_OF, Ruleset
from netlab_magic.language import plan_rules
from netlab_magic.model.changes import SetSysctl, between
from netlab_magic.model.topology import HOST
from netlab_magic.nftables.reload import reloading, same_at_rest
from netlab_magic.nftables.ruleset import Ruleset as NftRuleset
from netlab_magic.session.changing import restore_rules
from netlab_magic.session.docker import run_commands
from netlab_magic.session.network import Network
from netlab_magic.session.program_output import with_text
from netlab_magic.session.state import Seen

__all__ = ["bring_back"]


def bring_back(network: Network, state: Seen) -> Seen:
    """Restores the lab; returns what is then read back.

    Raises KernelRefused, or NetlabError when what is read back differs.
    """
    engine, foreign = network.engine, state.knows_other_filters
    now = network.look(foreign=foreign)
    then = state.completed(now)
    changes, commands = between(now.topology, then.topology), docker.before_rules(network.dockerd, then.dockerd)
    try:
        engine.apply(changes)
        run_commands(engine, commands)
        held = network.look(foreign=True) if foreign and (changes or commands) else now
        restore_rules(engine, then, PROGRAM_OF)
        run_commands(engine, docker.after_rules(network.dockerd, then.dockerd))
        if foreign:
            _bring_back_inside(engine, held, then)
            loses_tables = engine.ready.firewall == "nft" and held.native  # iptables-nft-restore makes its tables anew
            _bring_back_native(engine, network.look(foreign=True) if loses_tables else held, then)
    except Refusal as refusal:
        raise KernelRefused(f"the kernel refused to go back: {refusal.message}", errno=refusal.errno) from None
    after = network.look(foreign=foreign)
    if what := _difference(after, then):
        raise NetlabError(f"the kernel did not return to the snapshot ({what}); show topology, save and nft say what is there now")
    return after


def _difference(after: Seen, then: Seen) -> str:
    """The first difference; "" if there is none."""
    left = between(after.topology, then.topology)
    if left:
        return left[0].commands()[0]
    for name in (HOST, *then.inside_namespaces):
        where = "" if name == HOST else f" in {name}"
        if _bare(after, name) != _bare(then, name):
            return f"the rules{where} differ"
        if then.knows_other_filters and not same_at_rest(_native(after, name), _native(then, name)):
            return f"the tables of nft{where} differ"
    return ""


def _native(seen: Seen, namespace: str) -> NftRuleset:
    return seen.native.get(namespace, NftRuleset())


def _bring_back_native(engine: Engine, now: Seen, then: Seen) -> None:
    """Restores the tables of nft of the host and its namespaces, one transaction each. Raises Refusal."""
    for name in (HOST, *then.inside_namespaces):
        shared = _kept_by_iptables(now, name) if engine.ready.firewall == "nft" else []
        if script := reloading(_native(now, name), _native(then, name), shared):
            run_commands(engine, [with_text("nft -f -", script)], namespace=None if name == HOST else name)


def _kept_by_iptables(seen: Seen, namespace: str) -> list[str]:
    """The titles of the tables in which iptables-nft and ip6tables-nft keep a namespace's rules."""
    four, six = (held.get(namespace, Ruleset()) for held in (seen.rulesets, seen.rulesets6))
    return [*(f"ip {table.name}" for table in four.tables), *(f"ip6 {table.name}" for table in six.tables)]


def _bring_back_inside(engine: Engine, now: Seen, then: Seen) -> None:
    """Restores the rules and sysctls inside namespaces. Raises Refusal."""
    for name, held in then.inside_namespaces.items():
        if _bare(now, name) == _bare(then, name) and _native(now, name) == _native(then, name):
            continue
        engine.restore(plan_rules.flattened(held.rules, now.rulesets.get(name, Ruleset())), flush=True, namespace=name)
        rules6 = plan_rules.flattened(held.rules6, now.rulesets6.get(name, Ruleset()))
        if rules6:
            engine.restore(rules6, flush=True, namespace=name, family="ipv6")
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
    """The rules of a namespace in both families, without comments, counters and empty tables."""
    read = [ruleset for rulesets in (seen.rulesets, seen.rulesets6) if (ruleset := rulesets.get(namespace))]
    return sorted(
        f"{ruleset.family} {table.name} {chain.name} {chain.policy} {[rule.spec for rule in chain.rules]}"
        for ruleset in read
        for table in ruleset.tables
        if any(chain.rules or chain.policy != "ACCEPT" for chain in table.chains)
        for chain in table.chains
    )
