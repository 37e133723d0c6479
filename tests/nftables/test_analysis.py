"""What can never matter in a table of nft: rules that an earlier one leaves nothing, chains that nobody enters."""

import random

import msgspec
import pytest
from agreement.cases import Generator
from agreement.firewalls import FIREWALLS
from agreement.judging import host
from support.nft_corpus import LISTED, read

from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.netfilter import walk
from netlab_magic.nftables import parse
from netlab_magic.nftables.analysis.reachability import counted_by, graph_of
from netlab_magic.nftables.analysis.shadowing import all_shadowed, shadowed
from netlab_magic.nftables.ruleset import Block, Chain, Table

SETS = "\tset fixed {\n\t\ttype ipv4_addr\n\t}\n\n\tset seen {\n\t\ttype ipv4_addr\n\t\tflags dynamic,timeout\n\t}\n\n"
SETS += "\tmap ways {\n\t\ttype inet_service : verdict\n\t\telements = { 22 : jump last, 80 : goto other }\n\t}\n\n"


def table(*rules: str, title: str = "inet fw") -> Table:
    """A base chain `own` with these rules; `last` drops all, `other` asks for TCP, nobody enters `alone`."""
    lines = "".join(f"\t\t{rule}\n" for rule in ("type filter hook forward priority filter; policy accept;", *rules))
    chains = "\tchain last {\n\t\tdrop\n\t}\n\n\tchain other {\n\t\tmeta l4proto tcp drop\n\t}\n\n\tchain alone {\n\t\tjump last\n\t}\n"
    return parse(f"table {title} {{\n{SETS}\tchain own {{\n{lines}\t}}\n\n{chains}}}\n").tables[0]


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("accept", "tcp dport 22 accept"),
        ("counter packets 0 bytes 0 drop", "drop"),
        ("ip saddr 10.0.0.0/8 accept", "ip saddr 10.1.2.3 tcp dport 80 drop"),
        ("ip saddr != 10.1.0.0/16 drop", "ip saddr != 10.0.0.0/8 drop"),
        ("ip saddr { 10.0.0.0/24, 10.0.1.0/24 } drop", "ip saddr 10.0.0.128/25 drop"),
        ("meta nfproto ipv4 drop", "ip daddr 10.0.0.1 accept"),
        ("meta l4proto tcp accept", "tcp dport 22 drop"),
        ("tcp dport 1-1023 accept", "tcp dport { 22, 80 } drop"),
        ("th dport 53 accept", "udp dport 53 drop"),
        ("tcp dport > 1023 drop", "tcp dport 8080 accept"),
        ('iifname "eth*" accept', 'iifname "eth0" drop'),
        ('iifname != "eth0" accept', 'iifname "docker0" drop'),
        ("ct state established,related accept", "ct state established drop"),
        ("ip saddr @fixed drop", "ip saddr @fixed tcp dport 22 accept"),
        ("tcp dport 22 reject with tcp reset", "tcp dport 22 accept"),
        ("reject with icmp port-unreachable", "ip saddr 10.0.0.1 accept"),
        ("tcp dport 22 jump last", "tcp dport 22 accept"),
        ("tcp dport 22 goto other", "tcp dport 22 accept"),
        ("tcp dport 22 return", "tcp dport 22 accept"),
    ],
)
def test_a_rule_is_shadowed_when_an_earlier_one_takes_all_that_it_would(earlier, later):
    held = table(earlier, later)
    assert shadowed(held, held.chains[0]) == {2: 1}


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("tcp dport 22 accept", "udp dport 22 drop"),
        ("tcp dport 22 accept", "drop"),
        ("ip saddr 10.1.0.0/16 accept", "ip saddr 10.0.0.0/8 drop"),
        ("meta nfproto ipv4 drop", "tcp dport 22 accept"),
        ("reject with icmp port-unreachable", "ip6 saddr ::1 accept"),
        ("reject with tcp reset", "udp dport 53 accept"),
        ("limit rate 5/second accept", "limit rate 5/second accept"),
        ("ip saddr @seen drop", "ip saddr @seen drop"),
        ("meta mark 0x00000001 accept", "meta mark 0x00000001 drop"),
        ("tcp dport 22 jump other", "tcp dport 22 accept"),
        ("tcp dport vmap @ways", "tcp dport 22 accept"),
        ("tcp dport 22 counter packets 0 bytes 0", "tcp dport 22 accept"),
        ("tcp dport 22 continue", "tcp dport 22 accept"),
        ('iifname "eth+" accept', 'iifname "eth0" drop'),
        ("ct state new accept", "ct state established drop"),
        ("tcp flags syn accept", "tcp flags syn,ack drop"),
        ("ip saddr 10.0.0.1 snat ip to 10.9.9.9", "ip saddr 10.0.0.1 accept"),
        ("meta l4proto tcp dnat ip6 to fd00::1", "meta l4proto tcp dnat ip6 to fd00::1"),  # IPv4 goes on
    ],
)
def test_what_may_be_otherwise_is_no_reason(earlier, later):
    held = table(earlier, later)
    assert shadowed(held, held.chains[0]) == {}


def test_what_rules_change_is_not_taken_to_stay():
    untracked = table("notrack", "ct state new accept", "ct state new drop")
    assert shadowed(untracked, untracked.chains[0]) == {}
    rewritten = table("ip daddr set 10.0.0.9", "ip daddr 10.0.0.1 accept", "ip daddr 10.0.0.1 drop", title="ip fw")
    assert shadowed(rewritten, rewritten.chains[0]) == {}


@pytest.mark.parametrize(
    ("rule", "first"),
    [
        ("dnat to 10.0.0.1", 2),
        ("dnat to ip saddr map { 10.0.0.1 : 10.0.0.2 }", None),
        ("dnat to 10.0.0.1:tcp dport map { 80 : 8080 }", None),
        ("redirect to :tcp dport map { 80 : 8080 }", None),
        ("queue to numgen inc mod 3", None),
        ("masquerade", 2),
        ("counter name tcp dport map { 22 : \"a\" } drop", None),
    ],
)
def test_what_is_looked_up_may_not_be_there(rule, first):
    assert graph_of(table(rule, "accept", title="ip fw")).unreachable("own") == first


def test_chains_are_entered_by_jumps_and_by_what_maps_hold():
    graph = graph_of(table("tcp dport vmap @ways"))
    assert graph.leads_to("own") == ("last", "other")
    assert [(caller.chain, caller.number, caller.goto) for caller in graph.callers["other"]] == [("own", 1, True)]
    assert graph.orphans == ("alone",)
    assert graph.deciding == {"last", "alone"}
    assert graph_of(table("accept", "tcp dport vmap @ways")).orphans == ("last", "other", "alone")
    assert graph_of(table("jump last", "accept")).unreachable("own") == 2


@pytest.mark.parametrize(
    ("rule", "packets"),
    [
        ("tcp dport 22 counter packets 3 bytes 180 accept", 3),
        ("counter packets 3 bytes 180 tcp dport 22 accept", None),
        ("tcp dport 22 accept", None),
        ("tcp dport 22 counter packets 3 bytes 180 meta mark set 0x00000001", 3),
    ],
)
def test_a_counter_tells_what_a_rule_matched_only_behind_all_conditions(rule, packets):
    counter = counted_by(table(rule).chains[0].rules[0], "inet")
    assert (counter.packets if counter else None) == packets


@pytest.mark.parametrize("name", LISTED)
def test_tables_that_programs_write_are_judged(name):
    for found in read(f"{name}.plain.nft").tables:
        assert all(taker < number for _, number, taker in all_shadowed(found))
        assert set(graph_of(found).orphans) <= {chain.name for chain in found.chains if not chain.hook}


def _crowded(table: Table, chance: random.Random) -> Table:
    """The table with its chains filled from their own rules, so that equal and overlapping ones follow each other."""

    def filled(block: Block) -> Block:
        if not isinstance(block, Chain) or not block.rules:
            return block
        return msgspec.structs.replace(block, rules=tuple(chance.choices(block.rules, k=chance.randint(4, 14))))

    return msgspec.structs.replace(table, blocks=tuple(map(filled, table.blocks)))


def _never(table: Table) -> set[tuple[str, str, int]]:
    """The rules that can never match, for whatever reason that is told."""
    graph = graph_of(table)
    found = {(table.title, chain, number) for chain, number, _ in all_shadowed(table)}
    for chain in table.chains:
        first = 1 if chain.name in graph.orphans else graph.unreachable(chain.name) or len(chain.rules) + 1
        found |= {(table.title, chain.name, number) for number in range(first, len(chain.rules) + 1)}
    return found


@pytest.mark.parametrize("name", ["nft", "nft6"])
def test_no_walk_matches_a_rule_that_is_said_never_to(name):
    """Random tables and packets of both families; what the model cannot judge is taken to match, and not to."""
    firewall, chance, claims = FIREWALLS[name], random.Random(name), 0  # noqa: S311
    ruleset = Ruleset(family="ipv6" if firewall.six else "ipv4")
    for seed in range(60):
        generator = Generator(firewall, f"{name} {seed}")
        case = generator.case()
        native = parse(case.native, strict=False)
        native = msgspec.structs.replace(native, tables=tuple(_crowded(table, chance) for table in native.tables))
        never = {place for table in native.tables for place in _never(table)}
        claims += len(never)
        for packet in (generator.packet()[1] for _ in range(8)):
            assumed = [chance.random() < 0.5 for _ in range(40)]
            found = walk(packet, ruleset, host(case.setting, ""), assumed=assumed, native=native, ordered=True)
            assert not never & {(visit.table, visit.chain, visit.rule) for visit in found.matched}
    assert claims > 50
