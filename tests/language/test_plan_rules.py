"""Rules of statements in iptables' own words: what the language spells itself, and when iptables has to be asked."""

import pytest
from support.corpus import CASES, Case

from netlab_magic.errors import StatementError
from netlab_magic.iptables.rule_parser import read_rule
from netlab_magic.iptables.ruleset import Chain, Rule, Ruleset, Table
from netlab_magic.iptables.words import split
from netlab_magic.language.plan_rules import spelt, step
from netlab_magic.language.statements import RuleEdit
from netlab_magic.model.hooks import BUILT_IN

ASKED = [
    ("-j NFLOG --nflog-range 128", "nft does not print it"),
    ("-j NFLOG --nflog-prefix x", "legacy cuts it"),
    ("-m nosuch --thing 1 -j ACCEPT", "the table does not know it"),
    ("-s port0.example -j ACCEPT", "its address is for a name server to tell"),
    ("-j NOWHERE", "there is no such chain"),
]


def ruleset_with(table: str, *rules: Rule) -> Ruleset:
    """The built-in chains of a table, with these rules in the last one."""
    *others, last = BUILT_IN[table]
    return Ruleset((Table(table, (*(Chain(name, "ACCEPT") for name in others), Chain(last, "ACCEPT", rules))),))


def edit_of(case: Case) -> RuleEdit:
    return RuleEdit(BUILT_IN[case.table][-1], tuple(split(case.rule)), case.table)


def test_what_is_spelt_is_what_both_variants_print() -> None:
    spelt_cases = [
        (case, said)
        for case in CASES
        if case.family == "ipv4" and case.taken_by_both and (said := spelt(ruleset_with(case.table), edit_of(case)))
    ]
    assert len(spelt_cases) > 500
    wrong = [
        f"{case}\n  is spelt {said}\n  printed  {text}" for case, said in spelt_cases for text in case.canonical.values() if text != said
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("rule", "why"), ASKED, ids=[why for _, why in ASKED])
def test_iptables_is_asked_where_it_alone_can_tell(rule: str, why: str) -> None:
    assert spelt(ruleset_with("filter"), RuleEdit("FORWARD", tuple(split(rule)))) is None, why


def test_a_rule_in_a_chain_that_is_not_there_is_refused() -> None:
    with pytest.raises(StatementError, match="no chain FORWARDS; did you mean FORWARD"):
        spelt(ruleset_with("filter"), RuleEdit("FORWARDS", ("-j", "ACCEPT")))


@pytest.mark.parametrize("held", ["-p tcp -m tcp --dport 80 -j ACCEPT", "-p 6 -m tcp --dport http -j ACCEPT"])
def test_a_rule_that_is_there_is_found_however_its_program_wrote_it(held: str) -> None:
    ruleset = ruleset_with("filter", read_rule(split(held), strict=False))
    edit = RuleEdit("OUTPUT", ("-p", "tcp", "--dport", "80", "-j", "ACCEPT"))
    spec = spelt(ruleset, edit)
    assert spec is not None
    made, after = step(ruleset, edit, spec)
    assert (made.line, after) == ("", ruleset)
