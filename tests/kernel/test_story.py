"""The tutorial's story on the real kernel: DROP cuts both flows, three rules bring them back one at a time."""

import pytest
from support.labs import SEED, THREE_RULES, Written

from netlab_magic import Lab
from netlab_magic.errors import CommandFailed, ExpectationFailed

pytestmark = pytest.mark.kernel

BRIDGE, OUT, BACK = THREE_RULES.strip().splitlines()

STORY = [
    ("ACCEPT lets everything through", "", True, True),
    ("DROP cuts both", "policy FORWARD DROP", False, False),
    ("the rule for the bridge brings back ns0 alone", f"policy FORWARD DROP\n{BRIDGE}", True, False),
    ("the rule for the way out alone does nothing: the reply is dropped", f"policy FORWARD DROP\n{OUT}", False, False),
    ("bridge and way out: still no reply from outside", f"policy FORWARD DROP\n{BRIDGE}\n{OUT}", True, False),
    ("the way back alone lets nothing begin", f"policy FORWARD DROP\n{BACK}", False, False),
    ("out and back: the Internet without the neighbour", f"policy FORWARD DROP\n{OUT}\n{BACK}", False, True),
    ("all three rules bring back both", f"policy FORWARD DROP{THREE_RULES}", True, True),
    ("without br_netfilter's call, frames on the bridge never meet FORWARD",
     "policy FORWARD DROP\nsysctl net.bridge.bridge-nf-call-iptables=0", True, False),
    ("ip_forward=0 stops routing but not bridging", "sysctl net.ipv4.ip_forward=0", True, False),
]


@pytest.mark.parametrize(("cell", "neighbour", "internet"), [case[1:] for case in STORY], ids=[case[0] for case in STORY])
def test_the_story(seed: Lab, cell: str, neighbour: bool, internet: bool) -> None:
    seed.run(cell)
    assert bool(seed.ping("ns1", "ns0")) is neighbour
    assert bool(seed.ping("ns1", "internet")) is internet


def test_the_commands_of_the_tutorial_run_verbatim(seed: Lab) -> None:
    written = Written()
    seed.run("sudo iptables -t filter -P FORWARD DROP", stream=written)
    seed.run("sudo ip netns exec ns1 ping -c 1 -W 1 172.18.0.2 || true", stream=written)
    assert "1 packets transmitted, 0 received, 100% packet loss" in written.stdout
    seed.run(
        """
        sudo iptables -t filter -A FORWARD -i docker1 -o docker1 -j ACCEPT
        sudo ip netns exec ns1 ping -c 1 172.18.0.2
        sudo iptables -t filter -A FORWARD -i docker1 ! -o docker1 -j ACCEPT
        sudo iptables -t filter -A FORWARD -o docker1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        sudo ip netns exec ns1 ping -c 1 8.8.8.8
        """,
        stream=written,
    )
    assert written.stdout.count("1 received, 0% packet loss") == 2
    listed = Written()
    listing = "sudo iptables -t filter -nvL --line-numbers\nsudo iptables-save -t filter\n"
    seed.run(f"{listing}sudo iptables -t filter -D FORWARD 3", stream=listed)
    assert "Chain FORWARD (policy DROP" in listed.stdout
    assert "-A FORWARD -i docker1 ! -o docker1 -j ACCEPT" in listed.stdout
    assert not seed.ping("ns1", "internet")


def test_a_whole_cell_tells_what_came_of_each_line_and_says_already_so_the_second_time(lab: Lab) -> None:
    cell = f"{SEED}\npolicy FORWARD DROP{THREE_RULES}\nexpect ns1 ns0 ok\nexpect ns1 internet ok"
    first, second = str(lab.run(cell)), str(lab.run(cell))
    assert first.count("already so") == 0
    assert second.count("already so") == 9
    assert second.count("answered in") == 2


def test_expect_fails_the_cell_and_says_what_was_measured(seed: Lab) -> None:
    with pytest.raises(ExpectationFailed, match="ns1 → ns0 was expected to be blocked but is answered"):
        seed.run("ping ns1 internet\nexpect ns1 ns0 blocked")
    assert [bool(result) for result in seed.partial] == [True, False]


def test_rules_are_kept_in_one_copy_and_deleted_by_rule_or_number(seed: Lab) -> None:
    seed.run(f"{THREE_RULES}\nforward insert -i docker1 -o docker1 -j ACCEPT")
    assert str(seed.show("rules", "FORWARD")).count("ACCEPT     ") == 3
    seed.run("forward delete 2\nforward delete -i docker1 -o docker1 -j ACCEPT")
    assert str(seed.show("rules", "FORWARD")).count("ACCEPT     ") == 1
    commented = """-p tcp --dport 8080 -m comment --comment "a 'quoted' # comment" -j DNAT --to-destination 172.18.0.2:80"""
    seed.run(f"rule -t nat PREROUTING {commented}")
    assert r'''--comment "a \'quoted\' # comment"''' in str(seed.show("save"))


def test_a_raw_rule_may_stand_twice_as_in_real_life_and_a_hint_says_so(seed: Lab) -> None:
    written = Written()
    seed.run("forward -i docker1 -o docker1 -j ACCEPT\nsudo iptables -A FORWARD -i docker1 -o docker1 -j ACCEPT", stream=written)
    assert "hint: FORWARD now has this rule 2 times (numbers 1, 2)" in written.stderr


@pytest.mark.parametrize(
    ("command", "under", "sentence"),
    [
        ("sudo iptables -A FORWARD -i docker1 -j DORP", None, "there is no chain or target DORP; did you mean DROP?"),
        ("iptables -A FORWARD -p tcp --dprt 80 -j DROP", "--dprt", "a rule has no option --dprt"),
        ("iptables -t nat -A PREROUTING --dport 80 -j DNAT --to 172.18.0.2", "--dport", "--dport belongs to -m tcp"),
        ("iptables -D FORWARD 9", None, "FORWARD has no rules, so there is no position 9"),
    ],
)
def test_a_raw_command_that_iptables_refuses_is_explained(seed: Lab, command: str, under: str | None, sentence: str) -> None:
    with pytest.raises(CommandFailed) as raised:
        seed.run(f"# the first line\n{command}", stream=Written())
    assert sentence in raised.value.message
    place = raised.value.place
    assert place
    assert place.line == 2
    assert under is None or place.source[place.column : place.column + place.width] == under


def test_counters_stay_when_other_rules_change(seed: Lab) -> None:
    seed.run("policy FORWARD DROP\nforward -i docker1 -o docker1 -j ACCEPT\nping ns1 ns0\nforward -i docker1 ! -o docker1 -j ACCEPT")
    assert "[2:56] -A FORWARD -i docker1 -o docker1 -j ACCEPT" in seed.observe().rules


def test_the_other_variants_rules_are_warned_of(seed: Lab) -> None:
    other = "nft" if seed.engine.ready.firewall == "legacy" else "legacy"
    assert "Warning" not in str(seed.show("save"))
    seed.run(f"sudo iptables-{other} -P FORWARD DROP")
    assert f"Warning: the other variant of iptables ({other})" in str(seed.show("rules"))
    assert not seed.ping("ns1", "ns0")


def test_nftables_tables_beside_iptables_are_noticed_and_shown(seed: Lab) -> None:
    """Docker 29's nftables backend, firewalld and many others make such tables; ACCEPT in iptables does not outvote a drop there."""
    seed.run("$ nft 'add table inet mine { chain forward { type filter hook forward priority 10; policy drop; }; }'")
    assert not seed.ping("ns1", "ns0")
    warning = "Warning: this lab also has nftables tables (inet mine). A packet must pass both"
    for what in ("rules", "save", "topology", "chains"):
        assert warning in str(seed.show(what)), what
    assert "policy drop;" in str(seed.show("save"))
    assert warning in str(seed.status())
    seed.run("$ nft delete table inet mine")
    assert "Warning" not in str(seed.show("rules"))
