"""What changed between two listings of the same host."""

import pytest

from netlab_magic.nftables import parse
from netlab_magic.nftables.diff import AddBlock, DeleteRule, InsertRule, ReplaceBlock, SetHook, apply, changed_elements, diff
from netlab_magic.nftables.ruleset import Chain, Ruleset
from netlab_magic.nftables.state import stateless
from netlab_magic.nftables.statements import Counter

BEFORE = """\
table inet filter {
	set blocked {
		type ipv4_addr
		elements = { 192.0.2.1 }
	}

	chain input {
		type filter hook input priority filter; policy accept;
		ct state established,related accept
		tcp dport 22 counter packets 1 bytes 60 accept
		counter packets 9 bytes 900 drop
	}
}
"""


def changes_to(text: str, *, counted: bool = True):
    before, after = parse(BEFORE), parse(text)
    return diff(before, after) if counted else diff(stateless(before), stateless(after))


def test_a_rule_that_came_in_has_its_number():
    (change,) = changes_to(BEFORE.replace("\t\tcounter packets 9", "\t\ttcp dport 80 accept\n\t\tcounter packets 9"))
    assert isinstance(change, InsertRule)
    assert (change.table, change.chain, change.number, change.rule.raw) == ("filter", "input", 3, "tcp dport 80 accept")


def test_a_policy_that_changed():
    (change,) = changes_to(BEFORE.replace("policy accept", "policy drop"))
    assert isinstance(change, SetHook)
    assert (change.before.policy, change.after.policy) == ("accept", "drop")


def test_a_set_that_has_another_element():
    (change,) = changes_to(BEFORE.replace("192.0.2.1", "192.0.2.1, 192.0.2.9"))
    assert isinstance(change, ReplaceBlock)
    gone, come = changed_elements(change.before, change.after)
    assert gone == ()
    assert [str(element.key) for element in come] == ["192.0.2.9"]


def test_a_chain_comes_before_the_rule_that_jumps_to_it():
    text = BEFORE.replace("\t\tcounter packets 9", "\t\tjump web\n\t\tcounter packets 9").replace(
        "\t}\n}\n", "\t}\n\n\tchain web {\n\t}\n}\n"
    )
    added, inserted = changes_to(text)
    assert isinstance(added, AddBlock)
    assert added.block == Chain("web")
    assert isinstance(inserted, InsertRule)


def test_counters_are_a_change_unless_left_out():
    text = BEFORE.replace("packets 1 bytes 60", "packets 2 bytes 120")
    assert [type(change) for change in changes_to(text)] == [DeleteRule, InsertRule]
    assert changes_to(text, counted=False) == ()
    rules = stateless(parse(text)).tables[0].chains[0].rules
    assert Counter() in rules[1].statements


def test_handles_and_spelling_are_no_change():
    assert (
        changes_to(BEFORE.replace("accept\n\t\tcounter", "accept # handle 7\n\t\tcounter").replace("established,related", "0x2,0x4")) == ()
    )


def test_a_change_that_does_not_fit_is_refused():
    changes = changes_to(BEFORE.replace("\t\tct state established,related accept\n", ""))
    with pytest.raises(ValueError, match="there is no table inet filter"):
        apply(Ruleset(), changes)
    with pytest.raises(ValueError, match="has another rule 1, or none"):
        apply(apply(parse(BEFORE), changes), changes)
