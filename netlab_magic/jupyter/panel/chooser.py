"""Which chain the panel shows: the one that was chosen, as long as there is one, else what filters forwarded packets in this lab. Pure."""

from collections.abc import Iterator

from netlab_magic.jupyter.panel.chain_place import FORWARD, NFT, ChainPlace
from netlab_magic.jupyter.panel.host_chains import HostChain, chain_at, chains_of, programs, tables_of
from netlab_magic.session.state import Seen

__all__ = ["Chooser", "usual"]


class Chooser:
    """`shown` is the chain to show. What was chosen is remembered: a chain that goes and comes back is shown again."""

    def __init__(self) -> None:
        self.shown = FORWARD
        self._wanted: ChainPlace | None = None
        self._last: dict[tuple[str, ...], ChainPlace] = {}

    def choose(self, seen: Seen, program: str, table: str = "", name: str = "") -> bool:
        """Shows another chain: without a name, the one of the table or program that was shown last or says most. False if there is none."""
        found = self._found(seen, program, table, name)
        if found is None:
            return False
        self._wanted = self.shown = found
        self._last |= {(program,): found, (program, found.table): found}
        return True

    def _found(self, seen: Seen, program: str, table: str, name: str) -> ChainPlace | None:
        if name:
            asked = ChainPlace(program, table, name)
            return asked if chain_at(seen, asked) else None
        last = self._last.get((program, table) if table else (program,))
        if last and chain_at(seen, last):
            return last
        chains = [chain for held in ([table] if table else tables_of(seen, program)) for chain in chains_of(seen, program, held)]
        return min(chains, key=_rank).place if chains else None

    def follow(self, seen: Seen, keeps: bool) -> None:
        """The lab has changed. Where nothing was chosen, a chain that still says something stays; `keeps` tells that it has to."""
        if self._wanted is not None and chain_at(seen, self._wanted):
            self.shown = self._wanted
            return
        now = chain_at(seen, self.shown)
        if now is None or not (keeps or now.may_stop_forwarded):
            self.shown = usual(seen)


def usual(seen: Seen) -> ChainPlace:
    """The chain that most likely decides about forwarded packets: a user's own before a program's, iptables' first; else FORWARD."""
    found = [chain for chain in _forwarding(seen) if chain.may_stop_forwarded]
    return min(found, key=lambda chain: (chain.is_of_program, chain.place.six)).place if found else FORWARD


def _forwarding(seen: Seen) -> Iterator[HostChain]:
    for program in programs(seen):
        for table in tables_of(seen, program):
            yield from (chain for chain in chains_of(seen, program, table) if chain.sees_forwarded)


def _rank(chain: HostChain) -> tuple[bool, ...]:
    """Lower for a chain that one would look at first: one that filters forwarded packets, then base chains, then chains with rules."""
    is_native = chain.place.program == NFT
    return (not chain.may_stop_forwarded, is_native and chain.is_of_program, not chain.sees_forwarded, not chain.policy, not chain.size)
