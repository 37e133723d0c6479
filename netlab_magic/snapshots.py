"""Going back: the kernel brought to a state that was read from it before, and checked by reading it again."""

from collections.abc import Callable

from netlab_magic import docker, rules, savefile
from netlab_magic.change import between
from netlab_magic.compared import Compared
from netlab_magic.comparison import ChainRows, Row, compare
from netlab_magic.dockerhost import run_beside
from netlab_magic.engine import Engine, Refusal
from netlab_magic.engine.wire import Observed
from netlab_magic.errors import KernelRefused, NetlabError
from netlab_magic.explain import explain_rule
from netlab_magic.ruleset import Ruleset
from netlab_magic.runner import Seen

__all__ = ["bring_back", "compared"]


def compared(before: tuple[str, Seen], after: tuple[str, Seen], language: str = "en") -> Compared:
    """Two named states side by side, each rule that came or went with what it does."""
    old, new = ((seen.topology, _rules_of(seen)) for _, seen in (before, after))

    def words(chain: ChainRows, row: Row) -> str:
        if chain.table == docker.TABLE:
            return ""
        ruleset, number = (new[1], row.after) if row.after else (old[1], row.before)
        told = explain_rule(ruleset, chain.table, chain.name, number, language)
        return told.situation or told.short

    return Compared(compare(old, new), before[0], after[0], words)


def _rules_of(seen: Seen) -> Ruleset:
    """All rules of a state; those of dockerd's nftables table too, when it has one."""
    found = savefile.parse(seen.dump, strict=False)
    if seen.dockerd is None or seen.dockerd.backend != "nftables":
        return found
    return Ruleset((*found.tables, docker.nft_table(docker.nft_script(seen.dockerd))))


def bring_back(engine: Engine, observe: Callable[[], Observed], then: Seen, daemon: docker.Daemon | None = None) -> None:
    """Makes the lab again what it was; `daemon` is what its dockerd is now.

    Raises KernelRefused, or NetlabError when what is read back differs.
    """
    now = observe()
    try:
        engine.apply(between(now.topology, then.topology))
        run_beside(engine, docker.before_rules(daemon, then.dockerd))
        engine.restore(rules.flattened(then.dump, savefile.parse(now.rules, strict=False)), flush=True)
        run_beside(engine, docker.after_rules(daemon, then.dockerd))
    except Refusal as refusal:
        raise KernelRefused(f"the kernel refused to go back: {refusal.message}", errno=refusal.errno) from None
    after = observe()
    left = between(after.topology, then.topology)
    if left or _bare(after.rules) != _bare(then.dump):
        what = left[0].commands()[0] if left else "the rules differ"
        raise NetlabError(f"the kernel did not come back to the snapshot ({what}); show topology and show save tell what there is now")


def _bare(dump: str) -> list[str]:
    """A dump without comments and counters, and without tables in which nothing is."""
    read = savefile.parse(dump, strict=False)
    tables = [table for table in read.tables if any(chain.rules or chain.policy != "ACCEPT" for chain in table.chains)]
    return sorted(
        f"{table.name} {chain.name} {chain.policy} {[rule.spec for rule in chain.rules]}" for table in tables for chain in table.chains
    )
