"""What real nft printed, release by release and form by form (tests/data/nft), and what its forms leave out."""

from functools import cache
from pathlib import Path

import msgspec

from netlab_magic.nftables import parse
from netlab_magic.nftables.ruleset import Chain, Ruleset, Set

__all__ = ["DATA", "LISTED", "TEXTS", "read", "release", "without_moments", "without_what_json_lacks"]

DATA = Path(__file__).parents[1] / "data" / "nft"
LISTED = sorted(path.name.removesuffix(".plain.nft") for path in DATA.glob("*.plain.nft"))
TEXTS = sorted(path.name for path in DATA.glob("*.nft"))


@cache
def read(name: str) -> Ruleset:
    return parse((DATA / name).read_text())


def release(name: str) -> str:
    return name.rpartition("-")[2]


def changed(ruleset: Ruleset, change) -> Ruleset:
    """The ruleset with every block changed."""
    return Ruleset(tuple(msgspec.structs.replace(table, blocks=tuple(map(change, table.blocks))) for table in ruleset.tables))


def without_moments(ruleset: Ruleset) -> Ruleset:
    """Without the times that ran on between two listings."""

    def at_rest(block):
        if not isinstance(block, Set):
            return block
        return msgspec.structs.replace(block, elements=tuple(msgspec.structs.replace(element, expires=None) for element in block.elements))

    return changed(ruleset, at_rest)


def without_what_json_lacks(ruleset: Ruleset, version: str) -> Ruleset:
    """The ruleset as far as `nft -j` of 1.0.6 says it: no flag dynamic, no auto-merge, no comments of tables and chains, no devices."""

    def block(found):
        if isinstance(found, Set):
            flags = tuple(flag for flag in found.flags if flag != "dynamic")
            return msgspec.structs.replace(found, flags=flags, auto_merge=False)
        if isinstance(found, Chain):
            hook = found.hook and msgspec.structs.replace(found.hook, devices=())
            return msgspec.structs.replace(found, comment="", hook=hook)
        return found

    if version != "1.0.6":
        return ruleset
    return Ruleset(tuple(msgspec.structs.replace(table, comment="") for table in changed(ruleset, block).tables))
