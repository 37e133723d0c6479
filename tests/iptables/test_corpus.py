"""The rule corpus: the kernel's programs say what it says they say, and so do this package's parser, printer and canonical form."""

import dataclasses
import re
from collections import defaultdict

import pytest
from support import corpus
from support.corpus import BAD_DUMPS, CASES, DUMPS, FAMILIES, VARIANTS, Case, Dump, program

from netlab_magic.errors import StatementError
from netlab_magic.iptables import save_format
from netlab_magic.iptables.canonical import canonical
from netlab_magic.iptables.ruleset import Ruleset

both_variants = pytest.mark.parametrize("variant", VARIANTS)
both_families = pytest.mark.parametrize("family", FAMILIES)
IN_FILES = {file: [case for case in CASES if case.file == file] for file in dict.fromkeys(case.file for case in CASES)}
every_file = pytest.mark.parametrize("cases", IN_FILES.values(), ids=IN_FILES)


@pytest.fixture
def tested_iptables() -> None:
    """The texts are those of one version: others print some rules differently, and that is no defect of this package."""
    version = corpus.installed_version()
    if version != corpus.TESTED_VERSION:
        pytest.skip(f"the corpus is what iptables {corpus.TESTED_VERSION} prints; here is {version or 'none'}")


@pytest.mark.kernel
@pytest.mark.usefixtures("tested_iptables")
class TestKernel:
    """What iptables-save prints, and what iptables-restore refuses, in throw-away namespaces."""

    @both_families
    @both_variants
    def test_each_rule_is_saved_as_its_canonical_text(self, variant: str, family: str) -> None:
        cases = corpus.cases_for(variant, family)
        saved = corpus.in_namespace(corpus.loading(cases, variant, family) + program(family, variant, "save"))
        given, printed = defaultdict(list), defaultdict(list)
        for case in cases:
            given[case.table, case.chain].append(case)
        table = ""
        for line in saved.splitlines():
            if line.startswith("*"):
                table = line[1:]
            elif line.startswith("-A "):
                chain, _, text = line[3:].partition(" ")
                printed[table, chain].append(text)
        assert {place: len(printed[place]) for place in given} == {place: len(cases) for place, cases in given.items()}
        differing = [
            f"{case}\n  prints {text}\n  not    {case.canonical[variant]}"
            for place, cases in given.items()
            for case, text in zip(cases, printed[place], strict=True)
            if text != case.canonical[variant]
        ]
        assert not differing, "\n".join(differing)

    @both_families
    @both_variants
    def test_what_a_variant_refuses(self, variant: str, family: str) -> None:
        refused = [case for case in CASES if case.family == family and case.in_kernel and case.canonical[variant] is None]
        restore = program(family, variant, "restore")
        tries = [
            f"if {restore} --noflush 2>/dev/null <<'END OF INPUT'\n*{case.table}\n-A {case.chain} {case.rule}\nCOMMIT\nEND OF INPUT\n"
            f"then echo '{case.place}'; fi"
            for case in refused
        ]
        taken = corpus.in_namespace("\n".join([corpus.loading([], variant, family), *tries]))
        assert taken.split() == []

    def test_rules_that_this_kernel_lacks_are_syntax_that_iptables_knows(self) -> None:
        cases = [case for case in CASES if not case.in_kernel and case.ok]
        tries = [
            f"iptables-legacy-restore --test 2>/dev/null <<'END OF INPUT' || echo '{case.place}'\n"
            f"*{case.table}\n-A {case.chain} {case.rule}\nCOMMIT\nEND OF INPUT"
            for case in cases
        ]
        assert corpus.in_namespace("\n".join(tries)).split() == []

    @pytest.mark.parametrize("dump", [dump for dump in DUMPS if dump.variant], ids=str)
    def test_a_dump_of_the_tested_version_is_saved_as_it_was(self, dump: Dump) -> None:
        save = f"{program(dump.family, dump.variant, 'save')}{' -c' if dump.counted else ''}"
        assert undated(corpus.in_namespace(f"{dump.loading()}\n{save}")) == undated(dump.text)


def undated(text: str) -> str:
    return re.sub(r"^(# (?:Generated|Completed).* on) .*$", r"\1 …", text, flags=re.MULTILINE)


def dump_of(case: Case) -> str:
    """The case as the only rule of a dump, with the chains that its table has in the corpus."""
    chains = dict.fromkeys(other.chain for other in CASES if other.table == case.table)
    declared = "".join(f":{chain} - [0:0]\n" for chain in chains)
    return f"*{case.table}\n{declared}-A {case.chain} {case.rule}\nCOMMIT\n"


def read(case: Case) -> Ruleset:
    return save_format.parse(dump_of(case), family=case.family)


def rule_of(case: Case) -> save_format.Rule:
    chain = read(case).chain(case.chain, case.table)
    assert chain
    return chain.rules[0]


@every_file
def test_every_rule_is_read_and_printed_in_its_canonical_form(cases: list[Case]) -> None:
    wrong = []
    for case in cases:
        if case.taken_by_both:
            try:
                printed = str(canonical(rule_of(case), case.family))
            except (StatementError, ValueError) as error:
                printed = str(error)
            if printed not in case.canonical.values():
                wrong.append(f"{case}\n  prints {printed}\n  not    {' or '.join(filter(None, case.canonical.values()))}")
    assert not wrong, "\n".join(wrong)


@every_file
def test_a_canonical_rule_is_composed_as_it_was_read(cases: list[Case]) -> None:
    wrong = []
    for case in filter(lambda case: case.taken_by_both, cases):
        for text in filter(None, dict.fromkeys(case.canonical.values())):
            composed = str(rule_of(dataclasses.replace(case, rule=text)))
            if composed != text:
                wrong.append(f"{case.place} {text}\n  printed {composed}")
    assert not wrong, "\n".join(wrong)


@every_file
def test_what_iptables_refuses_is_refused_with_its_place(cases: list[Case]) -> None:
    wrong = []
    for case in cases:
        if not case.ok and case.in_context:
            try:
                read(case)
            except StatementError as error:
                if not (error.place and error.place.width):
                    wrong.append(f"{case}\n  refused without a place: {error}")
            else:
                wrong.append(f"{case}\n  is taken")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("dump", DUMPS, ids=str)
def test_a_dump_is_printed_as_it_was_read(dump: Dump) -> None:
    assert str(save_format.parse(dump.text)) == dump.text


@pytest.mark.parametrize("dump", DUMPS, ids=str)
def test_each_rule_of_a_dump_is_composed_as_it_was_read(dump: Dump) -> None:
    rules = [rule for table in save_format.parse(dump.text).tables for chain in table.chains for rule in chain.rules]
    assert [str(rule) for rule in rules] == [rule.raw.rstrip() for rule in rules]  # old versions ended rules with a blank


@pytest.mark.parametrize("path", BAD_DUMPS, ids=lambda path: path.stem)
def test_a_bad_dump_is_one_sentence_with_its_place(path) -> None:
    with pytest.raises(StatementError) as refused:
        save_format.parse(path.read_text(errors="surrogateescape"))
    assert refused.value.place
    assert len(str(refused.value)) < 600


def test_a_line_of_a_megabyte_is_refused_in_one_short_sentence() -> None:
    with pytest.raises(StatementError) as refused:
        save_format.parse(f"*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -s {'1' * 1_000_000} -j ACCEPT\nCOMMIT\n")
    assert len(str(refused.value)) < 600


def kube_proxy(services: int) -> str:
    """A dump in the shape of kube-proxy's: each service has a chain, and each of its two endpoints."""
    chains, rules = [], []
    for number in range(services):
        address = f"10.96.{number // 250}.{number % 250 + 1}/32"
        web = f'-m comment --comment "shop/web-{number}:http'
        chains += [f":KUBE-SVC-{number:016} - [0:0]", f":KUBE-SEP-{number:015}A - [0:0]", f":KUBE-SEP-{number:015}B - [0:0]"]
        rules += [
            f'-A KUBE-SERVICES -d {address} -p tcp {web} cluster IP" -m tcp --dport 80 -j KUBE-SVC-{number:016}',
            f'-A KUBE-SVC-{number:016} {web}" -m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-{number:015}A',
            f'-A KUBE-SVC-{number:016} {web}" -j KUBE-SEP-{number:015}B',
            f'-A KUBE-SEP-{number:015}A -p tcp {web}" -m tcp -j DNAT --to-destination 10.244.1.{number % 250 + 1}:8080',
            f'-A KUBE-SEP-{number:015}B -p tcp {web}" -m tcp -j DNAT --to-destination 10.244.2.{number % 250 + 1}:8080',
        ]
    head = ["*nat", ":PREROUTING ACCEPT [0:0]", ":INPUT ACCEPT [0:0]", ":OUTPUT ACCEPT [0:0]", ":POSTROUTING ACCEPT [0:0]"]
    ordered = sorted(rules, key=lambda rule: rule.split()[1])
    return "\n".join([*head, ":KUBE-SERVICES - [0:0]", *sorted(chains), *ordered, "COMMIT"]) + "\n"


def test_a_large_dump_is_printed_as_it_was_read() -> None:
    text = kube_proxy(1000)
    ruleset = save_format.parse(text)
    assert sum(len(chain.rules) for table in ruleset.tables for chain in table.chains) == 5000
    assert str(ruleset) == text
