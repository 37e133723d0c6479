"""Chains as text: for each chain a table `num pkts target match`, its end, and the chains it enters."""

from collections.abc import Iterable, Iterator

from netlab_magic.draw.chainview import ChainsView, ChainView, Fold, Row
from netlab_magic.draw.markup import cells, plain

__all__ = ["chains_text", "counted_names", "end_words", "fold_words", "head_words"]

_MOST_NAMES = 12


def counted_names(names: tuple[str, ...], most: int = _MOST_NAMES) -> str:
    """Names with their number, the later ones only counted.

    >>> counted_names(("a", "b", "c"), 2)
    '3 chains: a, b and 1 more'
    """
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return f"{len(names):,} chain{'s' * (len(names) != 1)}: {', '.join(names[:most])}{more}"


def head_words(view: ChainsView, chain: ChainView) -> str:
    """What a chain is, beside its name."""
    rules = f"{chain.rules:,} rule{'s' * (chain.rules != 1)}"
    if chain.policy:
        return f"built-in chain of table {view.table} · {rules} · policy {chain.policy}"
    return f"user chain · {rules} · {chain.references:,} reference{'s' * (chain.references != 1)}"


def fold_words(fold: Fold, counted: bool) -> str:
    """What is said of rules that are not shown."""
    parts = [f"… {fold.count:,} more rules"]
    if counted:
        parts.append(f"{fold.hit:,} of them hit")
    if fold.to:
        parts.append(f"they enter {counted_names(fold.to, 3)}")
    return " · ".join(parts)


def end_words(chain: ChainView) -> str:
    """What happens to a packet that no rule of the chain decided."""
    return "policy: what no rule above decided" if chain.policy else "end of chain: back to where it was entered from"


def _line(row: Row) -> tuple[str, ...]:
    return str(row.number), str(row.packets), plain(str(row.words.end)), plain(row.words.verbatim)


def _columns(lines: list[tuple[str, ...]]) -> list[int]:
    return [max(map(cells, column)) for column in zip(*lines, strict=True)]


def _aligned(line: tuple[str, ...], widths: Iterable[int]) -> str:
    number, packets, *words = (" " * (width - cells(word)) for word, width in zip(line, widths, strict=True))
    return f"{number}{line[0]}  {packets}{line[1]}  {line[2]}{words[0]}  {line[3]}".rstrip()


def _chain_lines(view: ChainsView, chain: ChainView) -> Iterator[str]:
    yield f"Chain {plain(chain.name)} ({plain(head_words(view, chain))})"
    heading = ("num", "pkts", "target", "match")
    end = ("", str(chain.packets) if chain.policy else "", plain(str(chain.policy or "↩ RETURN")), end_words(chain))
    lines = [heading, *(_line(row) for row in chain.rows if isinstance(row, Row)), end]
    widths = _columns(lines)
    yield "  " + _aligned(heading, widths)
    for row in chain.rows:
        yield "  " + (plain(fold_words(row, view.counted)) if isinstance(row, Fold) else _aligned(_line(row), widths))
    yield "  " + _aligned(end, widths)
    entered = dict.fromkeys(f"{number}→{to}" for number, to in _jumps(chain))
    if entered:
        yield f"  jumps: {plain(', '.join(entered))}"


def _jumps(chain: ChainView) -> Iterator[tuple[str, str]]:
    for row in chain.rows:
        if isinstance(row, Row) and row.words.to:
            yield f"{row.number} {'goto ' if row.words.goto else ''}", f" {row.words.to}"


def chains_text(view: ChainsView) -> str:
    """The whole picture in words."""
    if not view.chains:
        has = plain(counted_names(view.unreached)) if view.unreached else "no chains"
        return f"Table {plain(view.table)} has no chain {plain(view.entry)}; it has {has}."
    blocks = ["\n".join(_chain_lines(view, chain)) for chain in view.chains]
    if not view.counted:
        blocks.append("No counters, or no packet yet.")
    if view.crowded_out:
        blocks.append(f"Also reached from {plain(view.entry)}, not shown: {plain(counted_names(view.crowded_out))}.")
    if view.unreached:
        blocks.append(f"Not reached from {plain(view.entry)}: {plain(counted_names(view.unreached))}.")
    return "\n\n".join(blocks)
