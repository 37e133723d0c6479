"""What leads from one ruleset to another: the smallest list of changes, which can be applied and taken back."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.laws import law
from support.rulesets import rule, rulesets

from netlab_magic.iptables import lcs
from netlab_magic.iptables.diff import (
    AddChain,
    AddTable,
    DeleteChain,
    DeleteRule,
    InsertRule,
    RulesChange,
    SetCounters,
    SetPolicy,
    apply,
    diff,
    invert,
)
from netlab_magic.iptables.lcs import aligned
from netlab_magic.iptables.ruleset import Chain, Counters, Rule, Ruleset, Table
from netlab_magic.iptables.save_format import parse


def filter_table(*lines: str) -> Ruleset:
    return parse("\n".join(["*filter", ":FORWARD ACCEPT [0:0]", *lines, "COMMIT", ""]))


A, B, C = rule("-j ACCEPT"), rule("-i docker0 -o docker0 -j ACCEPT"), rule("-j DROP")


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ([], ["-A FORWARD -j ACCEPT"], [InsertRule("filter", "FORWARD", 1, A)]),
        (["-A FORWARD -j ACCEPT"], [], [DeleteRule("filter", "FORWARD", 1, A)]),
        (["-A FORWARD -j ACCEPT", "-A FORWARD -j DROP"], ["-A FORWARD -j DROP"], [DeleteRule("filter", "FORWARD", 1, A)]),
        (
            ["-A FORWARD -j ACCEPT", "-A FORWARD -j DROP"],
            ["-A FORWARD -j DROP", "-A FORWARD -j ACCEPT"],
            [DeleteRule("filter", "FORWARD", 1, A), InsertRule("filter", "FORWARD", 2, A)],
        ),
        (["[1:84] -A FORWARD -j ACCEPT"], ["[3:252] -A FORWARD -j ACCEPT"],
         [SetCounters("filter", "FORWARD", 1, Counters(1, 84), Counters(3, 252))]),
        (
            [],
            [":DOCKER - [0:0]", "-A FORWARD -j DOCKER"],
            [AddChain("filter", "DOCKER"), InsertRule("filter", "FORWARD", 1, rule("-j DOCKER"))],
        ),
        (
            [":DOCKER - [0:0]", "-A DOCKER -j DROP"],
            [],
            [DeleteRule("filter", "DOCKER", 1, C), DeleteChain("filter", "DOCKER")],
        ),
    ],
)  # fmt: skip
def test_the_smallest_list_of_changes(before: list[str], after: list[str], changes: list[RulesChange]) -> None:
    assert list(diff(filter_table(*before), filter_table(*after))) == changes


def test_a_policy_and_a_table() -> None:
    before = Ruleset((Table("filter", (Chain("FORWARD", "ACCEPT"),)),))
    after = Ruleset((Table("filter", (Chain("FORWARD", "DROP"),)), Table("nat", (Chain("OUTPUT", "ACCEPT"),))))
    assert diff(before, after) == (
        SetPolicy("filter", "FORWARD", "ACCEPT", "DROP"),
        AddTable("nat"),
        AddChain("nat", "OUTPUT", "ACCEPT"),
    )


@law(200)
@given(rulesets(), rulesets())
def test_changes_lead_there_and_back(before: Ruleset, after: Ruleset) -> None:
    changes = diff(before, after)
    assert apply(before, changes) == after
    assert apply(after, invert(changes)) == before
    assert diff(after, after) == ()


@law(300)
@given(st.lists(st.sampled_from([A, B, C]), max_size=8), st.lists(st.sampled_from([A, B, C]), max_size=8))
def test_no_shorter_list_of_changes_exists(before: list[Rule], after: list[Rule]) -> None:
    chains = [Ruleset((Table("filter", (Chain("FORWARD", "ACCEPT", tuple(rules)),)),)) for rules in (before, after)]
    assert len(diff(*chains)) == len(before) + len(after) - 2 * longest_common(before, after)


@law(300)
@given(st.text("abc", max_size=14), st.text("abc", max_size=14), st.sampled_from([3, 10**9]))
def test_what_is_aligned_is_a_longest_common_subsequence(before: str, after: str, largest: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lcs, "_LARGEST", largest)
        pairs = aligned(before, after)
    assert all(before[one] == after[other] for one, other in pairs)
    assert all(one < next_one and other < next_other for (one, other), (next_one, next_other) in pairwise(pairs))
    assert len(pairs) == longest_common(list(before), list(after))


def longest_common(before: list[object], after: list[object]) -> int:
    """The length, by the textbook's table."""
    table = [[0] * (len(after) + 1) for _ in range(len(before) + 1)]
    for one, item in enumerate(before):
        for other, candidate in enumerate(after):
            longer = table[one][other] + 1 if item == candidate else 0
            table[one + 1][other + 1] = max(longer, table[one][other + 1], table[one + 1][other])
    return table[-1][-1]


@pytest.mark.parametrize(
    "change",
    [
        DeleteRule("filter", "FORWARD", 1, C),
        DeleteRule("filter", "FORWARD", 2, A),
        InsertRule("filter", "FORWARD", 3, A),
        InsertRule("filter", "NOWHERE", 1, A),
        AddChain("filter", "FORWARD"),
        AddChain("nat", "DOCKER"),
        AddTable("filter"),
        DeleteChain("filter", "FORWARD"),
        SetCounters("filter", "FORWARD", 2, None, Counters()),
    ],
)
def test_a_change_that_does_not_fit_is_refused(change: RulesChange) -> None:
    with pytest.raises(ValueError, match=r"does not fit|there is no rule|has no chain|still has rules"):
        apply(filter_table("-A FORWARD -j ACCEPT"), [change])


def test_rules_of_different_families_are_not_compared() -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        diff(Ruleset(), Ruleset(family="ipv6"))


def test_a_chain_that_comes_in_stands_where_iptables_prints_it() -> None:
    before = filter_table(":A - [0:0]", ":Z - [0:0]")
    made = apply(before, [AddChain("filter", "M")])
    assert [chain.name for chain in made.table("filter").chains] == ["FORWARD", "A", "M", "Z"]
