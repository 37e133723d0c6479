"""`diff`: two states of a lab side by side, and going back to one of them."""

import pytest
from hypothesis import given
from support.labs import THREE_RULES
from support.laws import law
from support.rulesets import rulesets

from netlab_magic import Lab
from netlab_magic.errors import StatementError
from netlab_magic.iptables.ruleset import RulePosition, Ruleset
from netlab_magic.iptables.save_format import parse
from netlab_magic.model.topology import Topology
from netlab_magic.session.diff import compare
from netlab_magic.session.results.diff import Compared

BEFORE = """\
*filter
:FORWARD ACCEPT [0:0]
:OLD - [0:0]
-A FORWARD -i eth0 -j ACCEPT
-A FORWARD -i eth1 -j ACCEPT
-A FORWARD -i eth2 -j ACCEPT
-A FORWARD -i eth3 -j ACCEPT
-A FORWARD -i eth4 -j ACCEPT
-A FORWARD -j OLD
-A OLD -j RETURN
COMMIT
"""
AFTER = """\
*filter
:FORWARD DROP [0:0]
:NEW - [0:0]
-A FORWARD -i eth0 -j ACCEPT
-A FORWARD -i eth1 -j ACCEPT
-A FORWARD -i eth2 -j ACCEPT
-A FORWARD -i eth3 -j ACCEPT
-A FORWARD -i eth4 -j ACCEPT
-A FORWARD -m comment --comment "<b>new</b>" -j NEW
COMMIT
"""


def compared(before: str, after: str) -> Compared:
    states = [(Topology(), parse(text)) for text in (before, after)]
    return Compared(compare(*states, in_words), "before", "after")


def in_words(_: Ruleset, place: RulePosition) -> str:
    return f"{place.chain} {place.number} in words."


def test_a_difference_reads_chain_by_chain_and_rule_by_rule() -> None:
    assert str(compared(BEFORE, AFTER)) == (
        "before → after\n"
        "table filter\n"
        "  chain FORWARD: policy ACCEPT → DROP\n"
        "      … 2 more rules as before …\n"
        "        3   3  -i eth2 -j ACCEPT\n"
        "        4   4  -i eth3 -j ACCEPT\n"
        "        5   5  -i eth4 -j ACCEPT\n"
        "    -   6      -j OLD\n"
        "                FORWARD 6 in words.\n"
        '    +       6  -m comment --comment "<b>new</b>" -j NEW\n'
        "                FORWARD 6 in words.\n"
        "  chain NEW: new, no rules\n"
        "  chain OLD: gone\n"
        "    -   1      -j RETURN\n"
        "                OLD 1 in words."
    )


def test_the_page_has_both_sides_and_escapes_what_users_wrote() -> None:
    page = compared(BEFORE, AFTER).html()
    assert "<b>new</b>" not in page
    assert "&lt;b&gt;new&lt;/b&gt;" in page
    assert "− 6" in page
    assert "+ 6" in page


@law(50)
@given(rulesets())
def test_a_state_does_not_differ_from_itself(ruleset: Ruleset) -> None:
    same = Compared(compare((Topology(), ruleset), (Topology(), ruleset), in_words), "a", "b")
    assert not same.changed
    assert str(same) == "a → b: no difference"


@pytest.mark.kernel
def test_without_a_name_it_tells_what_the_last_cell_changed(seed: Lab) -> None:
    seed.run("policy FORWARD DROP")
    seed.run(THREE_RULES)
    told = str(seed.run("diff")).splitlines()
    assert [line for line in told if not line.startswith(" " * 16)] == [
        "before the last change → now",
        "table filter",
        "  chain FORWARD",
        "    +       1  -i docker1 -o docker1 -j ACCEPT",
        "    +       2  -i docker1 ! -o docker1 -j ACCEPT",
        "    +       3  -o docker1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    ]
    assert sum(line.startswith(" " * 16) for line in told) == 3, "each rule that came is explained"
    assert str(seed.run("show diff")) == str(seed.run("diff"))


@pytest.mark.kernel
def test_snapshots_are_compared_and_restored(seed: Lab) -> None:
    seed.run("snapshot open\npolicy FORWARD DROP\nns ns2 172.18.0.9/16 on docker1\nsysctl net.ipv4.ip_forward=0\nsnapshot shut")
    told = str(seed.diff("open", "shut"))
    assert "new namespace ns2" in told
    assert "net.ipv4.ip_forward = 0" in told
    assert "chain FORWARD: policy ACCEPT → DROP" in told
    seed.run("restore open")
    assert not seed.diff("open").changed
    assert str(seed.diff("open", "shut")) == told
    seed.run("undo")
    assert not seed.diff("shut").changed


@pytest.mark.kernel
def test_what_commands_did_inside_namespaces_is_compared_and_taken_back(seed: Lab) -> None:
    seed.run("snapshot before")
    inside = "ip netns exec ns0 iptables -A INPUT -p icmp -j DROP\nip netns exec ns1 sysctl -q -w net.ipv4.icmp_echo_ignore_all=1"
    seed.run(f"$ {inside.replace(chr(10), '; ')}\nexpect ns1 ns0 blocked")
    told = str(seed.diff("before"))
    assert "table filter in ns0" in told
    assert "    +       1  -p icmp -j DROP" in told
    seed.run("restore before\nexpect ns1 ns0 ok\nexpect ns0 ns1 ok\nundo\nexpect ns1 ns0 blocked\nrestore before\nexpect ns0 ns1 ok")
    seed.run(f"$ {inside.splitlines()[0]}\nexpect ns1 ns0 blocked\nundo\nexpect ns1 ns0 ok")


@pytest.mark.kernel
def test_what_cannot_be_compared_is_one_sentence(lab: Lab) -> None:
    with pytest.raises(StatementError, match="nothing has changed since this lab began"):
        lab.run("diff")
    lab.run("snapshot before")
    with pytest.raises(StatementError, match=r"there is no snapshot befor; did you mean before\?"):
        lab.run("diff befor")
