"""Rules that can never match, because an earlier rule of their chain takes all their packets."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from netlab_magic.iptables.analysis.intervals import Spans
from netlab_magic.iptables.analysis.reachability import graph_of
from netlab_magic.iptables.analysis.rule_sets import Demands, demands, implies
from netlab_magic.iptables.ruleset import Chain, Table

__all__ = ["all_shadowed", "shadowed", "taken_before"]

_Shelf = tuple[str, int, int | str]
_ANY: _Shelf = ("", 0, 0)
_NARROW = 0.3


def shadowed(table: Table, chain: Chain, family: str = "ipv4") -> dict[int, int]:
    """The rules of a chain that can never match, by number, each with the first earlier rule that takes all its packets.

    Only certain cases are included, not those that depend on what may change between two rules or is not understood. Several rules
    that together take all packets of another are not looked for.
    """
    graph = graph_of(table)
    exits = graph.chains[chain.name].rules if len(chain.rules) > 1 else ()
    rules = (
        (wanted, wanted is not None and graph.takes(exit_) and not (table.name == "raw" and wanted.states is not None))
        for exit_, wanted in ((exit_, demands(rule, family)) for exit_, rule in zip(exits, chain.rules, strict=False))
    )
    return taken_before(rules)


def all_shadowed(table: Table, family: str = "ipv4") -> Iterator[tuple[str, int, int]]:
    """The rules of all chains of a table that can never match: chain, number, and the number of the rule that takes all it would match."""
    for chain in table.chains:
        yield from ((chain.name, *pair) for pair in sorted(shadowed(table, chain, family).items()))


def taken_before(rules: Iterable[tuple[Demands | None, bool]]) -> dict[int, int]:
    """The numbers of the rules that can never match, each with the first rule before it that takes all that it would match.

    Of each rule of a chain, in order: what it demands (None where that is not known), and whether no packet that matches it is compared
    with the next one.
    """
    takers: dict[_Shelf, list[tuple[int, Demands]]] = defaultdict(list)
    found: dict[int, int] = {}
    for number, (wanted, takes) in enumerate(rules, 1):
        if wanted is None:
            continue
        taker = None if wanted.is_void else _taker(wanted, takers)
        if taker:
            found[number] = taker
        elif wanted.is_steady and takes:
            for shelf in _shelves(wanted):
                takers[shelf].append((number, wanted))
    return found


def _taker(wanted: Demands, takers: Mapping[_Shelf, list[tuple[int, Demands]]]) -> int | None:
    numbers = (number for shelf in _shelves_to_search(wanted) for number, earlier in takers.get(shelf, ()) if implies(wanted, earlier))
    return min(numbers, default=None)


def _shelves(wanted: Demands) -> list[_Shelf]:
    """Where a rule is kept, so that each later one is compared with few: by its narrowest demand.

    A span of numbers is kept by the blocks of about its own size that it touches; whatever lies in it lies in one of these blocks.
    """
    sizes = {about: _size(spans) / (wanted.largest[about] + 1) for about, spans in wanted.numbers.items()}
    about = min(sizes, key=sizes.__getitem__, default="")
    if about and sizes[about] < _NARROW:
        lengths = [(first, last, (last - first + 1).bit_length() - 1) for first, last in wanted.numbers[about]]
        return [(about, length, block) for first, last, length in lengths for block in range(first >> length, (last >> length) + 1)]
    names = [(name, device) for name, (device, negated) in wanted.devices.items() if not negated and not device.endswith("+")]
    return [(name, -1, device) for name, device in names[:1]] or [_ANY]


def _shelves_to_search(wanted: Demands) -> Iterator[_Shelf]:
    """Every shelf that can hold a rule which matches whatever this one does."""
    yield _ANY
    for about, spans in wanted.numbers.items():
        first = spans[0][0]
        yield from ((about, length, first >> length) for length in range(wanted.largest[about].bit_length() + 1))
    yield from ((name, -1, device) for name, (device, negated) in wanted.devices.items() if not negated)


def _size(spans: Spans) -> int:
    return sum(last - first + 1 for first, last in spans)
