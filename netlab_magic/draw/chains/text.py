"""Chains as text: for each chain a table `num pkts target match`, its end, and the chains it enters."""

from collections.abc import Iterable, Iterator, Sequence

from netlab_magic.draw.base.dot_html import plain
from netlab_magic.draw.chains.folding import Fold
from netlab_magic.draw.chains.subject import StoreView
from netlab_magic.draw.chains.view import ChainsView, ChainView, Row
from netlab_magic.model.packet_path import Badge
from netlab_magic.text import aligned, counted

__all__ = [
    "block",
    "chains_text",
    "end_words",
    "fold_words",
    "head_words",
    "legend",
    "more_words",
    "notes",
    "packets_words",
    "path_words",
    "steps_words",
    "unreachable_words",
]

_MOST_NAMES = 12


def _counted_names(names: Sequence[str], most: int = _MOST_NAMES) -> str:
    """Their number and the first names; the rest is only counted.

    >>> counted_names(("a", "b", "c"), 2)
    '3 chains: a, b and 1 more'
    """
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return f"{counted(len(names), 'chain')}: {', '.join(names[:most])}{more}"


def head_words(chain: ChainView) -> str:
    """A chain's kind, number of rules and policy."""
    rules = counted(chain.rules, "rule")
    if chain.policy:
        return f"{chain.role} · {rules} · policy {chain.policy}"
    if chain.orphan and not chain.references:
        return f"{chain.role} · {rules} · no rule jumps here"
    unreached = " · no packet can reach it" if chain.orphan else ""
    return f"{chain.role} · {rules} · {counted(chain.references, 'reference')}{unreached}"


def fold_words(fold: Fold, counted: bool) -> str:
    """What the picture says about folded rules."""
    parts = [f"… {fold.count:,} more rules"]
    if counted and fold.hit is not None:
        parts.append(f"{fold.hit:,} of them hit")
    parts += [f"{number:,} {_leading(name, fold)}" for name, number in fold.ends]
    return " · ".join(parts)


def _leading(name: str, fold: Fold) -> str:
    enters = name in fold.to or (name.endswith("…") and any(to.startswith(name[:-1]) for to in fold.to))
    return f"jump to {name}" if enters else name or "only count"


def end_words(chain: ChainView) -> str:
    """What happens to a packet that no rule of the chain decides about."""
    if chain.policy:
        return "policy: no packet reaches it" if chain.decides else "policy: if no rule above decides"
    return "no packet reaches this end" if chain.decides else f"end of chain: back to {chain.back}"


def packets_words(packets: int | None, never: bool = False) -> str:
    """What the counters say; "" without counters."""
    return "" if packets is None else "never" if never else str(packets)


def unreachable_words(chain: ChainView) -> str:
    """Why the rules below this line have no effect."""
    return f"⊘ no packet gets past rule {(chain.unreachable or 0) - 1}" if chain.unreachable else ""


def _idle_words(chain: ChainView) -> str:
    """A built-in chain that has no rules, with the steps of the path that end at its policy."""
    return f"{steps_words(chain.steps)} {chain.name}: no rules, policy {chain.policy}".strip()


def legend(view: ChainsView, most: int = _MOST_NAMES) -> list[str]:
    """The notes needed to understand the chains."""
    found = []
    if not view.counted:
        left_out = all(chain.packets is None for chain in (*view.chains, *view.idle))
        found += [] if left_out else ["No counters, or no packet yet."]
    elif any(isinstance(row, Row) and row.never for chain in view.chains for row in chain.rows):
        found.append("never: packets reached this rule, but none matched.")
    if view.crowded_out:
        found.append(f"Also reached from {_whole(view)}, not shown: {_counted_names(view.crowded_out, most)}.")
    return found


def _whole(view: ChainsView) -> str:
    return view.entry or f"table {view.table}"


def notes(view: ChainsView, most: int = _MOST_NAMES) -> list[str]:
    """The notes below the chains."""
    if not view.chains and not view.idle:
        has = _counted_names(view.unreached, most) if view.unreached else "no chains"
        return [f"Table {view.table} has no chain {view.entry}; it has {has}."]
    unreached = [f"Not reached from {_whole(view)}: {_counted_names(view.unreached, most)}."] if view.unreached else []
    return [*legend(view, most), *unreached]


def steps_words(steps: Iterable[Badge]) -> str:
    """The numbers of steps, as printed before a line."""
    return "".join(map(str, steps))


def _line(row: Row) -> tuple[str, ...]:
    back = f" (to {row.back})" if row.back else ""
    words = (f"{row.words.end}{back}", row.words.verbatim)
    return steps_words(row.steps), str(row.number), packets_words(row.packets, row.never), *map(plain, words)


def block(view: ChainsView, chain: ChainView) -> Iterator[str]:
    """The lines of one chain."""
    yield f"Chain {plain(chain.name)} ({plain(head_words(chain))})"
    heading = ("", "num", "pkts", "target", "match")
    packets = packets_words(chain.packets) if chain.policy else ""
    end = (steps_words(chain.steps), "", packets, plain(str(chain.policy or "↩")), plain(end_words(chain)))
    lines = [heading, *(_line(row) for row in chain.rows if isinstance(row, Row)), end]
    if not view.counted:
        lines = [(*line[:2], "", *line[3:]) for line in lines]
    shown = iter(aligned(lines, right=range(3)))
    yield "  " + next(shown)
    for row in chain.rows:
        if isinstance(row, Row) and row.number == chain.unreachable:
            yield f"  {unreachable_words(chain)}"
        yield "  " + (plain(fold_words(row, view.counted)) if isinstance(row, Fold) else next(shown))
    yield "  " + next(shown)
    entered = dict.fromkeys(_jumps(chain))
    if entered:
        yield f"  jumps: {plain(', '.join(entered))}"
    for store in chain.stores:
        yield f"  {plain(f'@{store.name} ({store.about})')}"
        yield from (f"    {plain(row.words)}" for row in store.rows)
        yield from [f"    {more_words(store)}"] * bool(store.more)


def _jumps(chain: ChainView) -> Iterator[str]:
    for row in chain.rows:
        if isinstance(row, Row):
            yield from (f"{row.number} {'goto ' * row.words.goto}→ {to}" for to in row.words.to)


def more_words(store: StoreView) -> str:
    """What is said of elements that are not shown."""
    return f"… {counted(store.more, 'more element')}"


def path_words(packet: str) -> str:
    """Explains the numbers of the steps."""
    return plain(f"The path of {packet}: [1], [2], … are its steps.")


def chains_text(view: ChainsView) -> str:
    """The whole picture in words."""
    blocks = ["\n".join(block(view, chain)) for chain in view.chains]
    if view.packet:
        blocks.insert(0, path_words(view.packet))
    if view.idle:
        blocks.append("\n".join(plain(_idle_words(chain)) for chain in view.idle))
    return "\n\n".join([*blocks, *map(plain, notes(view))])
