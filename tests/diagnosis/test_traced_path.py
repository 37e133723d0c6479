"""The kernel's account joined to the rules, without a kernel: rows, stops, facts in words, and what `trace` shows."""

import pytest

from netlab_magic.diagnosis.kernel_causes import FACTS, fact_sentence
from netlab_magic.diagnosis.traced_path import followed, path_of_trace, rows_of
from netlab_magic.i18n import LANGUAGES, language
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.iptables.save_format import parse
from netlab_magic.model.kernel_trace import DropCause, DropKind, HookReport, KernelTrace, TracedHop
from netlab_magic.model.packet import Packet
from netlab_magic.model.packet_path import Event
from netlab_magic.model.probe import Outcome, Probe, Verdict
from netlab_magic.session.results.trace import Tracked

RULES = """*nat
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 172.18.0.0/16 -j MASQUERADE
COMMIT
*filter
:FORWARD DROP [0:0]
:A - [0:0]
-A FORWARD -p icmp
-A FORWARD -m comment --comment "<b>&\\"" -j A
-A FORWARD -j REJECT
COMMIT
"""
RULESET = parse(RULES)
BEFORE = Packet("172.18.0.3", "8.8.8.8", "icmp", icmp_type=8, state="", input="docker1", output="eth0", port_in="veth-ns1")
AFTER = Packet("203.0.113.2", "8.8.8.8", "icmp", icmp_type=8, state="", input="docker1", output="eth0", port_in="veth-ns1")


def seen(
    event: str, hook: str = "FORWARD", chain: str = "FORWARD", rule: int | None = None, verdict: str = "", table: str = "filter"
) -> HookReport:
    return HookReport(event, hook, BEFORE, table, chain, rule, verdict)


def hook(name: str, *between: HookReport, packet: Packet = BEFORE, leaves: bool = True) -> tuple[HookReport, ...]:
    return (HookReport("enters", name, BEFORE), *between, *((HookReport("leaves", name, packet),) if leaves else ()))


FOLLOWED = [
    ("a rule's target, though the kernel says ACCEPT", seen("rule", "POSTROUTING", "POSTROUTING", 1, "ACCEPT", "nat"), "MASQUERADE"),
    ("a rule that only counts", seen("rule", rule=1, verdict="CONTINUE"), ""),
    ("legacy does not say what follows", seen("rule", rule=3), "REJECT"),
    ("a jump", seen("rule", rule=2, verdict="A"), "A"),
    ("the end of a user chain", seen("return", chain="A"), "RETURN"),
    ("a policy", seen("policy"), "DROP"),
    ("a table of somebody else", seen("rule", chain="filter-FORWARD", rule=4, verdict="DROP", table="ip docker-bridges"), "DROP"),
    ("a rule that is not in the dump", seen("rule", rule=9, verdict="ACCEPT"), "ACCEPT"),
]


@pytest.mark.parametrize(("report", "expected"), [case[1:] for case in FOLLOWED], ids=[case[0] for case in FOLLOWED])
def test_what_followed(report: HookReport, expected: str) -> None:
    assert followed(report, RULESET) == expected


ROWS = [
    ("nothing happened", (*hook("PREROUTING"), *hook("INPUT")), [("quiet", "PREROUTING, INPUT", "")]),
    ("translated", hook("POSTROUTING", seen("rule", "POSTROUTING", "POSTROUTING", 1, table="nat"), packet=AFTER),
     [("rule", "POSTROUTING", "MASQUERADE"), ("source", "POSTROUTING", "")]),
    ("dropped", hook("FORWARD", seen("policy"), leaves=False), [("policy", "FORWARD", "DROP")]),
    ("gone for all we know", hook("FORWARD", seen("rule", rule=1), leaves=False), [("rule", "FORWARD", ""), ("lost", "FORWARD", "")]),
    ("gone without a rule", (*hook("PREROUTING"), *hook("FORWARD", leaves=False)), [("quiet", "PREROUTING", ""), ("lost", "FORWARD", "")]),
]  # fmt: skip


@pytest.mark.parametrize(("reports", "expected"), [case[1:] for case in ROWS], ids=[case[0] for case in ROWS])
def test_the_rows(reports: tuple[HookReport, ...], expected: list[tuple[str, str, str]]) -> None:
    rows = rows_of(TracedHop("host", "request", reports), RULESET)
    assert [(row.kind, row.hook, row.followed) for row in rows] == expected


def test_a_packet_that_has_left_is_never_called_dropped() -> None:
    rows = rows_of(TracedHop("host", "request", hook("FORWARD", seen("rule", rule=2))), Ruleset())
    assert not any(row.fatal for row in rows)


def traced(*traced_hops: TracedHop, causes: tuple[DropCause, ...] = ()) -> KernelTrace:
    probe = Probe("ns1", "internet", "8.8.8.8", "internet")
    return KernelTrace(Outcome(probe, Verdict.BLOCKED, why="<no> answer"), traced_hops, causes, {"host": RULES})


REJECTED = hook("FORWARD", seen("rule", rule=2), seen("return", chain="A"), seen("rule", rule=3), leaves=False)
NO_ROUTE = DropCause(DropKind.NO_ROUTE, "host", {"address": "8.8.8.8"})
WHOLE = traced(TracedHop("host", "request", (*hook("PREROUTING"), *REJECTED)), causes=(NO_ROUTE,))


def test_the_stops_are_those_that_were_seen() -> None:
    steps = path_of_trace(WHOLE).steps
    assert [step.event for step in steps] == [Event.ENTERS, Event.RULE, Event.END, Event.RULE, Event.LOST]
    assert (steps[0].interface, steps[3].outcome, steps[3].fatal) == ("veth-ns1", "REJECT", True)
    assert "{address}" in steps[-1].lost


def test_the_text_and_the_table_say_the_same_and_everything_foreign_is_escaped() -> None:
    shown = Tracked(WHOLE)
    assert not shown
    assert "host: request, icmp type 8 172.18.0.3 → 8.8.8.8 (in through docker1/veth-ns1, out through eth0)" in str(shown)
    assert "    FORWARD     filter  FORWARD  3  -j REJECT → REJECT ✕" in str(shown)
    assert str(shown).endswith("host has no route to 8.8.8.8.")
    html = shown.html()
    assert "<b>&amp;" not in html
    assert "&lt;b&gt;&amp;" in html
    assert '<tr class="bad"><td>FORWARD</td><td>filter</td><td>FORWARD</td><td>3</td><td>-j REJECT</td><td>REJECT</td></tr>' in html


@pytest.mark.parametrize("spoken", LANGUAGES)
@pytest.mark.parametrize("kind", FACTS)
def test_every_fact_has_a_sentence(kind: str, spoken: str) -> None:
    values = {"address": "10.0.0.9", "device": "eth7", "protocol": "tcp", "port": "80", "sysctl": "net.x"}
    sentence = fact_sentence(DropCause(kind, "ns5", values), language(spoken))
    assert "ns5" in sentence
    assert "{" not in sentence


def test_a_trace_in_another_language() -> None:
    assert "FORWARD     filter  FORWARD  3  -j REJECT → REJECT ✕" in str(Tracked(WHOLE, "zh_TW"))
    assert "請求" in str(Tracked(WHOLE, "zh_TW"))
