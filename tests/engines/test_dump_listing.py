"""Rules that `iptables -L` lists come back as they are, except for what it hides."""

from pathlib import Path

import msgspec
import pytest

from netlab_magic.engines.dump.host_dump import Source
from netlab_magic.engines.dump.read import read
from netlab_magic.engines.dump.table_draft import NOT_LISTED
from netlab_magic.iptables.canonical import canonical
from netlab_magic.iptables.listing import Form, listing
from netlab_magic.iptables.ruleset import PROGRAM_OF, Match, Rule, Ruleset, Table
from netlab_magic.iptables.save_format import parse

DUMPS = sorted((Path(__file__).parents[1] / "data" / "dumps").glob("*.save"))
FORMS = [Form(numbered=True, verbose=True, numeric=True), Form(verbose=True, exact=True), Form(numeric=True), Form()]
HIDDEN = Match(NOT_LISTED.split()[1])


def tables_of(path: Path) -> tuple[Ruleset, list[Table]]:
    ruleset = parse(path.read_text(), strict=False)
    return ruleset, [table for table in ruleset.tables if any(chain.rules for chain in table.chains)]


def without_hidden(rule: Rule, family: str, form: Form) -> str:
    """What a listing says of a rule: not its interfaces, unless it is verbose, and every blank of a text once."""
    matches = tuple(match for match in rule.matches if match != HIDDEN)
    options = rule.options if form.verbose else tuple(option for option in rule.options if option.name not in ("-i", "-o"))
    said = str(canonical(msgspec.structs.replace(rule, options=options, matches=matches, raw=""), family))
    return " ".join(said.replace(' "', '"').split())


@pytest.mark.parametrize("form", FORMS, ids=["nvL", "vxL", "nL", "L"])
@pytest.mark.parametrize("path", DUMPS, ids=[path.stem for path in DUMPS])
def test_a_listed_rule_comes_back(path: Path, form: Form) -> None:
    ruleset, tables = tables_of(path)
    for table in tables:
        text = f"$ {PROGRAM_OF[ruleset.family]} -t {table.name} -L\n{listing(ruleset, table.name, form=form)}"
        dump = read([Source("pasted", text)])
        back = parse(dump.rules or dump.rules6, strict=False, family=ruleset.family).table(table.name)
        for chain in table.chains:
            held = back.chain(chain.name)
            assert held is not None
            assert held.policy == chain.policy
            listed = [without_hidden(rule, ruleset.family, form) for rule in held.rules]
            assert listed == [without_hidden(rule, ruleset.family, form) for rule in chain.rules]
            assert form.verbose or all(HIDDEN in rule.matches for rule in held.rules)
        assert not dump.remarks
