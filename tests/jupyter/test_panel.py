"""The panel without a page: what is pressed goes in as messages, and what it shows are its traits."""

import time
from collections.abc import Iterator

import pytest
from support.labs import SEED, THREE_RULES, Written
from support.waiting import until

from netlab_magic import Lab
from netlab_magic.errors import CommandFailed
from netlab_magic.iptables import save_format
from netlab_magic.jupyter.panel import Panel, page, watch
from netlab_magic.jupyter.panel.controller import controller_of
from netlab_magic.model.probe import Verdict

pytestmark = [pytest.mark.kernel, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

BRIDGED, OUTWARDS, BACK = (
    "-i docker1 -o docker1 -j ACCEPT#1",
    "-i docker1 ! -o docker1 -j ACCEPT#1",
    "-o docker1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT#1",
)


@pytest.fixture
def panel(seed: Lab) -> Iterator[Panel]:
    made = shown(seed)
    yield made
    made.close()


def shown(lab: Lab) -> Panel:
    """A panel that is on a page."""
    panel = Panel(lab)
    press(panel, "here")
    return panel


def press(panel: Panel, action: str, **more: object) -> None:
    panel._heard(panel, {"do": action, "view": "page", **more}, [])


def switch(panel: Panel, chain: str, policy: str, program: str = "iptables", table: str = "filter") -> None:
    press(panel, "policy", program=program, table=table, chain=chain, policy=policy)


def says(panel: Panel, words: str) -> bool:
    return until(lambda: words in panel.status["text"])


def forward_policy(lab: Lab) -> str:
    return save_format.parse(lab.observe().rules).forward_policy


def forward(lab: Lab) -> list[str]:
    chain = save_format.parse(lab.observe().rules).chain("FORWARD")
    return [rule.spec for rule in chain.rules] if chain else []


def with_three_rules(panel: Panel, lab: Lab) -> None:
    lab.run(f"policy FORWARD DROP\n{THREE_RULES}")
    assert until(lambda: len(panel.rules) == 3 and "DROP: 4 of 4 flows" in panel.status["text"])


def answered(panel: Panel) -> set[str]:
    return reached(panel, 0)


def reached(panel: Panel, table: int) -> set[str]:
    """The pairs that are answered in one of the tables, of which there is one for each version of IP."""
    return {pair for pair, cell in panel.pairs["tables"][table]["cells"].items() if cell["mark"] == Verdict.ANSWERED.mark}


EVERYBODY = {"ns0>ns1", "ns1>ns0", "ns0>internet", "ns1>internet"}


def test_the_switch_changes_the_kernel_and_all_that_is_shown(panel: Panel, seed: Lab) -> None:
    assert answered(panel) == EVERYBODY
    switch(panel, "FORWARD", "DROP")
    assert says(panel, "iptables -P FORWARD DROP\nFORWARD policy DROP: 0 of 4 flows are answered.")
    assert forward_policy(seed) == panel.policies["FORWARD"] == "DROP"
    assert answered(panel) == set()
    assert "FORWARD DROP" in panel.topology["text"]
    assert "✕ DROP" in panel.chains["text"]
    assert panel.commands == ["iptables -P FORWARD DROP"]
    switch(panel, "FORWARD", "ACCEPT")
    assert says(panel, "4 of 4 flows")


def test_input_and_output_have_switches_too(panel: Panel, seed: Lab) -> None:
    switch(panel, "INPUT", "DROP")
    assert until(lambda: panel.policies["INPUT"] == "DROP")
    assert not seed.ping("ns1", "host")


def test_each_of_the_three_rules_has_its_flows(panel: Panel, seed: Lab) -> None:
    with_three_rules(panel, seed)
    assert [(rule["number"], rule["key"]) for rule in panel.rules] == [(1, BRIDGED), (2, OUTWARDS), (3, BACK)]
    assert panel.rules[0]["said"].startswith("Matches packets that both come in and leave through docker1.")
    for key in (BRIDGED, OUTWARDS, BACK):
        press(panel, "rule", key=key, on=False)
    assert until(lambda: [rule["on"] for rule in panel.rules] == [False] * 3)
    assert until(lambda: answered(panel) == set())
    assert forward(seed) == []
    press(panel, "rule", key=BRIDGED, on=True)
    assert until(lambda: answered(panel) == {"ns0>ns1", "ns1>ns0"})
    press(panel, "rule", key=BACK, on=True)
    assert until(lambda: [rule["on"] for rule in panel.rules] == [True, False, True])
    press(panel, "rule", key=OUTWARDS, on=True)
    assert until(lambda: answered(panel) == EVERYBODY)
    assert [f"{spec}#1" for spec in forward(seed)] == [BRIDGED, OUTWARDS, BACK]
    assert panel.commands[-1] == "iptables -I FORWARD 2 -i docker1 ! -o docker1 -j ACCEPT"


def test_what_the_panel_did_does_the_same_as_a_cell(panel: Panel, seed: Lab) -> None:
    with_three_rules(panel, seed)
    seed.run("snapshot before")
    press(panel, "rule", key=OUTWARDS, on=False)
    press(panel, "move", key=BACK, to=0)
    switch(panel, "OUTPUT", "DROP")
    assert until(lambda: len(panel.commands) == 4)
    made = save_format.parse(seed.observe().rules)
    seed.run("restore before")
    seed.run("\n".join(panel.commands), stream=Written())
    again = save_format.parse(seed.observe().rules)
    assert [chain.name for chain in again.table("filter").chains] == [chain.name for chain in made.table("filter").chains]
    assert forward(seed) == [rule.spec for rule in made.chain("FORWARD").rules]


def test_changes_made_elsewhere_show_in_all_panels_within_a_second(seed: Lab) -> None:
    first, second = shown(seed), shown(seed)
    seed.run(f"sudo iptables -P FORWARD DROP\n{THREE_RULES}", stream=Written())
    assert until(lambda: first.policies == second.policies == {"INPUT": "ACCEPT", "FORWARD": "DROP", "OUTPUT": "ACCEPT"})
    assert until(lambda: "4 of 4 flows" in second.status["text"] and "4 of 4 flows" in first.status["text"])
    switch(first, "FORWARD", "ACCEPT")
    assert until(lambda: second.policies["FORWARD"] == "ACCEPT")
    assert second.commands == first.commands
    first.close()
    second.close()


def test_a_change_that_no_cell_made_is_seen_too(panel: Panel, seed: Lab) -> None:
    """As somebody makes it who has a terminal in the lab: nothing tells the panel."""
    with seed.turn():
        seed.engine.run("iptables -P FORWARD DROP; ip netns exec ns0 ip link set eth0 down", lambda *_: None)
    assert until(lambda: panel.policies["FORWARD"] == "DROP")
    assert until(lambda: "✕ down" in panel.topology["text"])


NFT = """
nft -f - <<EOF
table inet fw {
    set friends {
        type ipv4_addr
        elements = { 172.18.0.2, 172.18.0.3 }
    }
    chain forward {
        type filter hook forward priority filter; policy drop;
        ct state established,related accept
        ip saddr @friends oifname "docker1" counter accept comment "it's <b>mine</b>"
        jump outwards
    }
    chain outwards {
        oifname "eth0" counter accept
    }
}
EOF
"""
ESTABLISHED, FRIENDS, JUMP = (
    "ct state established,related accept#1",
    'ip saddr @friends oifname "docker1" counter accept comment "it\'s <b>mine</b>"#1',
    "jump outwards#1",
)


def forward_of_nft(lab: Lab) -> list[str]:
    written = Written()
    with lab.turn():
        lab.engine.run("nft -s list chain inet fw forward", written)
    return [line.strip() for line in written.stdout.splitlines()[3:-2]]


def test_the_rules_of_nft_are_switched_moved_and_brought_back(panel: Panel, seed: Lab) -> None:
    seed.run(NFT, stream=Written())
    assert until(lambda: [rule["key"] for rule in panel.rules] == [ESTABLISHED, FRIENDS, JUMP])
    assert until(lambda: answered(panel) == EVERYBODY)
    assert panel.policies == {"forward": "drop"}
    before = panel.counters["rules"][FRIENDS]
    press(panel, "again")
    assert until(lambda: panel.counters["rules"][FRIENDS] > before)
    assert panel.counters["rules"][ESTABLISHED] is None
    press(panel, "rule", key=FRIENDS, on=False)
    assert until(lambda: answered(panel) == {"ns0>internet", "ns1>internet"})
    assert says(panel, "inet fw forward policy drop: 2 of 4 flows are answered.")
    assert panel.status["text"].startswith("nft delete rule inet fw forward handle ")
    press(panel, "rule", key=FRIENDS, on=True)
    assert until(lambda: answered(panel) == EVERYBODY)
    press(panel, "move", key=JUMP, to=0)
    assert until(lambda: [rule["key"] for rule in panel.rules] == [JUMP, ESTABLISHED, FRIENDS])
    assert [f"{spec}#1" for spec in forward_of_nft(seed)] == [JUMP, ESTABLISHED, FRIENDS]
    switch(panel, "forward", "accept", "nft", "inet fw")
    assert until(lambda: panel.policies == {"forward": "accept"})
    press(panel, "choose", program="nft", table="inet fw", chain="outwards")
    assert until(lambda: [rule["key"] for rule in panel.rules] == ['oifname "eth0" counter accept#1'])
    assert "outwards" in panel.chains["text"]
    press(panel, "rule", key=panel.rules[0]["key"], on=False)
    assert until(lambda: not panel.rules[0]["on"])
    press(panel, "undo")
    assert until(lambda: panel.rules[0]["on"])
    press(panel, "choose", program="nft", table="inet fw", chain="forward")
    assert until(lambda: len(panel.rules) == 3)
    press(panel, "undo")
    assert until(lambda: panel.policies == {"forward": "drop"})
    press(panel, "undo")
    assert until(lambda: [rule["key"] for rule in panel.rules] == [ESTABLISHED, FRIENDS, JUMP])


def test_a_simulated_lab_has_the_same_panel() -> None:
    with Lab(engine="simulated") as lab:
        lab.run(SEED + NFT, stream=Written())
        panel = shown(lab)
        assert [rule["key"] for rule in panel.rules] == [ESTABLISHED, FRIENDS, JUMP]
        press(panel, "rule", key=FRIENDS, on=False)
        assert until(lambda: answered(panel) == {"ns0>internet", "ns1>internet"})
        press(panel, "move", key=JUMP, to=0)
        assert until(lambda: [rule["number"] for rule in panel.rules] == [1, 2, 0])
        press(panel, "undo")
        press(panel, "undo")
        assert until(lambda: answered(panel) == EVERYBODY)
        assert [rule["key"] for rule in panel.rules] == [ESTABLISHED, FRIENDS, JUMP]
        assert panel.commands[:1] == ["rule -t inet:fw forward delete 2"]
        panel.close()


def test_a_set_that_is_gone_leaves_the_rule_out_and_the_chain_whole(panel: Panel, seed: Lab) -> None:
    seed.run(NFT, stream=Written())
    assert until(lambda: len(panel.rules) == 3)
    press(panel, "rule", key=FRIENDS, on=False)
    assert until(lambda: not panel.rules[1]["on"])
    seed.run("nft delete set inet fw friends", stream=Written())
    press(panel, "rule", key=FRIENDS, on=True)
    assert until(lambda: bool(panel.status["bad"]))
    assert "friends" in panel.status["text"]
    assert [rule["on"] for rule in panel.rules] == [True, False, True]


SIX = """
bridge docker1 172.18.0.1/16 fd18::1/64
ns ns0 172.18.0.2/16 fd18::2/64 on docker1
ns ns1 172.18.0.3/16 fd18::3/64 on docker1
"""


def test_both_versions_of_ip_are_measured_switched_and_stepped_through(panel: Panel, seed: Lab) -> None:
    seed.run(SIX, quiet=True)
    assert until(lambda: panel.versions == ["IPv4", "IPv6"])
    assert until(lambda: len(panel.pairs["tables"]) == 2 and reached(panel, 1) >= {"ns0>ns1", "ns1>ns0"})
    press(panel, "choose", program="ip6tables")
    assert until(lambda: panel.choice["program"] == "ip6tables")
    switch(panel, "FORWARD", "DROP", "ip6tables")
    assert until(lambda: reached(panel, 1) == set())
    assert answered(panel) == EVERYBODY
    assert says(panel, "ip6tables FORWARD policy DROP: 4 of 4 flows are answered over IPv4, 0 of ")
    assert "ip6tables -P FORWARD DROP" in panel.status["text"]
    with seed.turn():
        seed.engine.run("ip6tables -A FORWARD -p icmpv6 -j ACCEPT", lambda *_: None)
    assert until(lambda: [rule["key"] for rule in panel.rules] == ["-p ipv6-icmp -j ACCEPT#1"])
    assert until(lambda: reached(panel, 1) >= {"ns0>ns1", "ns1>ns0"})
    press(panel, "rule", key=panel.rules[0]["key"], on=False)
    assert until(lambda: reached(panel, 1) == set())
    press(panel, "send", source="ns1", destination="ns0", protocol="icmp", port="", version="IPv6")
    assert until(lambda: panel.packet_path is not None, 10)
    assert panel.packet_path["steps"][-1]["fatal"]
    assert panel.commands[-1] == "why ns1 ns0 -6"


def test_counters_tick(panel: Panel, seed: Lab) -> None:
    with_three_rules(panel, seed)
    before = panel.counters["rules"][BRIDGED]
    with seed.turn():
        seed.engine.run("ip netns exec ns1 ping -c 3 -i 0.01 172.18.0.2", lambda *_: None)
    assert until(lambda: panel.counters["rules"][BRIDGED] > before)


def test_the_panel_follows_a_cell_that_failed_halfway(panel: Panel, seed: Lab) -> None:
    with pytest.raises(CommandFailed):
        seed.run("sudo iptables -P FORWARD DROP\nfalse", stream=Written())
    assert says(panel, "0 of 4 flows")


def test_stepping_through_a_packet_that_dies_and_following_its_remedy(panel: Panel, seed: Lab) -> None:
    seed.run("policy FORWARD DROP")
    press(panel, "send", source="ns1", destination="ns0", protocol="icmp", port="")
    assert until(lambda: panel.packet_path is not None, 5)
    assert panel.packet_path["measured"] == "✕ blocked"
    assert [step["site"] for step in panel.packet_path["steps"]] == ["ns1:eth0", "host:veth-ns1", "FORWARD policy"]
    assert panel.packet_path["steps"][-1]["fatal"]
    press(panel, "step", to=3)
    assert until(lambda: panel.step == 3)
    assert until(lambda: "stopped here: FORWARD policy DROP" in panel.topology["text"] and "✕" in panel.chains["text"])
    press(panel, "step", to=1)
    assert until(lambda: "[▸1] out through eth0" in panel.topology["text"])
    assert "stopped here" not in panel.topology["text"]
    offered = panel.packet_path["remedies"][0]
    press(panel, "remedy", lines=offered["lines"])
    assert until(lambda: panel.packet_path["measured"].startswith("✓ answered"), 5)
    assert offered["lines"].splitlines()[0] in panel.commands
    assert panel.packet_path["steps"][-1]["words"] == "ns1 gets the answer."
    press(panel, "close")
    assert until(lambda: panel.packet_path is None)
    assert until(lambda: "[▸" not in panel.topology["text"])


def test_the_path_follows_the_rules(panel: Panel) -> None:
    press(panel, "send", source="ns1", destination="internet", protocol="icmp", port="")
    assert until(lambda: panel.packet_path is not None, 5)
    switch(panel, "FORWARD", "DROP")
    assert until(lambda: panel.packet_path["steps"][-1]["site"] == "FORWARD policy")
    assert "the lab has changed since it was sent" in panel.packet_path["measured"]


def test_watching_shows_the_moment_of_breaking_and_ends_by_itself(seed: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    panel = shown(seed)
    press(panel, "watch", on=True)
    assert until(lambda: len(panel.strips) == 4 and len(panel.strips[0]["past"]) >= 2)
    assert panel.status["watching"]
    switch(panel, "FORWARD", "DROP")
    assert until(lambda: "✓✕" in panel.strips[0]["past"])
    monkeypatch.setattr(watch, "WATCH_SECONDS", 0.0)
    assert until(lambda: not panel.status["watching"])
    length = len(panel.strips[0]["past"])
    time.sleep(1)
    assert len(panel.strips[0]["past"]) == length
    panel.close()


def test_watching_ends_with_the_last_panel(panel: Panel, seed: Lab) -> None:
    press(panel, "watch", on=True)
    assert until(lambda: bool(panel.status["watching"]))
    press(panel, "gone")
    controller = controller_of(seed)
    assert not controller.watch.is_on
    assert until(lambda: not controller.worker.runs)


def test_a_page_that_was_closed_without_a_word_is_forgotten(panel: Panel, seed: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    controller = controller_of(seed)
    press(panel, "watch", on=True)
    assert until(lambda: controller.watch.is_on)
    monkeypatch.setattr(page, "VIEW_SECONDS", 0.5)
    assert until(lambda: not controller.worker.runs)
    assert not controller.watch.is_on
    monkeypatch.setattr(page, "VIEW_SECONDS", 300.0)
    press(panel, "here")
    switch(panel, "FORWARD", "DROP")
    assert says(panel, "0 of 4 flows")


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        ({"do": "send", "source": "ns1", "destination": "ns0", "protocol": "tcp", "port": "0"}, "A port is a number from 1 to 65535."),
        ({"do": "send", "source": "gone", "destination": "ns0", "protocol": "icmp"}, "there is no namespace gone"),
        ({"do": "rule", "key": "-j ACCEPT#1", "on": False}, "That rule is no longer there."),
        ({"do": "policy", "program": "iptables", "table": "filter", "chain": "DOCKER", "policy": "DROP"}, "DOCKER"),
        ({"do": "choose", "program": "nft", "table": "inet gone"}, "There is no such chain any more."),
        ({"do": "remedy", "lines": "policy FORWARD ACCEPT"}, "That suggestion is no longer available."),
        ({"do": "dance"}, "the panel does not know how to dance"),
        ({"do": "move"}, "KeyError"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(panel: Panel, message: dict[str, object], sentence: str) -> None:
    panel._heard(panel, {"view": "page", **message}, [])
    assert says(panel, sentence)
    assert panel.status["bad"]
    press(panel, "again")
    assert says(panel, "4 of 4 flows")
    assert not panel.status["bad"]


def test_a_rule_that_the_kernel_refuses_stays_out_with_what_iptables_said(panel: Panel, seed: Lab) -> None:
    seed.run("$ iptables -N MINE; iptables -A FORWARD -j MINE", stream=Written())
    assert until(lambda: [rule["key"] for rule in panel.rules] == ["-j MINE#1"])
    press(panel, "rule", key="-j MINE#1", on=False)
    assert until(lambda: not panel.rules[0]["on"])
    seed.run("$ iptables -X MINE", stream=Written())
    press(panel, "rule", key="-j MINE#1", on=True)
    assert until(lambda: bool(panel.status["bad"]))
    assert "MINE" in panel.status["text"]
    assert not panel.rules[0]["on"]


def test_a_lab_that_has_ended_is_started_again_as_it_was(panel: Panel, seed: Lab) -> None:
    with_three_rules(panel, seed)
    seed.run("down")
    assert says(panel, "The lab has ended. This is its last state.")
    assert not panel.status["alive"]
    switch(panel, "FORWARD", "ACCEPT")
    assert says(panel, "The lab has ended; start it again first.")
    assert not seed.is_up
    press(panel, "start")
    assert says(panel, "The lab is up again, in its last known state.")
    assert answered(panel) == EVERYBODY
    assert [f"{spec}#1" for spec in forward(seed)] == [BRIDGED, OUTWARDS, BACK]
    press(panel, "rule", key=OUTWARDS, on=False)
    assert until(lambda: [f"{spec}#1" for spec in forward(seed)] == [BRIDGED, BACK])


def test_cells_go_first(panel: Panel, seed: Lab) -> None:
    with seed.turn():
        assert until(lambda: bool(panel.status["busy"]))
        switch(panel, "FORWARD", "DROP")
        assert until(lambda: bool(panel.status["bad"]), 5)
        assert "busy" in panel.status["text"]
    press(panel, "again")
    assert says(panel, "Measured again.")
    assert not panel.status["busy"]
    assert forward_policy(seed) == "ACCEPT"


def test_without_a_kernel_the_last_state_and_its_text_are_left(panel: Panel, seed: Lab) -> None:
    seed.run("policy FORWARD DROP")
    assert says(panel, "0 of 4 flows")
    bundle, _ = panel._repr_mimebundle_()
    assert "FORWARD policy DROP: 0 of 4 flows are answered." in bundle["text/plain"]
    assert "docker1" in bundle["text/plain"]
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert bundle["image/svg+xml"].startswith("<svg")
    assert bundle["text/html"].count("<svg") == 2


def test_what_a_name_holds_is_escaped(seed: Lab) -> None:
    seed.run("$ ip netns add '<b>x'; ip link add '<i>y' type bridge", stream=Written())
    panel = Panel(seed)
    drawn = panel.topology["svg"] + panel._repr_mimebundle_()[0]["text/html"]
    assert "<b>x" not in drawn
    assert "<i>y" not in drawn
    assert "&lt;b&gt;x" in drawn
    panel.close()


def test_the_panel_speaks_the_language_of_the_lab(seed: Lab) -> None:
    seed.language = "zh_TW"
    panel = Panel(seed)
    assert panel.labels["send"] == "送出"
    assert panel.status["text"] == "FORWARD 預設政策 ACCEPT：4 個流向中有 4 個得到回應。"
    panel.close()


def test_a_long_chain_is_listed_in_part(seed: Lab) -> None:
    seed.run("\n".join(f"forward -s 10.0.{number}.0/24 -j ACCEPT" for number in range(100)))
    panel = Panel(seed)
    assert (len(panel.rules), panel.more) == (60, 40)
    panel.close()


def test_the_panel_of_a_network_that_is_only_looked_at_sends_nothing() -> None:
    with Lab() as lab:
        lab.load(text="*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n-A FORWARD -i br0 -j ACCEPT\nCOMMIT\n")
        panel = shown(lab)
        assert panel.status["text"] == "FORWARD policy DROP. This network is read-only: no packet is sent."
        assert [rule["key"] for rule in panel.rules] == ["-i br0 -j ACCEPT#1"]
        switch(panel, "FORWARD", "ACCEPT")
        assert until(lambda: bool(panel.status["bad"]))
        assert panel.policies["FORWARD"] == "DROP"
        panel.close()
