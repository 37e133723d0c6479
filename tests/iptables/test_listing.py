"""The text of `iptables -nvL --line-numbers`, made from a value: the program's own text, byte for byte."""

import re
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import corpus
from support.corpus import DUMPS, FAMILIES, VARIANTS, Dump, program
from support.rulesets import rulesets

from netlab_magic.errors import NetlabError
from netlab_magic.iptables.canonical import canonical
from netlab_magic.iptables.extensions import MATCHES, TARGETS
from netlab_magic.iptables.listing import abbreviated, listing
from netlab_magic.iptables.rule_parser import read_rule
from netlab_magic.iptables.ruleset import Chain, Ruleset, Table
from netlab_magic.iptables.save_format import parse
from netlab_magic.model.hooks import BUILT_IN

both_variants = pytest.mark.parametrize("variant", VARIANTS)
both_families = pytest.mark.parametrize("family", FAMILIES)

COLUMNS = "num   pkts bytes target     prot opt in     out     source               destination         "
BORDERS = [
    0, 9999, 99999, 100000, 100499, 100500, 999499, 999500, 9999499, 9999500, 9999999, 10000000, 9999499999, 9999500000, 10500000000,
    9999499999999, 9999500000000, 123456789012345, 10000000000000000, 999949999999999999, 18446744073709551115, 18446744073709551116,
    18446744073709551615,
]  # fmt: skip
INTERVALS = [(count, unit, seconds) for count in (5, 70) for unit in ("sec", "min", "hour") for seconds in (1, 2, 7, 10)]


OTHER_VERSIONS = [dump for dump in DUMPS if not dump.variant and not re.search(r"^:\S+ \S+$", dump.text, re.MULTILINE)]
"""Dumps that no tested program wrote but that it loads, which it does with counters for every chain only."""


@pytest.fixture
def tested_iptables() -> None:
    """The columns and the words are those of one version."""
    version = corpus.installed_version()
    if version != corpus.TESTED_VERSION:
        pytest.skip(f"this is what iptables {corpus.TESTED_VERSION} lists; here is {version or 'none'}")


def without_any_interface(listed: str) -> str:
    """`-i +` is listed by the legacy variant, as `+`, but iptables-save does not print it: no value can tell of it."""
    return re.sub(
        r"^(\d.* --  )((?:\S+ +){2})", lambda line: line[1] + re.sub(r"(?<!\S)(\+ |!\+) ", "*  ", line[2]), listed, flags=re.MULTILINE
    )


@pytest.mark.kernel
@pytest.mark.usefixtures("tested_iptables")
class TestKernel:
    """What the programs list once they have loaded rules, and what is made of what they save."""

    @both_families
    @both_variants
    def test_every_rule_and_dump_of_the_corpus(self, variant: str, family: str) -> None:
        wrong = []
        for case in corpus.listings(variant, family):
            ruleset = parse(case.saved, family=family, strict=False)  # strict reading refuses what one variant alone takes
            for table, listed in case.listed.items():
                made = listing(ruleset, table, variant=variant)
                expected = without_any_interface(listed) if variant == "legacy" else listed
                wrong += differing(f"{case.name}, {table}", expected, made)
        assert not wrong, f"{len(wrong)} lines are not as the program lists them:\n" + "\n".join(wrong[:20])

    @pytest.mark.parametrize("dump", OTHER_VERSIONS, ids=str)
    @both_variants
    def test_what_another_version_wrote_is_listed_as_this_one_would(self, variant: str, dump: Dump) -> None:
        ruleset = parse(dump.text, family=dump.family, strict=False)
        names = [table.name for table in ruleset.tables]
        shown = "".join(f"\n{program(dump.family, variant)} -t {name} -nvL --line-numbers; echo ====" for name in names)
        listed = corpus.in_namespace(dump.loading(variant) + shown).split("====\n")
        assert [*(listing(ruleset, name, variant=variant) for name in names), ""] == listed

    @both_variants
    def test_counters_at_the_borders_of_their_abbreviations(self, variant: str) -> None:
        rules = [f"[{count}:{count}] -A INPUT" for count in BORDERS]
        policies = [":INPUT ACCEPT [99999:100000]", ":FORWARD DROP [123456789:9999999]", ":OUTPUT ACCEPT [1:18446744073709551615]"]
        assert_listed(variant, ["*filter", *policies, *rules, "COMMIT"])

    @both_variants
    def test_rates_over_an_interval(self, variant: str) -> None:
        """hashlimit lists the rate that the interval makes, in another unit and rounded down."""
        word = "-m hashlimit --hashlimit-upto {0}/{1} --hashlimit-name {0}{1}{2} --hashlimit-rate-match --hashlimit-rate-interval {2}"
        assert_listed(variant, ["*filter", *(f"[0:0] -A FORWARD {word.format(*interval)}" for interval in INTERVALS), "COMMIT"])

    @both_variants
    def test_one_chain(self, variant: str) -> None:
        assert_listed(
            variant, ["*filter", ":web - [0:0]", "-A FORWARD -j web", "-A INPUT -g web", "-A web -j RETURN", "COMMIT"], chain="web"
        )

    @both_variants
    def test_chains_in_the_programs_order(self, variant: str) -> None:
        heads = [":zeta - [0:0]", ":FORWARD ACCEPT [0:0]", ":Beta - [0:0]", ":INPUT DROP [0:0]", ":alpha - [0:0]", ":OUTPUT ACCEPT [0:0]"]
        text = "".join(f"{line}\n" for line in ("*filter", *heads, "COMMIT"))
        assert listing(parse(text)) == loaded_and_listed(variant, text)[1]


def differing(place: str, listed: str, made: str) -> list[str]:
    """The lines that differ, each with the program's above the one that was made."""
    expected, found = listed.split("\n"), made.split("\n")
    assert len(expected) == len(found), f"{place}: {len(expected)} lines, but {len(found)} were made"
    return [f"{place}\n  program {line!r}\n  made    {other!r}" for line, other in zip(expected, found, strict=True) if line != other]


def loaded_and_listed(variant: str, text: str, chain: str = "") -> tuple[str, str]:
    """What iptables-save -c prints of a filter table that was loaded, and what `iptables -nvL CHAIN --line-numbers` does."""
    names = [program("ipv4", variant, work) for work in ("restore", "save", "")]
    script = f"{names[0]} -c <<'DUMP'\n{text}DUMP\n{names[1]} -c -t filter\necho ====\n{names[2]} -nvL {chain} --line-numbers\n"
    saved, _, listed = corpus.in_namespace(script).partition("====\n")
    return saved, listed


def assert_listed(variant: str, lines: list[str], chain: str | None = None) -> None:
    saved, listed = loaded_and_listed(variant, "".join(f"{line}\n" for line in lines), chain or "")
    assert listing(parse(saved), chain=chain, variant=variant) == listed


def filter_of(rule: str, family: str, *, strict: bool) -> Ruleset:
    """A filter table whose FORWARD has this rule."""
    text = f"*filter\n:FORWARD ACCEPT [0:0]\n:web - [0:0]\n-A FORWARD {rule}\nCOMMIT\n"
    return parse(text, family=family, strict=strict)


def line_of(rule: str, family: str = "ipv4", variant: str = "legacy", *, strict: bool = True) -> str:
    """The line of a rule, from its target on."""
    line = listing(filter_of(rule, family, strict=strict), chain="FORWARD", variant=variant).splitlines()[2]
    assert line.startswith("1        0     0 ")
    return line.removeprefix("1        0     0 ")


def words(rule: str, family: str = "ipv4", variant: str = "legacy") -> str:
    """What stands behind the columns."""
    anywhere = "::/0                 ::/0                " if family == "ipv6" else "0.0.0.0/0            0.0.0.0/0           "
    _, columns, behind = line_of(rule, family, variant).partition(anywhere)
    assert columns
    return behind


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"),
        (99999, "99999"),
        (100000, "100K"),
        (100499, "100K"),
        (100500, "101K"),
        (999500, "1000K"),
        (9999499, "9999K"),
        (9999500, "10M"),
        (9999999999, "10G"),
        (10**13, "10T"),
        (10**16, "10000T"),
        (2**64 - 1, "0K"),
    ],
)
def test_counters_are_abbreviated_by_thousands(count, text):
    assert abbreviated(count) == text


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        ("", "           0    --  *      *       0.0.0.0/0            0.0.0.0/0           "),
        ("-j ACCEPT", "ACCEPT     0    --  *      *       0.0.0.0/0            0.0.0.0/0           "),
        ("! -p tcp -j DROP", "DROP      !6    --  *      *       0.0.0.0/0            0.0.0.0/0           "),
        ("-p 200 -j DROP", "DROP       200  --  *      *       0.0.0.0/0            0.0.0.0/0           "),
        ("-f -j DROP", "DROP       0    -f  *      *       0.0.0.0/0            0.0.0.0/0           "),
        ("! -f -j DROP", "DROP       0    !f  *      *       0.0.0.0/0            0.0.0.0/0           "),
        ("-i docker0 ! -o docker0 -j ACCEPT", "ACCEPT     0    --  docker0 !docker0  0.0.0.0/0            0.0.0.0/0           "),
        ("-s 10.0.0.1 ! -d 10.0.0.0/8 -j DROP", "DROP       0    --  *      *       10.0.0.1            !10.0.0.0/8          "),
        ("-s 10.0.0.0/255.0.255.0 -j DROP", "DROP       0    --  *      *       10.0.0.0/255.0.255.0  0.0.0.0/0           "),
        ("-j web", "web        0    --  *      *       0.0.0.0/0            0.0.0.0/0           "),
        ("-g web", "web        0    --  *      *       0.0.0.0/0            0.0.0.0/0           [goto] "),
        ("-p tcp -g web", "web        6    --  *      *       0.0.0.0/0            0.0.0.0/0           [goto] "),
    ],
)
def test_the_columns(rule, line):
    assert line_of(rule) == line


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("-p tcp --dport 80 -j ACCEPT", " tcp dpt:80"),
        ("-p tcp ! --sport 1024:65535 -j DROP", " tcp spts:!1024:65535"),
        ("-p tcp --syn -j DROP", " tcp flags:0x17/0x02"),
        ("-p tcp -m comment --comment web --dport 80", " /* web */ tcp dpt:80"),
        ("-m state --state ESTABLISHED,RELATED -j ACCEPT", " state RELATED,ESTABLISHED"),
        ("-m conntrack ! --ctstate NEW", " ! ctstate NEW"),
        ("-m limit --limit 10/min", " limit: avg 10/min burst 5"),
        ("-m limit", " limit: avg 3/hour burst 5"),
        ("-m limit --limit-burst 7", " limit: avg 3/hour burst 7"),
        ("-j LOG", " LOG flags 0 level 4"),
        ('-j LOG --log-prefix "in: " --log-uid --log-level 7', ' LOG flags 8 level 7 prefix "in: "'),
        ("-j MARK --set-mark 0x4000/0x4000", " MARK or 0x4000"),
        ("-j MARK --set-mark 1", " MARK set 0x1"),
        ("-j CONNMARK --save-mark --nfmask 0xff --ctmask 0xff00", " CONNMARK save nfmask 0xff ctmask ~0xff00"),
        ('-m comment --comment "a  b {0} ! | %s"', " /* a  b {0} ! | %s */"),
    ],
)
def test_words_as_people_write_them_are_listed_as_the_kernel_keeps_them(rule, text):
    assert words(rule) == text


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("-m ipvs ! --ipvs", " ! ipvs"),
        ("-m ipvs --vaddr 10.0.0.0/24 --vport 80 --vdir REPLY --vmethod GATE", " vaddr 10.0.0.0/24 vport 80 vdir REPLY vmethod GATE"),
        ("-m cgroup ! --path system.slice", " cgroup ! system.slice"),
        ("-m nfacct --nfacct-name web", " nfacct-name  web"),
        ("-j ULOG", " ULOG copy_range 0 nlgroup 1 queue_threshold 1"),
        ('-j ULOG --ulog-prefix "x y" --ulog-nlgroup 2', ' ULOG copy_range 0 nlgroup 2 prefix "x y" queue_threshold 1'),
        ("-j LED --led-trigger-id ssh", ' led-trigger-id:"ssh" led-delay:0ms'),
        ("-j LED --led-trigger-id ssh --led-delay inf --led-always-blink", ' led-trigger-id:"ssh" led-delay:inf led-always-blink'),
        ("-j SECMARK --selctx system_u:object_r:t:s0", " SECMARK selctx system_u:object_r:t:s0"),
        ("-j CT --timeout slow", " CT timeout slow"),
        (
            "-j CLUSTERIP --new --hashmode sourceip --clustermac 01:aa:7b:47:f7:d7 --total-nodes 2 --local-node 1 --hash-init 1",
            " CLUSTERIP hashmode=sourceip clustermac=01:AA:7B:47:F7:D7 total_nodes=2 local_node=1 hash_init=1",
        ),
        ("-m bpf --object-pinned /sys/fs/bpf/x", "match bpf pinned /sys/fs/bpf/x"),
    ],
)
def test_what_few_kernels_have(rule, text):
    """Their texts come from the formats in the extensions' own files, for want of a kernel that takes them."""
    assert words(rule) == text


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        ("-m nosuch --size 3 -j ACCEPT", "ACCEPT     0    --  *      *       0.0.0.0/0            0.0.0.0/0            -m nosuch --size 3"),
        ("-j NOSUCH --size 3", "NOSUCH     0    --  *      *       0.0.0.0/0            0.0.0.0/0            --size 3"),
        (
            "-p tcp -m tcp --dport nosuch -j web",
            "web        6    --  *      *       0.0.0.0/0            0.0.0.0/0            -m tcp --dport nosuch",
        ),
        ("--nosuch 7 -j DROP", "DROP       0    --  *      *       0.0.0.0/0            0.0.0.0/0            --nosuch 7"),
        ("-j", "           0    --  *      *       0.0.0.0/0            0.0.0.0/0            -j"),
    ],
)
def test_what_iptables_cannot_list_stands_in_the_words_of_the_rule(rule, line):
    assert line_of(rule, strict=False) == line


def test_the_variants_differ_in_a_match_that_one_does_not_print():
    assert words("-m eui64", family="ipv6", variant="legacy") == "eui64 "
    assert words("-m eui64", family="ipv6", variant="nft") == ""


def test_a_synonym_stands_in_the_column_of_what_it_means():
    raw = parse("*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j NOTRACK\nCOMMIT\n")
    line = listing(raw, "raw", "PREROUTING").splitlines()[2]
    assert line == "1        0     0 CT         0    --  *      *       0.0.0.0/0            0.0.0.0/0            NOTRACK"


def test_a_whole_table():
    text = "*filter\n:web - [0:0]\n:FORWARD DROP [7:99999]\n:INPUT ACCEPT [0:0]\n[5:100000] -A FORWARD -g web\n-A INPUT -j web\nCOMMIT\n"
    assert listing(parse(text)) == (
        "Chain INPUT (policy ACCEPT 0 packets, 0 bytes)\n"
        f"{COLUMNS}\n"
        "1        0     0 web        0    --  *      *       0.0.0.0/0            0.0.0.0/0           \n"
        "\n"
        "Chain FORWARD (policy DROP 7 packets, 99999 bytes)\n"
        f"{COLUMNS}\n"
        "1        5  100K web        0    --  *      *       0.0.0.0/0            0.0.0.0/0           [goto] \n"
        "\n"
        "Chain web (2 references)\n"
        f"{COLUMNS}\n"
    )


def test_a_table_that_the_kernel_has_not_yet_is_empty():
    chains = [f"Chain {chain} (policy ACCEPT 0 packets, 0 bytes)\n{COLUMNS}\n" for chain in BUILT_IN["nat"]]
    assert listing(Ruleset(), "nat") == "\n".join(chains)


def test_counters_that_a_dump_has_not_are_none():
    ruleset = Ruleset((Table("filter", (Chain("INPUT", "DROP", (read_rule(["-j", "DROP"]),), counters=None),)),))
    assert listing(ruleset).startswith("Chain INPUT (policy DROP 0 packets, 0 bytes)\n")
    assert listing(ruleset).splitlines()[2].startswith("1        0     0 DROP")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"table": "natt"}, "there is no table natt; did you mean nat?"),
        ({"chain": "FORWRD"}, "the table filter has no chain FORWRD; did you mean FORWARD?"),
    ],
)
def test_what_is_not_there_is_said_in_one_sentence(asked, message):
    with pytest.raises(NetlabError) as error:
        listing(Ruleset(), **asked)
    assert str(error.value) == message


PARTS = [
    (flag, extension, row)
    for flag, known in (("-m", MATCHES), ("-j", TARGETS))
    for extension in known.values()
    for row in extension.parameters
]


@given(rulesets())
def test_a_table_is_listed_chain_by_chain(ruleset):
    for table in ruleset.tables:
        whole = listing(ruleset, table.name)
        chains = [listing(ruleset, table.name, chain.name).removesuffix("\n") for chain in table.chains]
        assert sorted(whole.removesuffix("\n").split("\n\n")) == sorted(chains)


@given(rulesets())
def test_the_canonical_form_is_listed_alike(ruleset):
    for table in ruleset.tables:
        chains = (Chain(one.name, one.policy, tuple(map(canonical, one.rules)), one.counters) for one in table.chains)
        assert listing(Ruleset((Table(table.name, tuple(chains)),)), table.name) == listing(ruleset, table.name)


words_of_any_kind = st.text(st.characters(codec="utf-8", exclude_categories=("Z", "C")), min_size=1, max_size=12)


@given(st.sampled_from(PARTS), st.lists(words_of_any_kind, min_size=2, max_size=2), st.booleans())
def test_whatever_could_be_read_is_listed_in_one_line(part, values, negated):
    flag, extension, row = part
    sign = ["!"] if negated else []
    rule = read_rule([flag, extension.name, *sign, row.name, *values[: len(row.types)]], extension.family or "ipv4", strict=False)
    ruleset = Ruleset((Table("filter", (Chain("FORWARD", "ACCEPT", (rule,)),)),), extension.family or "ipv4")
    assert listing(ruleset).count("\n") == 3


NUMBERED = "--next"  # listed with its place among the elements of a policy, a word that the option does not have
ROWS = {f"{extension.name} {row.name}": row for _, extension, row in PARTS if row.listed and row.name != NUMBERED}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_listed_text_names_each_word_of_its_option_once(row):
    for text in row.listed.split("|"):
        fields = [field for _, field, _, _ in Formatter().parse(text) if field not in (None, "s")]
        assert sorted(fields) == (["0", "1"] if len(row.types) == 2 else [""] * len(row.types))
