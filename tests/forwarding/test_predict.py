"""The model's side of a probe: what becomes of its packets, namespace after namespace."""

from collections.abc import Mapping

import pytest
from msgspec.structs import replace
from support.networks import ONE, SEED, THREE, TWO, asked, built, rules

from netlab_magic.diagnosis.predicted_path import stopped_by
from netlab_magic.errors import StatementError
from netlab_magic.forwarding import predict
from netlab_magic.forwarding.endpoints import probe_for
from netlab_magic.forwarding.other_filters import OtherFilters
from netlab_magic.forwarding.prediction import Prediction
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.language.statements import Destination
from netlab_magic.model.probe import Verdict
from netlab_magic.model.topology import HOST, Interface, Route, Topology
from netlab_magic.netfilter import Cause


def predicted(words: str, ruleset: Ruleset, text: str = SEED, other_filters: Mapping[str, OtherFilters] = {}) -> Prediction:
    topology = built(text)
    return predict(topology, {HOST: ruleset}, asked(topology, words), other_filters)


@pytest.mark.parametrize(
    ("words", "ruleset", "verdict"),
    [
        ("ns1 ns0", rules(), Verdict.ANSWERED),
        ("ns1 ns0", rules(policy="DROP"), Verdict.BLOCKED),
        ("ns1 ns0", rules(ONE, "DROP"), Verdict.ANSWERED),
        ("ns1 internet", rules(ONE, "DROP"), Verdict.BLOCKED),
        ("ns1 internet", rules(TWO, "DROP"), Verdict.BLOCKED),
        ("ns1 internet", rules(TWO + THREE, "DROP"), Verdict.ANSWERED),
        ("ns1 internet", rules(more=""), Verdict.BLOCKED),
        ("ns1 ns0:80", rules(), Verdict.ANSWERED),
        ("ns1 ns0:81", rules(), Verdict.REFUSED),
        ("ns0 ns1:53/udp", rules(), Verdict.ANSWERED),
        ("ns0 ns1:54/udp", rules(), Verdict.REFUSED),
        ("ns1 172.18.0.99", rules(), Verdict.NOBODY),
        ("internet 172.18.0.2", rules(), Verdict.NO_ROUTE),
        ("ns1 ns0:80", rules("-A FORWARD -p tcp -j REJECT --reject-with tcp-reset\n"), Verdict.REFUSED),
        ("ns1 ns0", rules("-A FORWARD -j REJECT\n"), Verdict.REFUSED),
        ("ns1 ns0", rules("-A FORWARD -j REJECT --reject-with icmp-host-unreachable\n"), Verdict.NO_ROUTE),
    ],
)
def test_the_verdict_is_the_one_that_the_lab_measures(words, ruleset, verdict):
    assert predicted(words, ruleset).verdict == verdict


def test_only_rule_5_of_the_tutorial_lets_the_request_out_and_not_the_reply_in():
    found = predicted("ns1 internet", rules(TWO, "DROP"))
    assert found.request.arrived
    assert found.back is not None
    assert not found.back.arrived
    dead = found.back.hops[-1]
    assert (dead.namespace, dead.host_trace.why) == (HOST, "the policy of FORWARD drops it")
    assert dead.host_trace.packet.state == "ESTABLISHED"
    assert dead.host_trace.packet.destination == "172.18.0.3"


def test_legs_tell_the_wires():
    found = predicted("ns1 ns0", rules())
    assert [(hop.namespace, str(hop.enters), str(hop.leaves)) for hop in found.request.hops] == [
        ("ns1", "None", "ns1:eth0"),
        ("host", "host:veth-ns1", "host:veth-ns0"),
        ("ns0", "ns0:eth0", "None"),
    ]


def with_route(topology: Topology, namespace: str, **values) -> Topology:
    held = topology.namespaces[namespace]
    return topology.with_namespace(replace(held, routes=(*held.routes, Route("9.9.9.0/24", **values))))


@pytest.mark.parametrize(
    ("kind", "verdict", "tcp", "cause", "where"),
    [
        ("blackhole", Verdict.NOBODY, Verdict.NOBODY, Cause.BLACKHOLE, HOST),
        ("unreachable", Verdict.NO_ROUTE, Verdict.NO_ROUTE, Cause.UNREACHABLE, HOST),
        ("prohibit", Verdict.REFUSED, Verdict.NO_ROUTE, Cause.PROHIBIT, HOST),
        ("throw", Verdict.NO_ROUTE, Verdict.NO_ROUTE, Cause.NO_ROUTE, HOST),
        ("blackhole", Verdict.NO_ROUTE, Verdict.NO_ROUTE, Cause.BLACKHOLE, "ns0"),
    ],
)
def test_routes_that_end_the_way(kind, verdict, tcp, cause, where):
    topology = with_route(built(SEED), where, kind=kind)
    found = predict(topology, {HOST: rules()}, asked(topology, "ns0 9.9.9.9"))
    assert (found.verdict, found.request.hops[-1].host_trace.cause, found.request.hops[-1].namespace) == (verdict, cause, where)
    assert predict(topology, {HOST: rules()}, asked(topology, "ns0 9.9.9.9:80")).verdict == tcp


def test_a_route_says_which_address_packets_come_from():
    topology = with_route(built(SEED), "ns0", via="172.18.0.3", source="10.7.0.1")
    found = predict(topology, {}, asked(topology, "ns0 9.9.9.9"))
    assert found.request.hops[0].host_trace.sent.source == "10.7.0.1"


def test_isolated_ports_of_a_bridge_get_no_frames_from_each_other():
    topology = built(SEED)
    for port in ("veth-ns0", "veth-ns1"):
        topology = topology.with_namespace(topology.host.with_interface(replace(topology.host.interface(port), isolated=True)))
    verdicts = [predict(topology, {}, asked(topology, words)).verdict for words in ("ns0 ns1", "ns0 host", "ns1 internet")]
    assert verdicts[:2] == [Verdict.NOBODY, Verdict.ANSWERED]


def test_a_hardware_address_set_by_hand_is_believed_only_if_it_is_right():
    topology = built(SEED)
    given = replace(topology.namespaces["ns1"].interface("eth0"), mac="02:00:00:00:00:03")
    topology = topology.with_namespace(topology.namespaces["ns1"].with_interface(given))
    right, wrong = ({"172.18.0.3": f"02:00:00:00:00:0{end}"} for end in (3, 9))
    for fixed, unknown in ((right, False), (wrong, True)):
        known = topology.with_namespace(replace(topology.namespaces["ns0"], fixed=fixed))
        assert ("set by hand" in predict(known, {}, asked(known, "ns0 ns1")).unknown) == unknown


@pytest.mark.parametrize(("address", "verdict"), [("224.0.0.1", "multicast"), ("172.18.255.255", "broadcast"), ("::1", "")])
def test_addresses_that_are_no_single_machines(address, verdict):
    topology = built(SEED)
    found = predict(topology, {}, probe_for(topology, "ns0", Destination(address)))
    assert (verdict in found.unknown, found.verdict) == (True, Verdict.NOT_MEASURED if verdict else Verdict.ANSWERED)


def test_a_rule_that_ends_the_ttl_is_named():
    mangle = "*mangle\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j TTL --ttl-set 1\nCOMMIT\n"
    text, values = stopped_by(predicted("ns1 internet", rules(more=mangle)).request.hops[-1])
    assert "rule {number} of {chain}" in text
    assert (values["number"], values["chain"], values["ttl"]) == ("1", "PREROUTING", "1")


def test_a_probe_comes_from_the_address_that_its_sender_uses():
    topology = built(SEED)
    loop = replace(topology.namespaces["ns0"].interface("lo") or Interface("lo", "loopback"), addresses=("172.18.9.9/32",))
    topology = topology.with_namespace(topology.namespaces["ns0"].with_interface(loop))
    assert probe_for(topology, "172.18.0.2", Destination("ns1")).source == "ns0"
    with pytest.raises(StatementError, match=r"ns0 sends to 172\.18\.0\.3 from 172\.18\.0\.2, not from 172\.18\.9\.9"):
        probe_for(topology, "172.18.9.9", Destination("ns1"))


def test_other_routing_tables_are_never_guessed():
    topology = built(SEED)
    topology = topology.with_namespace(replace(topology.host, has_rules=True))
    found = predict(topology, {}, asked(topology, "ns0 internet"))
    assert found.unknown == "the host has ip rules that the model does not follow, so other routing tables than the main one may apply"
    assert predict(topology, {}, asked(topology, "ns0 ns1")).verdict == Verdict.ANSWERED  # its bridge asks no routes


LIMIT = "-A FORWARD -m limit --limit 1/min --limit-burst 1 -j ACCEPT\n"
CHANCE = "-A FORWARD -m statistic --mode random --probability 0.5 -j {}\n"


@pytest.mark.parametrize(
    ("filters", "policy", "verdict", "ways"),
    [
        (LIMIT, "DROP", Verdict.NOT_MEASURED, 3),  # the request, and its reply, may each use it up
        (LIMIT, "ACCEPT", Verdict.ANSWERED, 4),
        (LIMIT + "-A FORWARD -j DROP\n", "ACCEPT", Verdict.NOT_MEASURED, 3),
        (CHANCE.format("DROP"), "DROP", Verdict.BLOCKED, 2),
        (CHANCE.format("ACCEPT") + CHANCE.format("REJECT"), "ACCEPT", Verdict.NOT_MEASURED, 7),
    ],
)
def test_where_rules_cannot_be_judged_the_verdict_is_known_if_all_ways_end_alike(filters, policy, verdict, ways):
    found = predicted("ns1 ns0", rules(filters, policy))
    assert found.verdict == verdict
    assert bool(found.unknown) == (verdict == Verdict.NOT_MEASURED)
    assert len(found.others) + (not found.unknown) == ways


def test_a_service_with_two_endpoints_is_answered_by_either():
    dnat = "-m tcp -p tcp -d 10.96.0.1/32 --dport 80"
    first, second = (f"-j DNAT --to-destination 172.18.0.{end}:80\n" for end in (2, 9))
    service = f"*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING {dnat} -m statistic --mode random --probability 0.5 {first}"
    topology = built(SEED + "ns ns9 172.18.0.9/16 on docker1\nserve ns9 80\n")
    service += f"-A PREROUTING {dnat} {second}COMMIT\n"
    found = predict(topology, {HOST: rules(more=service)}, asked(topology, "ns1 10.96.0.1:80"))
    assert found.verdict == Verdict.ANSWERED
    assert {way.request.hops[-1].namespace for way in (found, *found.others)} == {"ns0", "ns9"}


def test_many_rules_by_chance_are_too_many_ways():
    mangle = "*mangle\n:FORWARD ACCEPT [0:0]\n" + CHANCE.format("MARK --set-mark 1") * 8 + "COMMIT\n"
    assert predicted("ns1 ns0", rules(more=mangle)).unknown


def test_the_port_of_the_sender_is_one_that_may_be_given():
    topology = built(SEED)
    ruleset = rules("-A FORWARD -p tcp -m tcp --sport 50001 -j DROP\n")
    assert predict(topology, {HOST: ruleset}, asked(topology, "ns1 ns0:80")).verdict == Verdict.ANSWERED
    found = predict(topology, {HOST: ruleset}, asked(topology, "ns1 ns0:80"), {}, 50001)
    assert (found.verdict, found.request.hops[0].host_trace.sent.source_port) == (Verdict.BLOCKED, 50001)


def test_what_other_rules_do_is_never_guessed():
    found = predicted("ns1 internet", rules(), other_filters={HOST: OtherFilters(unread="nftables rules filter here too")})
    assert (found.verdict, found.unknown) == (Verdict.NOT_MEASURED, "nftables rules filter here too")


def test_a_rule_that_cannot_be_judged_makes_the_prediction_unknown():
    found = predicted("ns1 ns0", rules("-A FORWARD -m set --match-set friends src -j DROP\n"))
    assert found.verdict == Verdict.NOT_MEASURED
    assert "rule 1 of FORWARD" in found.unknown
