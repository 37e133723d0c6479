"""What real nft printed, release by release and form by form (tests/data/nft): read, compared with each other, and printed back."""

from functools import cache
from pathlib import Path

import msgspec
import pytest

from netlab_magic.nftables import canonical, listing, parse
from netlab_magic.nftables.ruleset import Chain, Ruleset, Set
from netlab_magic.nftables.state import stateless

DATA = Path(__file__).parents[1] / "data" / "nft"
LISTED = sorted(path.name.removesuffix(".plain.nft") for path in DATA.glob("*.plain.nft"))
WITH_JSON = [name for name in LISTED if (DATA / f"{name}.json").exists()]
WITH_ALL = [name for name in LISTED if (DATA / f"{name}.numeric.nft").exists()]
TEXTS = sorted(path.name for path in DATA.glob("*.nft"))

# What a packet puts into a map is a number there; its type, and so its spelling, stands at the map.
SPELLINGS = [("update @dynmap { ip saddr : 0x00000001 }", "update @dynmap { ip saddr : 1 }")]


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


@pytest.mark.parametrize("name", TEXTS)
def test_text_is_printed_back_as_it_was(name):
    assert str(read(name)) == (DATA / name).read_text()


@pytest.mark.parametrize("name", TEXTS)
def test_everything_is_understood(name):
    assert read(name).not_understood() == ()


@pytest.mark.parametrize("name", LISTED)
def test_values_alone_print_the_same_text(name):
    text = (DATA / f"{name}.plain.nft").read_text()
    for written, shown in SPELLINGS:
        text = text.replace(written, shown)
    assert listing(canonical(msgspec.structs.replace(read(f"{name}.plain.nft"), version=release(name)))) == text


@pytest.mark.parametrize("name", WITH_ALL)
def test_handles_and_numbers_change_nothing(name):
    plain = without_moments(read(f"{name}.plain.nft"))
    assert without_moments(read(f"{name}.handles.nft")) == plain
    assert without_moments(read(f"{name}.numeric.nft")) == plain


@pytest.mark.parametrize("name", WITH_ALL)
def test_stateless_is_the_plain_listing_without_its_state(name):
    assert stateless(read(f"{name}.stateless.nft")) == stateless(read(f"{name}.plain.nft"))


@pytest.mark.parametrize("name", WITH_JSON)
def test_json_gives_the_same_value_as_text(name):
    expected = without_what_json_lacks(without_moments(read(f"{name}.plain.nft")), release(name))
    assert without_moments(read(f"{name}.json")) == expected
