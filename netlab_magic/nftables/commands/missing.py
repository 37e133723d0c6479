"""What nft says of names that are not there: whether it knows one that is alike (nftables, src/cmd.c and src/cache.c)."""

from collections.abc import Collection, Iterable

from netlab_magic.nftables.commands.complaints import MISSING, Complaint, Refused
from netlab_magic.nftables.commands.cursor import Name
from netlab_magic.nftables.commands.draft import Address, Draft, DraftTable
from netlab_magic.nftables.ruleset import Table

__all__ = ["no_such", "no_table"]


def _distance(one: str, other: str) -> int:
    """How many letters have to be changed, added, taken away or swapped."""
    rows: list[list[int]] = [[*range(len(other) + 1)]]
    for at, letter in enumerate(one, 1):
        row = [at]
        for place, right in enumerate(other, 1):
            cost = min(rows[-1][place] + 1, row[place - 1] + 1, rows[-1][place - 1] + int(letter != right))
            is_swapped = at > 1 and place > 1 and letter == other[place - 2] and one[at - 2] == right
            row.append(min(cost, rows[-2][place - 2] + 1) if is_swapped else cost)
        rows.append(row)
    return rows[-1][-1]


def _alike(wrong: str, names: Iterable[str]) -> str:
    """The name that is most like a wrong one, where one is near (nftables, src/misspell.c); "" where none is."""
    best, least = "", 1 << 10
    for name in names:
        longest = max(len(name), len(wrong))
        distance = _distance(name, wrong)
        nearly = max(-(-longest // 3), longest - min(len(name), len(wrong)))
        if name != wrong and longest > 1 and distance <= nearly and distance < least:
            best, least = name, distance
    return best


def no_such(
    what: str, name: Name, table: DraftTable | Table, names: Collection[str], *, by_kernel: bool = True, says_rule: bool = True
) -> Refused:
    """A chain, a set or an object is not in its table."""
    near = _alike(name.text, names)
    if near:
        sentence = f"{MISSING}; did you mean {what} ‘{near}’ in table {table.family} ‘{table.name}’?"
        return Refused(Complaint(sentence, (name.span,)), is_from_kernel=by_kernel)
    return Refused.by_kernel(MISSING, name.span) if by_kernel and says_rule else Refused.at(MISSING, name.span)


def no_table(draft: Draft, address: Address, name: Name, kind: str, *, asks_kernel: bool) -> Refused:
    """A table is not there that a command about this kind names; of one of another family that is called so, only rules are told."""
    wanted = address[1]
    other = next((key for key in draft.tables if key[1] == wanted), None)
    if other and kind == "table":
        return Refused.by_kernel(MISSING, name.span)
    if other and kind != "rule":
        return Refused(Complaint(MISSING, (name.span,)), is_from_kernel=asks_kernel)
    near = wanted if other else _alike(wanted, [key[1] for key in draft.tables])
    found = other or next((key for key in draft.tables if key[1] == near), None)
    if found:
        sentence = f"{MISSING}; did you mean table ‘{found[1]}’ in family {found[0]}?"
        return Refused(Complaint(sentence, (name.span,)), is_from_kernel=asks_kernel)
    return Refused.by_kernel(MISSING, name.span) if asks_kernel else Refused.at(MISSING, name.span)
