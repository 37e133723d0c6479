"""Which rules of a long chain stay visible, and what is said of the others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netlab_magic.draw.chains.folding import fold_of, kept
from netlab_magic.model.chain_graph import Branch, RuleExit

PLAIN = RuleExit((Branch(),), always=True, packets=0)
JUMP = RuleExit((Branch("ONE"),))


def _chain(count: int, **at: RuleExit) -> list[RuleExit]:
    """`count` plain rules but for those given by number (`n40=…`)."""
    return [at.get(f"n{number}", PLAIN) for number in range(1, count + 1)]


ENDS = [1, 2, 3, 4, 5, 6, 98, 99, 100]


@pytest.mark.parametrize(
    ("chain", "stepped", "marked", "shown"),
    [
        (_chain(24), [], [], list(range(1, 25))),
        (_chain(100), [], [], ENDS),
        (_chain(100, n40=RuleExit(packets=5)), [], [], [*ENDS, 40]),
        (_chain(100, n40=JUMP), [], [], [*ENDS, 40]),
        (_chain(100, n40=JUMP, n50=JUMP), [], [], [*ENDS, 40]),
        (_chain(100), [40], [], [*ENDS, 40]),
        (_chain(100), [], [40], [*ENDS, 40]),
        (_chain(100), [9], [], [*ENDS, 7, 8, 9]),
    ],
    ids=["short", "long", "hit", "jump", "second jump", "on the path", "marked", "two between"],
)
def test_what_matters_stays_visible(chain, stepped, marked, shown):
    assert kept(chain, stepped, marked) == sorted(shown)


@given(st.integers(0, 300), st.sets(st.integers(1, 300), max_size=5))
def test_every_rule_is_shown_or_folded_and_no_fold_is_small(count, stepped):
    chain = _chain(count)
    shown = kept(chain, [number for number in stepped if number <= count])
    assert set(shown) >= {number for number in stepped if number <= count}
    gaps = [after - before - 1 for before, after in zip([0, *shown], [*shown, count + 1], strict=True)]
    assert sum(gaps) + len(shown) == count
    assert not {1, 2} & set(gaps)


def test_a_fold_counts_hits_and_groups_generated_names():
    names = [f"KUBE-SVC-{name}" for name in "ABCDEF"]
    rules = [RuleExit((Branch(name),), packets=number) for number, name in enumerate(names)]
    fold = fold_of([*rules, PLAIN, PLAIN], [*names, "ACCEPT", "ACCEPT"], 1)
    assert (fold.count, fold.hit) == (8, 5)
    assert fold.ends == (("KUBE-SVC-…", 6), ("ACCEPT", 2))
    assert fold.to == tuple(names)


def test_without_counters_nothing_is_said_of_hits():
    assert fold_of([RuleExit((Branch(),))] * 5, ["DROP"] * 5, 1).hit is None


def test_targets_that_are_many_are_summed_up():
    fold = fold_of([PLAIN] * 5, ["ACCEPT", "DROP", "LOG", "REJECT", "RETURN"], 1)
    assert fold.ends == (("ACCEPT", 1), ("DROP", 1), ("LOG", 1), ("other targets", 2))
