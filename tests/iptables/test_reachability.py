"""What can matter in a table: unreachable rules, orphaned chains, rules that were never hit."""


from itertools import pairwise

import pytest

from netlab_magic.iptables.analysis.reachability import graph_of, unconditional
from netlab_magic.iptables.ruleset import Rule, Table
from netlab_magic.iptables.save_format import parse


def _table(*lines: str, chains: tuple[str, ...] = (), name: str = "filter", built_in: str = "FORWARD") -> Table:
    heads = [f":{built_in} ACCEPT [0:0]", *(f":{chain} - [0:0]" for chain in chains)]
    return parse("\n".join([f"*{name}", *heads, *lines, "COMMIT", ""]), strict=False).tables[0]


@pytest.mark.parametrize(
    ("spec", "every"),
    [
        ("-j ACCEPT", True),
        ("-m comment --comment all -j ACCEPT", True),
        ("-s 0.0.0.0/0 -d 0.0.0.0/0 -p all -j ACCEPT", True),
        ("-i + -j ACCEPT", True),
        ("! -i + -j ACCEPT", False),
        ("-i docker0 -j ACCEPT", False),
        ("-m conntrack --ctstate NEW -j ACCEPT", False),
        ("-p tcp -j ACCEPT", False),
    ],
)
def test_a_rule_is_unconditional_when_it_leaves_nothing_out(spec, every):
    assert unconditional(_table(f"-A FORWARD {spec}").chains[0].rules[0]) is every


@pytest.mark.parametrize(
    ("specs", "first"),
    [
        (["-j ACCEPT", "-i a -j DROP"], 2),
        (["-i a -j DROP", "-j RETURN", "-j DROP"], 3),
        (["-g END", "-j DROP"], 2),
        (["-j REJECT", "-j DROP"], 2),
        (["-j LOG", "-j DROP"], None),
        (["-i a -j ACCEPT", "-j DROP"], None),
        (["", "-j DROP"], None),
        (["-j END", "-j DROP"], None),
        (["-j ACCEPT"], None),
        ([], None),
    ],
)
def test_rules_behind_an_unconditional_end_are_unreachable(specs, first):
    table = _table(*(f"-A FORWARD {spec}".strip() for spec in specs), chains=("END",))
    assert graph_of(table).unreachable("FORWARD") == first


@pytest.mark.parametrize(
    ("rules", "names"),
    [
        (["-A LAST -j LOG", "-A LAST -j DROP"], {"LAST"}),
        (["-A LAST -i a -j RETURN", "-A LAST -j DROP"], set()),
        (["-A LAST -i a -j DROP"], set()),
        (["-A FIRST -j LAST", "-A LAST -j DROP"], {"FIRST", "LAST"}),
        (["-A FIRST -i a -g LAST", "-A FIRST -j DROP", "-A LAST -j DROP"], {"FIRST", "LAST"}),
        (["-A FIRST -i a -g LAST", "-A FIRST -j DROP"], set()),
        (["-A FIRST -j LAST", "-A LAST -j FIRST"], set()),
        (["-A FIRST -j DROP", "-A FIRST -j RETURN"], {"FIRST"}),
    ],
)
def test_a_chain_decides_when_no_packet_comes_back_from_it(rules, names):
    assert graph_of(_table(*rules, chains=("FIRST", "LAST"))).deciding == names


@pytest.mark.parametrize(
    ("rules", "decided"),
    [
        (["-A FORWARD -i a -j DROP", "-A FORWARD -j ACCEPT"], True),
        (["-A FORWARD -i a -j RETURN", "-A FORWARD -j ACCEPT"], False),
        (["-A FORWARD -j LAST", "-A LAST -j DROP"], True),
        (["-A FORWARD -g LAST", "-A LAST -i a -j DROP"], False),
        ([], False),
    ],
)
def test_a_policy_is_not_asked_where_the_rules_decide_every_packet(rules, decided):
    table = _table(*rules, chains=("LAST",))
    assert graph_of(table).decides("FORWARD") is decided


def test_a_jump_to_a_chain_that_decides_makes_the_rest_unreachable():
    table = _table("-A FORWARD -j LAST", "-A FORWARD -j ACCEPT", "-A LAST -j DROP", chains=("LAST",))
    assert graph_of(table).unreachable("FORWARD") == 2


@pytest.mark.parametrize(
    ("rules", "names"),
    [
        ([], ("ONE", "TWO")),
        (["-A FORWARD -j ONE"], ("TWO",)),
        (["-A FORWARD -g TWO"], ("ONE",)),
        (["-A FORWARD -j ONE", "-A ONE -j TWO"], ()),
        (["-A ONE -j TWO", "-A TWO -j ONE"], ("ONE", "TWO")),
        (["-A FORWARD -j ACCEPT", "-A FORWARD -j ONE"], ("ONE", "TWO")),
        (["-A FORWARD -j ONE", "-A FORWARD -j TWO", "-A ONE -j DROP"], ("TWO",)),
    ],
)
def test_an_orphan_is_a_chain_that_no_packet_can_enter(rules, names):
    assert graph_of(_table(*rules, chains=("ONE", "TWO"))).orphans == names


@pytest.mark.parametrize(
    ("rules", "numbers"),
    [
        (["[0:0] -A FORWARD -i a", "[0:0] -A FORWARD -i b"], ()),
        (["[0:0] -A FORWARD -i a", "[5:420] -A FORWARD -i b"], (1,)),
        (["-A FORWARD -i a", "-A FORWARD -i b"], ()),
        (["[7:588] -A FORWARD -i a", "[5:420] -A FORWARD -i b"], ()),
    ],
)
def test_a_rule_was_never_hit_when_packets_passed_it_by(rules, numbers):
    assert graph_of(_table(*rules)).never_hit("FORWARD") == numbers


def test_packets_that_only_the_caller_counted_are_packets_in_the_chain():
    table = _table("[3:252] -A FORWARD -j ONE", "[0:0] -A ONE -i a -j DROP", "[0:0] -A TWO -j DROP", chains=("ONE", "TWO"))
    graph = graph_of(table)
    assert graph.entered == {"FORWARD": 3, "ONE": 3, "TWO": 0}
    assert [graph.never_hit(name) for name in graph.chains] == [(), (1,), ()]


def test_packets_that_met_the_policy_were_in_the_chain():
    [table] = parse("*filter\n:FORWARD DROP [4:336]\n[0:0] -A FORWARD -i a -j ACCEPT\nCOMMIT\n").tables
    assert graph_of(table).never_hit("FORWARD") == (1,)


def test_without_rules_there_is_nothing_to_say():
    assert unconditional(Rule())
    assert graph_of(Table("filter")).orphans == ()


def test_a_long_row_of_chains_each_of_which_leads_to_the_next_is_judged():
    names = [f"C{number}" for number in range(3000)]
    lines = [f"-A {one} -j {other}" for one, other in pairwise(names)]

    assert graph_of(_table(*lines, f"-A {names[-1]} -j DROP", chains=tuple(names))).deciding == set(names)

