"""Laws that hold for any ruleset: of what is made of the corpus' own statements, and of constants of every data type."""

from functools import cache
from ipaddress import IPv4Address, IPv6Address

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.nft_corpus import LISTED, TEXTS, read

from netlab_magic.nftables import canonical, listing, parse
from netlab_magic.nftables.datatypes import DATATYPES, Bitmask, duration, milliseconds
from netlab_magic.nftables.diff import apply, diff, invert
from netlab_magic.nftables.ruleset import Chain, Hook, Rule, Ruleset, Set, Table
from netlab_magic.nftables.statements import Reject
from netlab_magic.nftables.symbols import PRIORITIES, SYMBOLS
from netlab_magic.nftables.text.expression_printer import Style
from netlab_magic.nftables.text.statement_parser import read_rule
from netlab_magic.nftables.text.statement_printer import rule_text

NAMES = st.text("abcXYZ-_09", min_size=1, max_size=12)
STYLES = st.builds(Style, st.booleans())


@cache
def statements() -> list:
    """Every statement of the corpus; a bare reject means another thing in other families."""
    rules = (rule for name in TEXTS for table in read(name).tables for chain in table.chains for rule in chain.rules)
    said = {statement: None for rule in rules for statement in rule.statements if not isinstance(statement, Reject)}
    return [*said]


def rules():
    return st.builds(Rule, st.lists(st.sampled_from(statements()), min_size=1, max_size=6).map(tuple), st.sampled_from(["", "a comment"]))


def hooks():
    priorities = st.sampled_from([*PRIORITIES["inet"].values()]).flatmap(lambda value: st.integers(value - 12, value + 12))
    hook = st.sampled_from(["input", "forward", "output"])
    return st.none() | st.builds(Hook, st.sampled_from(["filter", "nat"]), hook, priorities, st.sampled_from(["accept", "drop"]))


@st.composite
def rulesets(draw):
    tables = {}
    for family, name in draw(st.lists(st.tuples(st.just("inet"), NAMES), unique=True, max_size=3)):
        sets = draw(st.lists(st.sampled_from([*sets_of_corpus()]), unique_by=lambda found: found.name, max_size=3))
        chains = [
            Chain(chain, tuple(draw(st.lists(rules(), max_size=5))), draw(hooks()), draw(st.sampled_from(["", "why"])))
            for chain in draw(st.lists(NAMES, unique=True, max_size=4))
        ]
        tables[family, name] = Table(family, name, (*sets, *chains), (), draw(st.sampled_from(["", "a table"])))
    return Ruleset(tuple(tables.values()))


@cache
def sets_of_corpus() -> tuple[Set, ...]:
    """Sets and maps, printed by their values; those of types that releases name differently are left out."""
    found = (found for name in LISTED for table in read(f"{name}.plain.nft").tables for found in table.sets)
    return tuple({each.name: msgspec.structs.replace(each, raw="") for each in found if "icmp" not in "".join(each.key)}.values())


@given(st.lists(st.sampled_from(statements()), min_size=1, max_size=8), STYLES)
def test_any_statements_print_and_read_back(said, style):
    assert read_rule(rule_text(said, "", "inet", style), "inet") == (tuple(said), "")


@settings(max_examples=40)
@given(rulesets())
def test_any_ruleset_prints_and_reads_back(ruleset):
    text = listing(ruleset)
    assert parse(text) == ruleset
    assert str(parse(text)) == text
    assert listing(canonical(parse(text))) == text


@settings(max_examples=40)
@given(rulesets(), rulesets())
def test_a_diff_leads_there_and_back(before, after):
    changes = diff(before, after)
    assert apply(before, changes) == after
    assert apply(after, invert(changes)) == before
    assert diff(before, before) == ()


@pytest.mark.parametrize("kind", sorted(SYMBOLS))
def test_every_name_is_read_to_its_number(kind):
    datatype = DATATYPES[kind]
    assert {name: datatype.read(name) for name in SYMBOLS[kind]} == SYMBOLS[kind]
    for number in SYMBOLS[kind].values():
        assert datatype.read(datatype.show(number)) == number


NO_NUMBERS = {"ipv4_addr", "ipv6_addr", "address", "target", "time"}


@given(
    st.sampled_from([kind for kind in DATATYPES.values() if not isinstance(kind, Bitmask) and kind.name not in NO_NUMBERS]),
    st.integers(0, 2**31),
)
def test_a_number_of_any_type_reads_back(datatype, number):
    number &= (1 << datatype.bits) - 1
    found = datatype.read(datatype.show(number))
    assert found == number or str(found) == str(number)


@given(st.integers(0, 2**32 - 1).map(IPv4Address) | st.integers(0, 2**128 - 1).map(IPv6Address) | st.integers(0, 2**40).map(IPv6Address))
def test_an_address_reads_back(address):
    datatype = DATATYPES["ipv4_addr" if address.version == 4 else "ipv6_addr"]
    assert datatype.read(datatype.show(address)) == address


@given(st.integers(0, 10**12))
def test_a_time_reads_back(length):
    assert milliseconds(duration(length)) == length
