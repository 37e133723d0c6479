"""The script that leads from one ruleset to another: what is made again, and what is left as it is."""

import pytest
from support.nft_corpus import TEXTS, read

from netlab_magic.nftables import parse
from netlab_magic.nftables.reload import reloading, same_at_rest
from netlab_magic.nftables.ruleset import Ruleset


def table(name: str, *lines: str) -> str:
    return "".join(f"{line}\n" for line in (f"table {name} {{", *(f"\t{line}" for line in lines), "}"))


def chain(*rules: str) -> tuple[str, ...]:
    return ("chain c {", *(f"\t{rule}" for rule in rules), "}")


def elements(text: str, flags: str = "") -> tuple[str, ...]:
    return ("set s {", "\ttype ipv4_addr", *([f"\tflags {flags}"] if flags else []), f"\telements = {{ {text} }}", "}")


ONE, TWO, THREE = table("ip one"), table("inet two", *chain("tcp dport 22 counter packets 5 bytes 300 accept")), table("ip6 three")


def script(now: str, then: str) -> str:
    return reloading(parse(now), parse(then))


@pytest.mark.parametrize("name", TEXTS)
def test_what_is_so_already_is_left_alone(name: str) -> None:
    assert reloading(read(name), read(name)) == ""
    assert same_at_rest(read(name), read(name))


def test_counters_alone_are_no_difference_but_come_back_with_their_table():
    counted = TWO.replace("packets 5", "packets 99")
    assert script(counted, TWO) == ""
    assert script("", counted) == f"table inet two\ndelete table inet two\n{counted}"


def test_from_the_first_table_that_differs_on_all_are_made_again():
    assert script(ONE + THREE, ONE + TWO + THREE) == (
        f"delete table ip6 three\ntable inet two\ndelete table inet two\n{TWO}{THREE}"
    )
    assert script(ONE + TWO + THREE, "") == "delete table ip one\ndelete table inet two\ndelete table ip6 three\n"


def test_a_table_that_a_program_owns_is_left_to_it():
    owned = "table ip theirs { # progname firewalld\n\tflags owner\n}\n"
    assert script(owned + ONE, ONE) == ""
    assert script(ONE, owned + ONE) == ""
    assert same_at_rest(parse(owned), Ruleset())


@pytest.mark.parametrize(("flags", "same"), [("", False), ("interval", False), ("timeout", True), ("dynamic,timeout", True)])
def test_elements_that_come_and_go_are_brought_back_and_not_compared(flags: str, same: bool) -> None:
    before, after = (table("ip one", *elements(text, flags)) for text in ("10.0.0.1, 10.0.0.3", "10.0.0.1, 10.0.0.2"))
    alone = "delete element ip one s { 10.0.0.2 }\nadd element ip one s { 10.0.0.3 }\n"
    assert script(after, before) == (f"delete table ip one\n{before}" if flags == "interval" else alone)
    assert same_at_rest(parse(before), parse(after)) == same
