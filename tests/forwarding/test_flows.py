"""The flows of a lab as a whole: what the model says of all of them, and which rules none of them meets."""

import time

from support.networks import ONE, SEED, THREE, TWO, built, rules

from netlab_magic.forwarding.endpoints import matrix_probes
from netlab_magic.forwarding.flows import hit_by_no_flow, lab_flows, predict_all
from netlab_magic.forwarding.other_filters import OtherFilters
from netlab_magic.model.topology import HOST

FAR = "-A FORWARD -s 10.0.0.0/8 -j DROP\n"


def test_flows_are_the_matrix_and_what_is_served():
    assert [str(flow) for flow in lab_flows(built(SEED))] == [
        "ns0 → ns1",
        "ns0 → internet",
        "ns1 → ns0",
        "ns1 → internet",
        "ns1 → ns0:80 (tcp)",
        "internet → ns0:80 (tcp)",
        "ns0 → ns1:53 (udp)",
        "internet → ns1:53 (udp)",
    ]


def test_rules_that_no_flow_of_the_lab_meets():
    found = hit_by_no_flow(built(SEED), {HOST: rules(FAR + ONE + TWO + THREE, "DROP")})
    assert found == {HOST: (("filter", "FORWARD", 1),)}


def test_replies_count_too():
    assert hit_by_no_flow(built(SEED), {HOST: rules(TWO + THREE, "DROP")})[HOST] == ()


def test_nothing_is_said_where_the_model_cannot_tell():
    topology = built(SEED)
    assert hit_by_no_flow(topology, {HOST: rules("-A FORWARD -m set --match-set friends src -j DROP\n" + FAR)}) == {}
    assert hit_by_no_flow(topology, {HOST: rules(FAR)}, {HOST: OtherFilters(unread="nftables filters there too")}) == {}


def test_870_flows_are_predicted_within_a_second():
    names = "\n".join(f"ns n{number} 172.18.0.{number + 2}/16 on docker1" for number in range(30))
    topology = built(f"bridge docker1 172.18.0.1/16\n{names}\nsysctl net.ipv4.ip_forward=1")
    probes = matrix_probes(topology, ())
    began = time.process_time()
    found = predict_all(topology, {HOST: rules(ONE + TWO + THREE, "DROP")}, probes)
    assert time.process_time() - began < 1
    assert len(found) == 870
    assert all(one.answered for one in found)
