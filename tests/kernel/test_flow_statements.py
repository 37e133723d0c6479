"""`matrix --predict` and `diff --flows`: the model's word on all flows of a lab, marked as such, and confirmed by probes."""

import pytest
from support.labs import THREE_RULES
from support.networks import SEED, built, rules

from netlab_magic.errors import StatementError
from netlab_magic.forwarding.endpoints import probe_for
from netlab_magic.forwarding.other_filters import OtherFilters
from netlab_magic.language.statements import Destination
from netlab_magic.model.probe import Outcome, Verdict
from netlab_magic.model.topology import HOST
from netlab_magic.session.flow_diff import flows_compared
from netlab_magic.session.lab_model import Model, model_of, predicted_matrix
from netlab_magic.session.results.flow_diff import FlowChange, FlowsCompared
from netlab_magic.session.state import Seen

OPEN = Model(built(SEED), {HOST: rules()}, {})
CLOSED = Model(built(SEED), {HOST: rules(policy="DROP")}, {})
HIDDEN = Model(built(SEED), {HOST: rules()}, {HOST: OtherFilters(unread="nftables <filters> there too")})


def test_a_predicted_matrix_says_that_it_is_predicted():
    found = predicted_matrix(CLOSED, ())
    assert not found
    assert "4 flows, predicted; nothing was sent: 4 ✕ blocked" in str(found)
    assert "predicted" in found.html()
    assert "the policy DROP of FORWARD drops" in found["ns1", "ns0"].why


def test_what_is_unknown_is_marked_with_its_reason():
    found = predicted_matrix(HIDDEN, ())
    assert "4 ? unknown" in str(found)
    assert "nftables &lt;filters&gt; there too" in found.html()


def test_flows_that_fare_otherwise():
    found = flows_compared(("open", OPEN), ("closed", CLOSED))
    assert found
    assert not found.is_measured
    assert (len(found.changes), found.count) == (6, 8)
    assert FlowChange("ns1 → ns0", Verdict.ANSWERED, Verdict.BLOCKED) in found.changes
    assert str(found).splitlines()[0] == "open → closed: 6 of 8 flows changed"


def test_what_is_unknown_or_not_there_is_a_word_of_its_own():
    assert {change.after for change in flows_compared(("open", OPEN), ("hidden", HIDDEN)).changes} == {"unknown"}
    less = Model(built(SEED).without_namespace("ns1"), OPEN.rulesets, {})
    assert FlowChange("ns1 → ns0", Verdict.ANSWERED, "not there") in flows_compared(("open", OPEN), ("less", less)).changes


def test_a_probe_that_contradicts_the_model_is_told_loudly():
    found = flows_compared(("open", OPEN), ("now", CLOSED), lambda probes: [Outcome(probe, Verdict.ANSWERED) for probe in probes])
    assert not found
    assert str(found).startswith("ATTENTION: the model is contradicted by 6 probes.")
    assert "NO: measured ✓ answered" in str(found)
    assert "ATTENTION" in found.html()


def test_nothing_measured_contradicts_nothing():
    found = flows_compared(("open", OPEN), ("now", CLOSED), lambda probes: [Outcome(probe, Verdict.NOT_MEASURED) for probe in probes])
    assert found


def test_names_from_outside_are_escaped():
    assert "<b>x</b>" not in FlowsCompared([FlowChange("<b>x</b>", "answered", "blocked")], "a", "b", 1).html().replace("<b>a → b", "")


@pytest.mark.kernel
def test_the_twin_of_the_matrix_says_the_same(seed):
    for cell in ("", "policy FORWARD DROP", THREE_RULES.splitlines()[1], THREE_RULES):
        seed.run(cell)
        measured, foreseen = seed.matrix(), seed.matrix(predict=True)
        assert foreseen.predicted
        assert [outcome.verdict for outcome in foreseen.outcomes] == [outcome.verdict for outcome in measured.outcomes]


@pytest.mark.kernel
def test_rules_inside_namespaces_are_seen(seed):
    seed.run("$ ip netns exec ns0 iptables -P INPUT DROP")
    assert seed.matrix("ns0", "ns1", predict=True)["ns1", "ns0"].verdict == Verdict.BLOCKED


@pytest.mark.kernel
def test_others_that_filter_make_it_unknown(seed):
    seed.run("$ nft 'add table bridge mine; add chain bridge mine c { type filter hook forward priority 5; policy drop; }'")
    found = seed.matrix("ns0", "ns1", predict=True)
    assert found["ns1", "ns0"].verdict == Verdict.NOT_MEASURED
    assert "bridge mine" in found["ns1", "ns0"].why


@pytest.mark.kernel
def test_tables_of_nft_are_followed(seed):
    seed.run("$ nft 'add table inet mine; add chain inet mine c { type filter hook forward priority 5; policy drop; }'")
    found = seed.matrix("ns0", "ns1", predict=True)
    assert found["ns1", "ns0"].verdict == Verdict.BLOCKED
    assert "inet mine" in found["ns1", "ns0"].why


@pytest.mark.kernel
def test_the_difference_in_flows_is_confirmed(seed):
    seed.serve("ns0", 80)
    seed.snapshot("open")
    seed.policy("FORWARD", "DROP")
    found = seed.diff_flows()
    assert found.is_measured
    assert found
    changed = {change.flow: (change.before, change.after, change.measured) for change in found.changes}
    assert changed["ns1 → ns0:80 (tcp)"] == (Verdict.ANSWERED, Verdict.BLOCKED, Verdict.BLOCKED)
    assert seed.run("diff --flows open").changes == found.changes
    seed.snapshot("closed")
    assert not seed.diff_flows("open", "closed").is_measured
    with pytest.raises(StatementError, match="no snapshot"):
        seed.diff_flows("opn")


@pytest.mark.kernel
def test_what_commands_have_set_and_started_is_known_too(seed):
    """Nobody declared these sysctls, nor this server; the model asks the kernel."""
    seed.run("""$ ip netns exec ns0 python3 -m http.server 8000 >/dev/null 2>&1 &
$ ip netns exec ns0 sysctl -qw net.ipv4.icmp_echo_ignore_all=1
$ for i in $(seq 50); do ip netns exec ns0 ss -ltn | grep -q :8000 && break; sleep 0.1; done""")
    assert seed.matrix("ns0", "ns1", predict=True)["ns1", "ns0"].verdict == Verdict.BLOCKED
    assert seed.why("ns1", "ns0:8000").outcome.verdict == Verdict.ANSWERED
    assert not seed.why("ns1", "ns0:8000").account.differences


@pytest.mark.kernel
@pytest.mark.parametrize(("mode", "verdict"), [(1, Verdict.NOBODY), (2, Verdict.ANSWERED)])
def test_the_reverse_path_is_asked_as_the_kernel_asks_it(lab, mode, verdict):
    """Requests of a come in through another interface than answers would leave through; ARP is judged alike, so nobody answers it."""
    lab.run(f"""
ns a
ns b
link a:one 10.1.0.1/24 -- b:one 10.1.0.2/24
link a:two 10.2.0.1/24 -- b:two 10.2.0.2/24
$ ip -n b addr add 10.9.0.1/32 dev lo
route a 10.9.0.1/32 via 10.2.0.2
route b 10.2.0.1/32 via 10.1.0.1
$ ip netns exec b sysctl -qw net.ipv4.conf.two.rp_filter={mode}
""")
    assert lab.ping("a", "10.9.0.1").outcome.verdict == verdict
    model = model_of(Seen(lab.observe(foreign=True)))
    assert model.predict([probe_for(model.topology, "a", Destination("10.9.0.1"))])[0].verdict == verdict
