"""A chain as a card: its head, a row for each rule, its end. Whatever a colour says, a word, symbol or line says too."""

from collections.abc import Iterator, Sequence

from netlab_magic.draw.base.badges import badge_table
from netlab_magic.draw.base.dot_html import cell, clipped, label, row, run, table, wrapped
from netlab_magic.draw.base.rule_label import End
from netlab_magic.draw.base.style import NAME, RULE, SMALL, Role
from netlab_magic.draw.chains.folding import Fold
from netlab_magic.draw.chains.subject import StoreView
from netlab_magic.draw.chains.text import end_words, fold_words, head_words, more_words, packets_words, unreachable_words
from netlab_magic.draw.chains.view import ChainsView, ChainView, Row
from netlab_magic.model.packet_path import Badge

__all__ = ["chain_label", "idle_label", "note_label", "store_label"]

_STEP, _NUMBER, _PACKETS, _MATCH, _TARGET = 44, 30, 54, 264, 196
_WIDTH = _NUMBER + _PACKETS + _MATCH + _TARGET
"""How wide a card is, in points."""

_CHARACTER = 6.03
"""How wide a character of the fixed-width font is, in points, at the size of a rule."""

_NAME_CHARACTER, _SMALL_CHARACTER = 9.0, 5.9
"""How wide characters of names and of small words are on the average."""

_LONGEST_NAME = 32
_MOST_STEPS = 3
_IDLE_ABREAST = 3
_MILLION = 1_000_000


class _Columns:
    """The columns that a view needs, and the width of the card that is left for the matches."""

    def __init__(self, view: ChainsView) -> None:
        self.stepped = view.packet is not None
        self.counted = view.counted
        self.match, self.count = _MATCH, 3
        if self.counted:
            self.count += 1
        else:
            self.match += _PACKETS
        if self.stepped:
            self.count += 1
            self.match -= _STEP
        self.characters = int((self.match - 8) / _CHARACTER)


def _count(packets: int | None, never: bool) -> str:
    if packets is None or never or packets < _MILLION:
        return packets_words(packets, never) if never or packets is None else f"{packets:,}"
    return f"{packets / _MILLION:,.1f}M"


def _lines(lines: Sequence[str], colour: str, *, bold: bool = False) -> str:
    """Lines of fixed-width text, left-aligned in their cell."""
    return "".join(run(line, colour, RULE, bold=bold, mono=True) + '<BR ALIGN="LEFT"/>' for line in lines)


def _cell(content: str, width: int, **more: object) -> str:
    settings = {"width": width, "align": "LEFT", "balign": "LEFT", "border": 1, "sides": "B", "color": Role.BAND, "bgcolor": Role.CARD}
    return cell(content, **{**settings, **more})


def _step_cell(steps: Sequence[Badge], **more: object) -> str:
    badges = badge_table(steps, abreast=1, most=_MOST_STEPS) if steps else " "
    return _cell(badges, _STEP, **{"align": "CENTER", "cellpadding": 1, **more})


def _target_cell(end: End, below: str, dim: bool, *, fatal: bool = False, **more: object) -> str:
    shown = wrapped(str(end).split(), int((_TARGET - 14) / _CHARACTER), 2)
    text = _lines(shown, Role.QUIET if dim else Role.INK, bold=not dim)
    if below:
        text += run(below, Role.QUIET, SMALL) + '<BR ALIGN="LEFT"/>'
    if fatal:
        text += run("✕ the packet stops here", Role.INK, SMALL, bold=True) + '<BR ALIGN="LEFT"/>'
        return _cell(text, _TARGET, **{**more, "bgcolor": Role.BAD_FILL, "color": Role.BAD, "sides": "LTRB", "border": 3, "cellpadding": 3})
    if dim or end.good is None:
        return _cell(text, _TARGET, **more)
    fill, bar = (Role.GOOD_FILL, Role.GOOD) if end.good else (Role.BAD_FILL, Role.BAD)
    return _cell(text, _TARGET, **{**more, "bgcolor": fill, "color": bar, "sides": "L", "border": 4, "cellpadding": 2})


def _rule_row(columns: _Columns, chain: ChainView, shown: Row) -> str:
    reachable = chain.unreachable is None or shown.number < chain.unreachable
    dim = not reachable or shown.never
    colour = Role.QUIET if dim and not shown.steps else Role.INK
    # dot writes a cell's tooltip only as part of a link; `svg.finished` drops the link
    look: dict[str, object] = {"href": "#", "title": (shown.typed, *([shown.said] if shown.said else ()))}
    if shown.met:
        look["bgcolor"] = Role.PATH_FILL
    cells = [_step_cell(shown.steps, **look)] if columns.stepped else []
    cells.append(_cell(run(str(shown.number), Role.QUIET, RULE, mono=True), _NUMBER, align="RIGHT", **look))
    if columns.counted:
        packets = run(_count(shown.packets, shown.never), colour, RULE, mono=True)
        cells.append(_cell(packets, _PACKETS, align="RIGHT", **look))
    cells.append(_cell(_lines(wrapped(shown.words.match, columns.characters), colour), columns.match, **look))
    back = f"back to {clipped(shown.back, _LONGEST_NAME)}" if shown.back else ""
    fatal = any(badge.fatal for badge in shown.steps)
    return row(*cells, _target_cell(shown.words.end, back, dim and not shown.met, fatal=fatal, port=f"r{shown.number}", **look))


def _wide_row(columns: _Columns, words: str, **more: object) -> str:
    shown = wrapped(words.split(), int((_WIDTH - 16) / _CHARACTER), 3)
    return row(cell(_lines(shown, Role.QUIET), colspan=columns.count, align="LEFT", bgcolor=Role.BOX, **{"cellpadding": 6, **more}))


def _rule_rows(view: ChainsView, columns: _Columns, chain: ChainView) -> Iterator[str]:
    for each in chain.rows:
        if isinstance(each, Fold):
            yield _wide_row(columns, fold_words(each, view.counted), port=f"f{each.first}")
            continue
        if each.number == chain.unreachable:
            yield _wide_row(columns, unreachable_words(chain), cellpadding=4)
        yield _rule_row(columns, chain, each)


def _head(view: ChainsView, columns: _Columns, chain: ChainView) -> str:
    mark = "▶ " if chain.policy or chain.name == view.entry else ""
    name, about = mark + clipped(chain.name, _LONGEST_NAME), head_words(chain)
    fits = len(name) * _NAME_CHARACTER + len(about) * _SMALL_CHARACTER < _WIDTH - 30
    title = run(name, Role.HEAD_INK, NAME, bold=True)
    below = run(f"   {about}" if fits else about, Role.HEAD_INK, SMALL)
    look = {"colspan": columns.count, "align": "LEFT", "balign": "LEFT", "bgcolor": Role.HEAD, "cellpadding": 6, "width": _WIDTH}
    return row(cell(title + below if fits else f"{title}<BR/>{below}", port="head", **look))


def _column_names(columns: _Columns) -> str:
    names = [("step", _STEP, "CENTER")] * columns.stepped + [("num", _NUMBER, "RIGHT")] + [("pkts", _PACKETS, "RIGHT")] * columns.counted
    names += [("match", columns.match, "LEFT"), ("target", _TARGET, "LEFT")]
    return row(*(_cell(run(name, Role.QUIET, SMALL), width, align=align) for name, width, align in names))


def _last_row(columns: _Columns, chain: ChainView) -> str:
    words = run(("" if chain.policy else "⊘  " if chain.decides else "↩  ") + end_words(chain), Role.QUIET, SMALL)
    look = {"bgcolor": Role.PATH_FILL if chain.steps else Role.BOX}
    cells = [_step_cell(chain.steps, port="end", **look)] if columns.stepped and (chain.policy or chain.steps) else []
    if not chain.policy:
        width = _WIDTH - _STEP * len(cells) - 6
        return row(*cells, cell(words, colspan=columns.count - len(cells), align="LEFT", cellpadding=5, width=width, **look))
    cells.append(_cell(" ", _NUMBER, port=None if cells else "end", **look))
    if columns.counted:
        cells.append(_cell(run(_count(chain.packets, never=False), Role.INK, RULE, mono=True), _PACKETS, align="RIGHT", **look))
    fatal = any(badge.fatal for badge in chain.steps)
    return row(*cells, _cell(words, columns.match, **look), _target_cell(chain.policy, "", False, fatal=fatal))


def chain_label(view: ChainsView, chain: ChainView, *, named: bool) -> str:
    """The card of a chain; with column names if `named`."""
    columns = _Columns(view)
    names = [_column_names(columns)] if named and chain.rows else []
    body = [_head(view, columns, chain), *names, *_rule_rows(view, columns, chain), _last_row(columns, chain)]
    style = {"style": "dashed"} if chain.orphan else {}
    return label(table(body, border=1.2, color=Role.HEAD, bgcolor=Role.CARD, cellpadding=4, **style))


def idle_label(chains: Sequence[ChainView]) -> str:
    """Built-in chains without rules, side by side."""
    cells = list(map(_idle_cell, chains))
    rows = [row(*cells[start : start + _IDLE_ABREAST]) for start in range(0, len(cells), _IDLE_ABREAST)]
    return label(table(rows, cellspacing=4, cellpadding=5))


def _idle_cell(chain: ChainView) -> str:
    assert chain.policy
    name = run(f"▶ {chain.name}", Role.INK, RULE, bold=True)
    about = run(f"  no rules · {chain.policy}", Role.QUIET, SMALL)
    look = {"bgcolor": Role.PATH_FILL, "color": Role.PATH, "border": 2} if chain.steps else {"bgcolor": Role.BOX, "color": Role.LINE}
    if any(badge.fatal for badge in chain.steps):
        about += run("  ✕ the packet stops here", Role.INK, SMALL, bold=True)
        look |= {"bgcolor": Role.BAD_FILL, "color": Role.BAD, "border": 3}
    if not chain.steps:
        return cell(name + about, **{"border": 1, **look})
    inner = table([row(cell(badge_table(chain.steps)), cell(name + about))], cellpadding=1)
    return cell(inner, **{"border": 1, **look, "cellpadding": 2})


def store_label(store: StoreView) -> str:
    """The card of a set or map."""
    title = run(f"@ {clipped(store.name, _LONGEST_NAME)}", Role.INK, NAME, bold=True) + run(f"   {store.about}", Role.QUIET, SMALL)
    rows = [row(cell(title, port="head", align="LEFT", bgcolor=Role.BAND, cellpadding=5, width=_WIDTH))]
    for place, each in enumerate(store.rows):
        words = _lines(wrapped(each.words.split(), int((_WIDTH - 16) / _CHARACTER)), Role.INK)
        rows.append(row(_cell(words, _WIDTH, port=f"e{place}")))
    if store.more:
        rows.append(row(_cell(run(more_words(store), Role.QUIET, SMALL), _WIDTH, port="more")))
    return label(table(rows, border=1, color=Role.LINE, bgcolor=Role.CARD))


def note_label(lines: Sequence[str]) -> str:
    """The notes below the chains."""
    shown = [line for note in lines for line in wrapped(note.split(), 100)]
    content = "".join(run(line, Role.QUIET, SMALL) + '<BR ALIGN="LEFT"/>' for line in shown)
    return label(table([row(cell(content, align="LEFT", balign="LEFT"))], border=1, color=Role.LINE, style="dashed", cellpadding=6))
