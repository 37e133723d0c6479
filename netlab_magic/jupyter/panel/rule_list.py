"""The rules of a chain as the panel lists them: those in the kernel, and those taken out of it, which keep their place.

Pure: what the kernel has goes in, and out come the list to show and the lines of a cell that a tick or a move stands for.
"""

from collections.abc import Callable, Iterable, Sequence
from difflib import SequenceMatcher

import msgspec

from netlab_magic.jupyter.panel.chain_place import ChainPlace
from netlab_magic.jupyter.panel.host_chains import ListedRule
from netlab_magic.jupyter.panel.rule_lines import putting_in, taking_out

__all__ = ["Entry", "Listed", "RuleList", "merged", "moved", "toggled"]

_MOST_LISTED = 60
"""How many rules are listed; of more, the picture of the chain gives an account."""


class Entry(msgspec.Struct, frozen=True):
    """One rule: its text as its program prints it, without what it has counted, and whether the kernel has it now."""

    spec: str
    present: bool = True


class Listed(msgspec.Struct, frozen=True):
    """A list after a change, and the lines of a cell that make the kernel follow."""

    entries: tuple[Entry, ...]
    lines: tuple[str, ...] = ()


class RuleList:
    """The list for one chain. `sentences` say what each rule does, by its text, and are remembered for when it is taken out.

    `fixed` are the texts of the rules that cannot be put back, and so must not be taken out; `leads_to` has, by a rule's text, the chains
    that packets can enter from it.
    """

    def __init__(self, place: ChainPlace) -> None:
        self.place = place
        self.entries: tuple[Entry, ...] = ()
        self.sentences: dict[str, str] = {}
        self.fixed: set[str] = set()
        self.leads_to: dict[str, tuple[str, ...]] = {}

    @property
    def is_edited(self) -> bool:
        """Whether a rule is taken out."""
        return not all(entry.present for entry in self.entries)

    @property
    def listed(self) -> dict[str, Entry]:
        """The entries that are listed, by their keys."""
        return dict(zip(_keys_of(self.entries), self.entries[:_MOST_LISTED], strict=False))

    @property
    def left_out(self) -> int:
        """How many entries are too many to be listed."""
        return max(0, len(self.entries) - _MOST_LISTED)

    def __contains__(self, key: object) -> bool:
        return key in _keys_of(self.entries)

    def follow(self, kernel: Iterable[ListedRule], sentence: Callable[[int], str]) -> None:
        """Another look at the kernel has found these rules; `sentence` says what the one with a number does."""
        found = list(kernel)
        self.entries = merged(self.entries, [rule.spec for rule in found])
        self.fixed = {rule.spec for rule in found if not rule.writable}
        self.leads_to = {rule.spec: rule.leads_to for rule in found}
        present = (entry for entry in self.listed.values() if entry.present)
        self.sentences |= {entry.spec: sentence(number) for number, entry in enumerate(present, 1)}

    def toggled(self, key: str, on: bool) -> Listed:
        """The list with a rule taken out of the kernel, or put back. Raises KeyError where there is no such rule."""
        place = self._place(key)
        return Listed(self.entries) if self.entries[place].present == on else toggled(self.place, self.entries, place)

    def moved(self, key: str, to: int) -> Listed:
        """The list with a rule moved to a place. Raises KeyError where there is no such rule."""
        return moved(self.place, self.entries, self._place(key), to)

    def _place(self, key: str) -> int:
        return {known: place for place, known in enumerate(_keys_of(self.entries))}[key]


def _keys_of(entries: Sequence[Entry]) -> list[str]:
    """A name for each entry that stays while others come and go: its text, and which of the equal ones it is."""
    met: dict[str, int] = {}
    keys = []
    for entry in entries:
        met[entry.spec] = met.get(entry.spec, 0) + 1
        keys.append(f"{entry.spec}#{met[entry.spec]}")
    return keys


def _number(entries: Sequence[Entry], place: int) -> int:
    """The number in the kernel, from 1, that the rule at a place of the list has or would get."""
    return 1 + sum(entry.present for entry in entries[:place])


def _out(chain: ChainPlace, entries: Sequence[Entry], place: int) -> str:
    """The line that takes a rule out."""
    entry = entries[place]
    return taking_out(chain, _number(entries, place), None if entry in entries[:place] else entry.spec)


def _in(chain: ChainPlace, entries: Sequence[Entry], place: int) -> str:
    """The line that puts a rule in at its place."""
    is_last = not any(entry.present for entry in entries[place + 1 :])
    return putting_in(chain, None if is_last else _number(entries, place), entries[place].spec)


def toggled(chain: ChainPlace, entries: Sequence[Entry], place: int) -> Listed:
    """The rule at `place` taken out of the kernel, or put back."""
    entry = entries[place]
    line = _out(chain, entries, place) if entry.present else _in(chain, entries, place)
    after = (*entries[:place], Entry(entry.spec, not entry.present), *entries[place + 1 :])
    return Listed(after, (line,))


def moved(chain: ChainPlace, entries: Sequence[Entry], place: int, to: int) -> Listed:
    """The rule at `place` moved to place `to` of the list, its ends being as far as it can go."""
    rest = [*entries[:place], *entries[place + 1 :]]
    to = max(0, min(to, len(rest)))
    after = (*rest[:to], entries[place], *rest[to:])
    if not entries[place].present or [entry for entry in after if entry.present] == [entry for entry in entries if entry.present]:
        return Listed(after)
    return Listed(after, (_out(chain, entries, place), _in(chain, after, to)))


def merged(entries: Sequence[Entry], kernel: Sequence[str]) -> tuple[Entry, ...]:
    """The list after another look at the kernel: its rules in its order, and between them those taken out, each behind the one that it
    stood behind. One that was put back from elsewhere is no longer out.
    """
    present = [entry.spec for entry in entries if entry.present]
    out = _still_out(entries, kernel)
    found = _matching(present, kernel)
    after: dict[int, list[Entry]] = {}
    anchor, seen = -1, -1
    for place, entry in enumerate(entries):
        if entry.present:
            seen += 1
            anchor = found.get(seen, anchor)
        elif place in out:
            after.setdefault(anchor, []).append(entry)
    merged = list(after.get(-1, ()))
    for number, spec in enumerate(kernel):
        merged += [Entry(spec), *after.get(number, ())]
    return tuple(merged)


def _matching(before: Sequence[str], after: Sequence[str]) -> dict[int, int]:
    """Where in `after` the rules of `before` are that kept their order."""
    if list(before) == list(after):
        return {place: place for place in range(len(before))}
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    return {block.a + offset: block.b + offset for block in blocks for offset in range(block.size)}


def _still_out(entries: Sequence[Entry], kernel: Sequence[str]) -> set[int]:
    """The places of the rules that are still out: those of which the kernel has not got more copies than it had."""
    back: dict[str, int] = {}
    for entry in entries:
        if not entry.present and entry.spec not in back:
            had = sum(other == Entry(entry.spec) for other in entries)
            back[entry.spec] = max(0, kernel.count(entry.spec) - had)
    still = set()
    for place, entry in enumerate(entries):
        if not entry.present:
            if back[entry.spec]:
                back[entry.spec] -= 1
            else:
                still.add(place)
    return still
