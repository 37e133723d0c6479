"""A lab on the real kernel: building, converging, refusing, going back, and what `show` reads back."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from support.labs import THREE_RULES, Written
from support.laws import law
from support.statements import lines as build_lines
from support.waiting import until

from netlab_magic import Lab
from netlab_magic.engines.protocol import Observed
from netlab_magic.errors import KernelRefused, StatementError
from netlab_magic.iptables import save_format
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.model.changes import between
from netlab_magic.model.topology import HOST, End
from netlab_magic.nftables.state import stateless
from netlab_magic.session.results.base import Changed
from netlab_magic.session.script import without_counters

pytestmark = pytest.mark.kernel


def test_what_was_built_is_what_the_kernel_has(seed: Lab) -> None:
    topology = seed.observe().topology
    assert set(topology.namespaces) == {HOST, "ns0", "ns1", "internet"}
    eth0 = topology.interface(End("ns0", "eth0"))
    assert eth0 is not None
    assert (eth0.addresses, eth0.peer, eth0.up, eth0.carrier) == (("172.18.0.2/16",), End(HOST, "veth-ns0"), True, True)
    assert [port.name for port in topology.host.ports("docker1")] == ["veth-ns0", "veth-ns1"]
    forwarding = ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding")
    bridged = ("net.bridge.bridge-nf-call-iptables", "net.bridge.bridge-nf-call-ip6tables")
    assert topology.host.sysctls == dict.fromkeys((*forwarding, *bridged), "1")


@pytest.mark.parametrize("variant", ["legacy", "nft"])
def test_a_policy_is_set_as_iptables_sets_it(variant: str) -> None:
    """What is left is what iptables-restore leaves: in a new table, beside rules, and changed again."""
    cells = {
        "policy FORWARD DROP": ":FORWARD DROP [0:0]",
        "policy FORWARD ACCEPT\nforward -i lo -j DROP": ":FORWARD ACCEPT [0:0]\n-A FORWARD -i lo -j DROP",
    }
    listing = "nft list ruleset" if variant == "nft" else "iptables-legacy-save -c | grep -v '^#'"
    with Lab(firewall=variant) as ours, Lab(firewall=variant) as theirs:
        for lab in (ours, theirs):
            lab.run("policy INPUT DROP\nping host 127.0.0.1")  # has counted
        for statements, lines in cells.items():
            ours.run(statements)
            theirs.shell(f"iptables-restore --noflush <<END\n*filter\n{lines}\nCOMMIT\nEND")
            written = Written(), Written()
            for lab, stream in zip((ours, theirs), written, strict=True):
                lab.shell(listing, stream=stream)
            assert written[0].stdout == written[1].stdout != ""


def test_every_statement_is_a_method_too(lab: Lab) -> None:
    lab.bridge("docker1", "172.18.0.1/16")
    lab.ns("ns0", "172.18.0.2/16", on="docker1")
    lab.ns("ns1", "172.18.0.3/16", on="docker1", via="172.18.0.1")
    lab.internet("8.8.8.8", "1.1.1.1")
    lab.masquerade("172.18.0.0/16", except_="docker1")
    lab.serve("ns0", 80)
    lab.serve("ns0", "53/udp", "echo")
    lab.sysctl("net.ipv4.ip_forward", 1, "ns1")
    lab.link("ns0", "ns1", "10.0.0.1/30", "10.0.0.2/30")
    lab.route("ns0", "10.9.0.0/16", "10.0.0.2")
    lab.policy("FORWARD", "DROP")
    lab.forward("-i docker1 -j ACCEPT")
    lab.forward("-o docker1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT", "insert")
    lab.rule("PREROUTING", "-p tcp --dport 8080 -j DNAT --to-destination 172.18.0.2:80", "nat")
    assert lab.ping("ns1", "1.1.1.1")
    assert lab.tcp("ns1", "ns0:80")
    assert lab.udp("ns1", "ns0:53")
    assert lab.expect("ns1", "internet", "ok")
    assert lab.matrix("ns0", "ns1")
    lab.forward("1", "delete")
    assert not lab.ping("ns1", "internet")
    lab.delete("ns1", "ns0:80")
    assert "ns1" not in str(lab.show("topology"))


def test_things_made_with_raw_commands_are_seen_like_any_other(lab: Lab) -> None:
    lab.run(
        """
        sudo ip netns add ns0
        sudo ip link add docker1 type bridge
        sudo ip link add veth0 type veth peer name br-veth0
        sudo ip link set veth0 netns ns0
        sudo ip link set br-veth0 master docker1
        sudo ip addr add 172.18.0.1/16 dev docker1
        sudo ip link set docker1 up
        sudo ip link set br-veth0 up
        sudo nsenter --net=/var/run/netns/ns0
        ip addr add 172.18.0.2/16 dev veth0
        ip link set veth0 up
        ip route add default via 172.18.0.1
        """,
        stream=Written(),
    )
    topology = lab.observe().topology
    assert topology.interface(End(HOST, "br-veth0")).peer == End("ns0", "veth0")  # type: ignore[union-attr]
    assert lab.ping("ns0", "host")
    picture = str(lab.show("topology"))
    for word in ("ns0", "veth0", "br-veth0", "172.18.0.2/16"):
        assert word in picture


def test_links_between_namespaces_are_told_apart_when_their_indices_are_alike(lab: Lab) -> None:
    lab.run("ns a\nns b\nns c\nns d\nlink a 10.1.0.1/24 -- b 10.1.0.2/24\nlink c 10.2.0.1/24 -- d 10.2.0.2/24")
    peers = dict(lab.observe().topology.links())
    assert peers == {End("a", "eth0"): End("b", "eth0"), End("c", "eth0"): End("d", "eth0")}
    assert lab.ping("a", "b")
    assert not lab.ping("a", "d")


LISTEN = "$ python3 -m http.server 80 >/dev/null 2>&1 & until ss -ltn | grep -q :80; do sleep 0.05; done"


def test_a_chain_of_routers_is_built_in_one_cell_and_comes_back(lab: Lab) -> None:
    lab.run(
        """
        ns a
        ns b
        ns c
        link a 10.1.0.1/24 -- b 10.1.0.2/24
        link b 10.2.0.1/24 -- c 10.2.0.2/24
        sysctl net.ipv4.ip_forward=1 in b
        route a default via 10.1.0.2
        route c default via 10.2.0.1
        expect a c ok
        snapshot chain
        delete a b c
        restore chain
        expect a c ok
        """
    )


def test_what_is_no_namespace_in_run_netns_is_passed_over(seed: Lab) -> None:
    seed.run("$ ln -s /nowhere /run/netns/broken; touch /run/netns/file", stream=Written())
    assert set(seed.observe().topology.namespaces) == {HOST, "ns0", "ns1", "internet"}
    assert seed.ping("ns1", "ns0")


def test_a_namespace_remade_after_a_raw_delete_is_reached(seed: Lab) -> None:
    assert seed.ping("ns1", "ns0")
    seed.run("sudo ip netns del ns0; while ip link show veth-ns0 2>/dev/null; do sleep 0.05; done", stream=Written())
    seed.ns("ns0", "172.18.0.2/16", on="docker1")
    assert seed.ping("ns1", "ns0")


def test_undo_takes_back_the_last_cell_that_changed_something(seed: Lab) -> None:
    seed.policy("FORWARD", "DROP")
    with pytest.raises(KernelRefused):
        seed.run("forward -j ACCEPTT")
    seed.run("policy FORWARD DROP\nping ns1 ns0")
    seed.undo()
    assert save_format.parse(seed.observe().rules).forward_policy == "ACCEPT"


REFUSED = [
    ("a rule with an unknown option", "forward -i a --frobnicate 3 -j ACCEPT", 'unknown option "--frobnicate"'),
    ("a rule with an unknown target", "forward -i a -j FROBNICATE", "FROBNICATE"),
    ("a target that belongs in another table", "rule FORWARD -j MASQUERADE", "iptables refuses this rule"),
    ("a chain that is in another table", "rule POSTROUTING -j ACCEPT", "it is in nat, mangle"),
    ("a rule that is not there", "forward delete 9", "no rules, so there is no rule 9"),
    ("a sysctl that is not there", "sysctl net.ipv4.frobnicate=1", "this kernel has no sysctl net.ipv4.frobnicate"),
    ("a value that the kernel does not take", "sysctl net.ipv4.ip_forward=maybe", "Invalid argument"),
    ("a namespace that is not there", "ping ns9 ns0", "there is no namespace ns9"),
    ("an address outside the network", "ns ns2 10.0.0.1/8 on docker1", "outside the network"),
    ("a duplicate address", "ns ns2 172.18.0.2/16 on docker1", "already the address of ns0:eth0"),
    ("nothing to delete", "delete nope", "there is nothing called nope"),
    ("a port that is taken", f"{LISTEN}\nserve host 80", "Address already in use"),
    ("an unknown snapshot", "restore nope", "there is no snapshot nope"),
    ("a table that is not there", "rule -t nope FORWARD -j DROP", "nope is no table"),
]


@pytest.mark.parametrize(("cell", "sentence"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_bad_input_is_one_sentence_and_changes_nothing(seed: Lab, cell: str, sentence: str) -> None:
    before = seed.observe()
    with pytest.raises((StatementError, KernelRefused)) as caught:
        seed.run(f"bridge new 10.77.0.1/24\n{cell}" if not cell.startswith("$") and "sysctl" not in cell else cell, stream=Written())
    assert sentence in caught.value.message
    after = seed.observe()
    assert between(before.topology, after.topology) == ()
    assert [line for line in before.rules.splitlines() if line[:1] == "-"] == [line for line in after.rules.splitlines() if line[:1] == "-"]


def test_a_refusal_by_the_kernel_leaves_nothing_half_made_and_says_what_the_lines_before_did(seed: Lab) -> None:
    with pytest.raises(KernelRefused) as caught:
        seed.run("bridge new 10.77.0.1/24\nns ok 10.77.0.2/24 on new\nsysctl net.ipv4.frobnicate=1 in ok\nns never")
    assert "the 2 lines before it took effect" in caught.value.message
    assert caught.value.place is not None
    assert caught.value.place.line == 3
    assert {"ok"} == set(seed.observe().topology.namespaces) - {HOST, "ns0", "ns1", "internet"}
    assert seed.ping("ok", "host")


HALF_REFUSED = [
    (
        "a rule, after rules of another table",
        "masquerade 10.77.0.0/24\nrule FORWARD -j MASQUERADE\nforward -i new -j ACCEPT",
        "iptables refuses this rule",
        3,
    ),
    ("a change, beside rules", "forward -i new -j ACCEPT\nsysctl net.ipv4.frobnicate=1 in ns0", "the 1 line before it took effect", 3),
]


@pytest.mark.parametrize(("cell", "sentence", "line"), [case[1:] for case in HALF_REFUSED], ids=[case[0] for case in HALF_REFUSED])
def test_rules_and_changes_that_are_made_at_once_are_taken_back_together(seed: Lab, cell: str, sentence: str, line: int) -> None:
    before = seed.observe()
    with pytest.raises(KernelRefused) as caught:
        seed.run(f"bridge new 10.77.0.1/24\n{cell}")
    assert sentence in caught.value.message
    assert caught.value.place is not None
    assert caught.value.place.line == line
    bridges = {"new"} if "took effect" in sentence else set()
    after = seed.observe()
    assert {bridge.name for bridge in after.topology.host.bridges} - {bridge.name for bridge in before.topology.host.bridges} == bridges
    assert [line for line in before.rules.splitlines() if line[:1] == "-"] == [line for line in after.rules.splitlines() if line[:1] == "-"]


READ = [
    ("ns extra 172.18.0.9/16 on docker1", [(False, False)]),
    ("ping ns1 ns0\nns extra 172.18.0.9/16 on docker1\nexpect ns1 extra ok", [(False, False)]),
    ("ns extra 172.18.0.9/16 on docker1\nforward -j ACCEPT", [(True, False)]),
    ("delete ns0", [(True, True)]),
    ("why ns1 ns0", [(True, True)]),
    ("show rules\nexplain FORWARD\ndiff", [(True, True)]),
]


@pytest.mark.parametrize(("cell", "read"), READ, ids=[cell.splitlines()[0] for cell, _ in READ])
def test_a_cell_reads_the_lab_back_once_and_the_firewall_only_if_it_has_to(
    seed: Lab, monkeypatch: pytest.MonkeyPatch, cell: str, read: list[tuple[bool, bool]]
) -> None:
    looks: list[tuple[bool, bool]] = []
    observe = seed.engine.observe

    def watched(sysctls: Mapping[str, Sequence[str]], rules: bool = True, foreign: bool = False) -> Observed:
        looks.append((rules, foreign))
        return observe(sysctls, rules, foreign)

    monkeypatch.setattr(seed.engine, "observe", watched)
    seed.run(cell)
    assert looks == read


def test_a_cell_that_only_builds_is_taken_back_without_the_rules_that_came_after_it(seed: Lab) -> None:
    seed.run("ns extra 172.18.0.9/16 on docker1")
    assert "extra" in str(seed.diff())
    seed.policy("FORWARD", "DROP")
    assert "policy ACCEPT → DROP" in str(seed.diff())
    seed.undo()
    assert "extra" in seed.observe().topology.namespaces
    seed.undo()
    assert "extra" not in seed.observe().topology.namespaces
    assert save_format.parse(seed.observe().rules).forward_policy == "ACCEPT"


def test_dry_run_shows_the_commands_and_does_nothing(seed: Lab) -> None:
    before = seed.observe()
    result = seed.run("ns ns2 172.18.0.4/16 on docker1\npolicy FORWARD DROP\nforward -j DROP", dry_run=True)
    assert "ip netns add ns2" in str(result)
    assert "iptables -P FORWARD DROP" in str(result)
    assert seed.observe().topology == before.topology
    assert save_format.parse(seed.observe().rules).forward_policy == "ACCEPT"


def test_snapshot_restore_and_undo_bring_the_kernel_back(seed: Lab) -> None:
    seed.run(f"policy FORWARD DROP{THREE_RULES}\nserve ns0 80\nsnapshot before")
    seed.run("delete ns0 internet docker1\npolicy FORWARD ACCEPT\nforward delete 1\nsysctl net.ipv4.ip_forward=0\nns extra")
    assert seed.restore("before")
    assert seed.matrix()
    assert seed.tcp("ns1", "ns0:80")
    assert seed.observe().topology.host.sysctls["net.ipv4.ip_forward"] == "1"
    assert "extra" not in seed.observe().topology.namespaces
    seed.policy("FORWARD", "ACCEPT")
    seed.run("sudo iptables -F FORWARD; sudo ip netns del ns1", stream=Written())
    seed.undo()
    assert seed.ping("ns1", "ns0")
    seed.undo()
    assert "FORWARD DROP" in seed.observe().rules


RULES_OF_ALL_KINDS = """
policy -6 FORWARD DROP
forward -6 -p icmpv6 -j ACCEPT
ip netns exec ns0 iptables -A INPUT -p tcp --dport 22 -j DROP
nft -f - <<'EOF'
table inet fw {
    set known { type ipv4_addr; flags interval; elements = { 10.9.0.0/16 }; }
    map ways { type ifname : verdict; elements = { "docker1" : accept }; }
    counter seen { }
    chain f {
        type filter hook forward priority 10; policy accept;
        ip saddr @known counter name seen drop comment "it's $HOME"
        oifname vmap @ways
        counter
    }
}
EOF
ip netns exec ns2 nft add table ip own
"""


def state(lab: Lab) -> tuple[object, ...]:
    """All rules of a lab, without counters."""
    seen = lab.look(foreign=True)
    four, six = ({name: listed(held) for name, held in rulesets.items()} for rulesets in (seen.rulesets, seen.rulesets6))
    return four, six, {name: stateless(held) for name, held in seen.native.items()}


def listed(ruleset: Ruleset) -> list[str]:
    return without_counters(ruleset).splitlines()


def test_show_script_makes_the_same_lab(seed: Lab, tmp_path: Path) -> None:
    seed.run(f"policy FORWARD DROP{THREE_RULES}\nns ns2 fd00::2/64 on docker1\nlink ns0 10.0.0.1/30 -- ns1 10.0.0.2/30")
    seed.run("bridge br6 fd00:6::1/64\nns six fd00:6::2/64 on br6\nroute six fd00:7::/64 via fd00:6::1")
    seed.run(RULES_OF_ALL_KINDS, stream=Written())
    script = tmp_path / "lab.sh"
    script.write_text(str(seed.show("script")))
    subprocess.run(["sh", "-n", script], check=True)
    with Lab(firewall=seed.engine.ready.firewall) as other:
        other.run(f"sudo ip link set lo down; sh {script}", stream=Written())
        assert between(other.observe().topology, seed.observe().topology) == ()
        made, wanted = (state(lab) for lab in (other, seed))
        assert made == wanted
        assert other.matrix("ns0", "ns1")
        assert other.ping("ns1", "internet")


def test_reset_and_down_leave_nothing_of_the_lab(seed: Lab) -> None:
    seed.reset()
    assert set(seed.observe().topology.namespaces) == {HOST}
    seed.down()
    assert not seed.is_up
    assert "not running" in str(seed.status())


def test_an_old_flow_does_not_answer_for_a_new_one(seed: Lab) -> None:
    """Each probe is a flow of its own to conntrack: an answered one before must not make the next one ESTABLISHED."""
    seed.run("policy FORWARD DROP\nroute internet 172.18.0.0/16 via 203.0.113.2")
    seed.run("forward -o docker1 -j ACCEPT\nforward -i docker1 -j ACCEPT")
    assert seed.ping("internet", "ns1")
    seed.run("forward delete -o docker1 -j ACCEPT\nforward -o docker1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT")
    assert not seed.ping("internet", "ns1")


def test_status_names_servers_and_background_processes(seed: Lab) -> None:
    seed.run("serve ns0 80\n$ sudo ip netns exec ns1 sleep 1000 &", stream=Written())
    assert until(lambda: "running in ns1: sleep 1000" in str(seed.status()))  # the shell's child has become the command
    assert "server: ns0:80 (http)" in str(seed.status())


def test_routes_conntrack_and_chains_are_shown(seed: Lab) -> None:
    seed.ping("ns1", "internet")
    assert "default via 172.18.0.1 dev eth0" in str(seed.show("routes"))
    assert "icmp" in str(seed.show("conntrack"))
    assert "MASQUERADE" in str(seed.show("chains", "POSTROUTING"))
    with pytest.raises(StatementError, match="there is no chain FORWARDS; did you mean FORWARD"):
        seed.show("chains", "FORWARDS")


def test_every_statement_tells_its_commands(seed: Lab) -> None:
    result = seed.run("ns ns2 172.18.0.4/16 on docker1", commands=True)
    assert isinstance(result, Changed)
    assert "ip link set veth-ns2 master docker1 up" in result.commands
    assert "ip link set veth-ns2 master docker1 up" in str(result)
    assert "<details open>" in result.html()


@pytest.mark.long("random building statements")
@law(15, suppressed=(HealthCheck.function_scoped_fixture,))
@given(cell=st.lists(build_lines, max_size=8))
def test_the_kernel_agrees_with_the_plan(lab: Lab, cell: list[str]) -> None:
    """Whatever is built, reading it back gives what was planned: every statement is then already so."""
    lab.reset()
    done = []
    for line in cell:
        try:
            lab.run(line)
        except StatementError:
            continue
        done.append(line)
    topology = lab.observe().topology
    lab.snapshot("there")
    lab.run("delete " + " ".join(name for name in topology.namespaces if name != HOST)) if len(topology.namespaces) > 1 else None
    lab.restore("there")
    assert between(lab.observe().topology, topology) == ()


def test_a_hundred_namespaces_are_built_and_reach_each_other(lab: Lab) -> None:
    cell = ["bridge br0 10.0.0.1/16", *(f"ns n{number} 10.0.1.{number}/16 on br0" for number in range(1, 101))]
    lab.run("\n".join(cell), quiet=True)
    matrix = lab.matrix()
    assert len(matrix.outcomes) == 9_900
    assert matrix
    lab.policy("FORWARD", "DROP")
    assert not any(outcome.answered for outcome in lab.matrix().outcomes)


CHANGED_BESIDE = [
    "iptables -A FORWARD -s 10.0.0.0/8 -j ACCEPT",
    "iptables -R FORWARD 1 -s 10.0.0.0/8 -j DROP",
    "iptables -P FORWARD DROP",
    "iptables -t nat -N MINE; iptables -t nat -A PREROUTING -j MINE",
    "iptables -t mangle -A POSTROUTING -o docker1 -j TTL --ttl-set 9",
    "iptables -F FORWARD; iptables -Z",
    "ip netns exec ns1 ping -c 1 172.18.0.1",
]


def test_a_dump_that_is_kept_is_what_iptables_save_would_print(seed: Lab) -> None:
    seed.run(f"{THREE_RULES}\nrule INPUT -i docker1 -j ACCEPT")
    for command in CHANGED_BESIDE:
        seed.observe()  # so that there is a dump to keep
        seed.run(f"$ {command}", stream=Written())
        kept, printed = kept_and_printed(seed)
        assert kept == printed, command


def kept_and_printed(lab: Lab) -> tuple[list[str], list[str]]:
    """The dump that the lab gives, and the program's. Both are asked again if counters rose meanwhile: bridges send packets."""
    for _ in range(20):
        kept, printed = dump_without_comments(lab.observe().rules), Written()
        lab.run("$ iptables-save -c", stream=printed)
        if dump_without_comments(lab.observe().rules) == kept:
            break
    return kept, dump_without_comments(printed.stdout)


def dump_without_comments(dump: str) -> list[str]:
    return [line for line in dump.splitlines() if not line.startswith("#")]
