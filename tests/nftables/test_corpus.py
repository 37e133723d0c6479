"""What real nft printed, release by release and form by form: read, compared with each other, and printed back."""

import msgspec
import pytest
from support.nft_corpus import DATA, LISTED, TEXTS, read, release, without_moments, without_what_json_lacks

from netlab_magic.nftables import canonical, listing
from netlab_magic.nftables.commands.draft import Tables
from netlab_magic.nftables.commands.program import called
from netlab_magic.nftables.state import stateless

# What a packet puts into a map is a number there; its type, and so its spelling, stands at the map.
SPELLINGS = [("update @dynmap { ip saddr : 0x00000001 }", "update @dynmap { ip saddr : 1 }")]


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


@pytest.mark.parametrize("name", [name for name in LISTED if release(name) == "1.0.6"])
def test_numbers_stand_for_names_where_they_are_asked_for(name):
    text = (DATA / f"{name}.numeric.nft").read_text()
    for written, shown in SPELLINGS:
        text = text.replace(written, shown)
    tables = Tables(canonical(msgspec.structs.replace(read(f"{name}.plain.nft"), version=release(name))))
    assert called(["-n", "list", "ruleset"], tables, [], lambda _: None).output == text


@pytest.mark.parametrize("name", LISTED)
def test_handles_and_numbers_change_nothing(name):
    plain = without_moments(read(f"{name}.plain.nft"))
    assert without_moments(read(f"{name}.handles.nft")) == plain
    assert without_moments(read(f"{name}.numeric.nft")) == plain


@pytest.mark.parametrize("name", LISTED)
def test_stateless_is_the_plain_listing_without_its_state(name):
    assert stateless(read(f"{name}.stateless.nft")) == stateless(read(f"{name}.plain.nft"))


@pytest.mark.parametrize("name", LISTED)
def test_json_gives_the_same_value_as_text(name):
    expected = without_what_json_lacks(without_moments(read(f"{name}.plain.nft")), release(name))
    assert without_moments(read(f"{name}.json")) == expected
