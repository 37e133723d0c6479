"""The panel's list of rules: what a tick or a move does to it and to the kernel, on a model of the kernel."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netlab_magic.jupyter.panel.chain_place import FORWARD, ChainPlace
from netlab_magic.jupyter.panel.history_strips import Strips
from netlab_magic.jupyter.panel.rule_list import Entry, Listed, merged, moved, toggled
from netlab_magic.model.probe import Outcome, Probe, Verdict

NATIVE = ChainPlace("nft", "inet fw", "forward")
CHAINS = st.sampled_from([FORWARD, ChainPlace("ip6tables", "mangle", "FORWARD"), NATIVE])
A, B, C, D = (f"-i {name} -j ACCEPT" for name in "abcd")
LISTS = st.lists(st.builds(Entry, st.sampled_from([A, B, C, D]), st.booleans()), min_size=1, max_size=8)


def kernel_after(kernel: list[str], lines: tuple[str, ...]) -> list[str]:
    """What iptables, nft or a statement makes of a chain."""
    rules = list(kernel)
    for line in lines:
        program, *words = shlex.split(line)
        act = {"rule": by_statement, "nft": by_nft}.get(program, by_iptables)
        act(rules, words)
    return rules


def by_iptables(rules: list[str], words: list[str]) -> None:
    action, _, *words = words[2:] if words[0] == "-t" else words
    if action == "-A":
        rules.append(" ".join(words))
    elif action == "-I":
        rules.insert(int(words[0]) - 1, " ".join(words[1:]))
    elif len(words) == 1:
        del rules[int(words[0]) - 1]
    else:
        rules.remove(" ".join(words))


def by_statement(rules: list[str], words: list[str]) -> None:
    assert words[:4] == ["-t", "inet:fw", "forward", "delete"]
    del rules[int(words[4]) - 1]


def by_nft(rules: list[str], words: list[str]) -> None:
    verb, _, family, table, chain, *words = words
    assert (family, table, chain) == ("inet", "fw", "forward")
    if verb == "add":
        rules.append(" ".join(words))
    else:
        assert words[0] == "index"
        assert int(words[1]) < len(rules), "nft inserts before a rule that is there"
        rules.insert(int(words[1]), " ".join(words[2:]))


def in_kernel(entries) -> list[str]:
    return [entry.spec for entry in entries if entry.present]


@given(CHAINS, LISTS, st.data())
def test_the_lines_bring_the_kernel_to_what_the_list_shows(chain, entries, data):
    place = data.draw(st.integers(0, len(entries) - 1))
    to = data.draw(st.integers(-1, len(entries)))
    for after in (toggled(chain, entries, place), moved(chain, entries, place, to)):
        assert kernel_after(in_kernel(entries), after.lines) == in_kernel(after.entries)
        assert sorted(entry.spec for entry in after.entries) == sorted(entry.spec for entry in entries)


@given(LISTS, st.data())
def test_a_look_at_the_kernel_after_our_own_change_shows_the_list_as_it_was_made(entries, data):
    after = toggled(FORWARD, entries, data.draw(st.integers(0, len(entries) - 1)))
    assert in_kernel(merged(after.entries, in_kernel(after.entries))) == in_kernel(after.entries)
    assert merged(after.entries, in_kernel(after.entries)) == after.entries


@given(LISTS, st.lists(st.sampled_from([A, B, C, D]), max_size=8))
def test_the_list_always_shows_what_the_kernel_has_in_its_order(entries, kernel):
    assert in_kernel(merged(entries, kernel)) == kernel


@pytest.mark.parametrize(
    ("entries", "kernel", "after"),
    [
        ("A b C", "A C", "A b C"),
        ("A b C", "A C D", "A b C D"),
        ("A b C", "D A C", "D A b C"),
        ("A b C", "C", "b C"),
        ("A b C", "", "b"),
        ("a B", "B", "a B"),
        ("A b C", "A C B", "A C B"),
        ("A b", "A B", "A B"),
        ("A a", "A", "A a"),
        ("A a", "A A", "A A"),
        ("A b c D", "A D", "A b c D"),
        ("A b C", "C A", "C A b"),
    ],
)
def test_rules_taken_out_keep_their_place_whatever_others_do(entries, kernel, after):
    """Capital letters are in the kernel, small ones are taken out."""

    def read(text: str) -> tuple[Entry, ...]:
        return tuple(Entry({"A": A, "B": B, "C": C, "D": D}[letter.upper()], letter.isupper()) for letter in text.split())

    assert merged(read(entries), in_kernel(read(kernel))) == read(after)


def test_what_a_comment_holds_stays_a_word_for_the_shell():
    entry = Entry('-m comment --comment "$(reboot) it\'s" -j ACCEPT', present=False)
    after = toggled(FORWARD, [entry], 0)
    assert after == Listed((Entry(entry.spec),), ("iptables -A FORWARD -m comment --comment '$(reboot) it'\"'\"'s' -j ACCEPT",))


@pytest.mark.parametrize(
    ("chain", "spec", "out", "back"),
    [
        (
            ChainPlace("iptables", "nat", "POSTROUTING"),
            "-s 172.18.0.0/16 ! -o docker1 -j MASQUERADE",
            "iptables -t nat -D POSTROUTING -s 172.18.0.0/16 ! -o docker1 -j MASQUERADE",
            "iptables -t nat -I POSTROUTING 1 -s 172.18.0.0/16 ! -o docker1 -j MASQUERADE",
        ),
        (ChainPlace("ip6tables", "filter", "FORWARD"), A, f"ip6tables -D FORWARD {A}", f"ip6tables -I FORWARD 1 {A}"),
        (
            NATIVE,
            "tcp dport { 22, 80 } log prefix \"it's $x\"",
            "rule -t inet:fw forward delete 1",
            "nft 'insert rule inet fw forward index 0 tcp dport { 22, 80 } log prefix \"it'\"'\"'s $x\"'",
        ),
    ],
)
def test_every_program_has_its_own_lines(chain, spec, out, back):
    assert toggled(chain, [Entry(spec), Entry(B)], 0).lines == (out,)
    assert toggled(chain, [Entry(spec, present=False), Entry(B)], 0).lines == (back,)


def test_of_two_equal_rules_the_second_is_taken_out_by_its_number():
    assert toggled(FORWARD, [Entry(A), Entry(B), Entry(A)], 2).lines == ("iptables -D FORWARD 3",)


def test_strips_keep_the_last_measurements_and_forget_pairs_that_are_gone():
    there, gone, new = (Probe("ns1", name, "", name) for name in ("ns0", "ns2", "ns3"))
    strips = Strips(longest=3)
    for verdict in (Verdict.ANSWERED, Verdict.ANSWERED, Verdict.BLOCKED, Verdict.ANSWERED):
        strips.add([Outcome(there, verdict), Outcome(gone, verdict)])
    strips.add([Outcome(there, Verdict.REFUSED), Outcome(new, Verdict.BLOCKED)])
    assert strips.shown() == [(there, "✕✓⟂"), (new, "  ✕")]
