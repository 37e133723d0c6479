"""Going back: the kernel brought to a state that was read from it before, and checked by reading it again."""

from collections.abc import Callable, Iterable

from netlab_magic import rules, savefile
from netlab_magic.change import between
from netlab_magic.engine import Engine, Refusal
from netlab_magic.engine.wire import Observed
from netlab_magic.errors import KernelRefused, NetlabError, StatementError
from netlab_magic.reader import suggest
from netlab_magic.runner import Seen
from netlab_magic.statement import place_of

__all__ = ["bring_back", "no_snapshot"]


def no_snapshot(name: str, snapshots: Iterable[str]) -> StatementError:
    """The error for a snapshot that nobody made."""
    return StatementError(f"there is no snapshot {name}{suggest(name, snapshots)}", place_of(name))


def bring_back(engine: Engine, observe: Callable[[], Observed], then: Seen) -> None:
    """Makes the lab again what it was. Raises KernelRefused, or NetlabError when what is read back differs."""
    now = observe()
    try:
        engine.apply(between(now.topology, then.topology))
        engine.restore(rules.flattened(then.dump, savefile.parse(now.rules)), flush=True)
    except Refusal as refusal:
        raise KernelRefused(f"the kernel refused to go back: {refusal.message}", errno=refusal.errno) from None
    after = observe()
    left = between(after.topology, then.topology)
    if left or _bare(after.rules) != _bare(then.dump):
        what = left[0].commands()[0] if left else "the rules differ"
        raise NetlabError(f"the kernel did not come back to the snapshot ({what}); show topology and show save tell what there is now")


def _bare(dump: str) -> list[str]:
    """A dump without comments and counters, and without tables in which nothing is."""
    tables = [table for table in savefile.parse(dump).tables if any(chain.rules or chain.policy != "ACCEPT" for chain in table.chains)]
    return sorted(
        f"{table.name} {chain.name} {chain.policy} {[rule.spec for rule in chain.rules]}" for table in tables for chain in table.chains
    )
