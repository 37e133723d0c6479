"""Tables of nft in cells: made by commands, shown, remembered, compared, and brought back."""

from collections.abc import Iterator

import pytest
from support.labs import Written

from netlab_magic import CommandFailed, Lab, NetlabError, NftListing, Place, StatementError
from netlab_magic.jupyter.completion import Completer
from netlab_magic.nftables.ruleset import Ruleset

pytestmark = pytest.mark.kernel

FW = """\
table inet fw {
	comment "<b>mine</b>"
	set blocked {
		type ipv4_addr
		flags interval
		elements = { 10.9.0.0/16 }
	}

	chain forward {
		type filter hook forward priority filter; policy accept;
		ip saddr @blocked counter packets 0 bytes 0 drop
	}
}
"""
LATE = "nft 'add chain inet late f { type filter hook forward priority 5; policy drop; }'"
MADE = f"nft -f - <<EOF\n{FW}EOF\n"


def test_the_ruleset_is_shown_as_nft_prints_it(lab: Lab) -> None:
    assert str(lab.show("nft")) == "nft has no tables here."
    lab.run(f"{MADE}nft add table ip other\nforward -j ACCEPT")
    shown = lab.show("nft")
    assert isinstance(shown, NftListing)
    ran = lab.run("nft list ruleset", stream=lambda *_: None)
    assert shown.text == ran.output
    assert shown.tables[:2] == ("inet fw", "ip other")
    assert ("ip filter" in shown.tables) == (lab.engine.ready.firewall == "nft")
    assert str(lab.run("show nft inet fw")) == str(lab.show("nft", "inet:fw")) == FW.rstrip()
    assert "&lt;b&gt;mine" in lab.run("show nft").html()
    with pytest.raises(StatementError, match="there is no table ip fw; did you mean inet fw"):
        lab.run("show nft fw")


def test_tables_are_remembered_and_brought_back(seed: Lab) -> None:
    seed.run(f"{MADE}ping ns1 ns0\nsnapshot first")
    first = seed.show("nft", "inet:fw").text
    seed.run("nft add element inet fw blocked '{ 172.18.0.3 }'\nexpect ns1 ns0 blocked\nundo\nexpect ns1 ns0 ok")
    seed.run(f"forward -j ACCEPT\n$ nft flush ruleset inet; nft add table inet late\n{LATE}")
    told = str(seed.diff("first"))
    assert "table inet fw: gone\n  the table itself\n    -          comment" in told
    assert "  chain f: new, type filter hook forward priority filter + 5; policy drop, no rules" in told
    assert "Matches packets that come from an address in the set blocked." in told
    assert "<b>mine" not in seed.diff("first").html()
    seed.run("expect ns1 ns0 blocked\nrestore first\nexpect ns1 ns0 ok")
    assert seed.show("nft", "inet:fw").text == first
    seed.run("undo\nexpect ns1 ns0 blocked")
    assert "inet late" in seed.show("nft").tables
    assert "inet fw" not in seed.show("nft").tables
    seed.run("ip netns exec ns0 nft -f - <<EOF\ntable ip own { chain i { type filter hook input priority 0; policy drop; }; }\nEOF")
    assert "table ip own in ns0: new" in str(seed.diff())
    status = str(seed.status())
    assert "nftables: 2 tables" in status
    assert "Warning: ns0 also has nftables tables (ip own); look with: $ ip netns exec ns0 nft list ruleset" in status
    seed.run("undo\nrestore first\nexpect ns1 ns0 ok\nip netns exec ns0 nft list ruleset")


def test_what_nft_puts_into_a_table_with_a_name_of_iptables_is_seen_and_kept_apart(seed: Lab) -> None:
    """Seed has a rule of iptables in `nat`, which with the nft variant is the same table."""
    chains = "chain own { counter; }; chain post { type nat hook postrouting priority 90; fib daddr type local jump own; }"
    seed.run(f"snapshot before\nnft -f - <<EOF\ntable ip nat {{ {chains}; }}\ntable inet fw {{ }}\nEOF")
    seed.run("snapshot mixed\n$ nft 'table bridge filter { chain f { type filter hook forward priority 0; policy drop; }; }'")
    seed.run("expect ns1 ns0 blocked")
    tables = {table.title: [chain.name for chain in table.chains] for table in seed.look(foreign=True).native["host"].tables}
    assert tables == {"ip nat": ["own", "post"], "inet fw": [], "bridge filter": ["f"]}
    for name, left in (("mixed", {"ip nat", "inet fw"}), ("before", set()), ("mixed", {"ip nat", "inet fw"})):
        seed.run(f"restore {name}\nexpect ns1 internet ok\nexpect ns1 ns0 ok")
        now = seed.look(foreign=True)
        assert {table.title for table in now.native.get("host", Ruleset()).tables} == left
        assert "MASQUERADE" in now.dump


def test_what_nft_refuses_and_what_its_writer_may_not_have_meant_are_told(lab: Lab) -> None:
    written = Written()
    twice = "nft add rule inet fw forward counter\n" * 2
    lab.run(f"{MADE}{twice}nft add chain inet fw INPUT", stream=written)
    assert "hint: chain forward of table inet fw now has this rule 2 times (rules 2, 3): counter\n" in written.stderr
    assert "hint: chain INPUT of table inet fw has no hook, so no packet enters it unless a rule jumps to it" in written.stderr
    with pytest.raises(CommandFailed, match="without a family nft means ip fw, which does not exist; there is inet fw") as caught:
        lab.run("ns a\nnft add rule fw forward drop", stream=written)
    assert caught.value.place == Place(2, "nft add rule fw forward drop", 13, 2)
    with pytest.raises(CommandFailed, match="the table inet fw has no chain nosuch") as caught:
        lab.run("nft -f - <<EOF\nadd table inet fw\n  add rule inet fw nosuch drop\nEOF", stream=written)
    assert caught.value.place == Place(3, "  add rule inet fw nosuch drop", 19, 6)
    with pytest.raises(CommandFailed, match="text in braces needs quotes"):
        lab.run("nft add chain inet fw f { type filter hook input priority 0; policy drop; }", stream=written)
    lab.run("forward -j ACCEPT\nnft flush ruleset", stream=(gone := Written()))
    assert ("the rules of iptables are gone too" in gone.stderr) == (lab.engine.ready.firewall == "nft")


def test_statements_take_tables_of_nft(seed: Lab) -> None:
    seed.run(f"{MADE}nft 'add chain inet fw post {{ type nat hook postrouting priority 90; }}'\nexpect ns1 ns0 ok")
    seed.run("policy -t inet:fw forward DROP\nexpect ns1 ns0 blocked")
    seed.run("rule -t inet:fw forward insert icmp type {echo-request,echo-reply} accept")
    seed.run('rule -t inet:fw post iifname "docker1" counter comment "a # b"\nexpect ns1 ns0 ok')
    again = seed.run("rule -t inet:fw forward insert icmp type { echo-reply, 8 } accept\npolicy -t inet:fw forward drop")
    assert str(again[0]).endswith("already so (rule 1 of forward in inet fw)")
    assert not again[1].changed
    assert "netlab-spelling" not in seed.show("nft").text
    shown = str(seed.run("show rules -t inet:fw forward")).splitlines()
    assert shown[0] == "chain forward (type filter hook forward priority filter; policy drop)"
    assert shown[1].split() == ["num", "handle", "rule"]
    assert shown[2].split(maxsplit=2)[::2] == ["1", "icmp type { echo-reply, echo-request } accept"]
    gone = seed.run("rule -t inet:fw forward delete 1")
    assert "rule 1 of forward in inet fw is gone: icmp type { echo-reply, echo-request } accept" in str(gone)
    assert gone.commands == (f"nft delete rule inet fw forward handle {shown[2].split()[1]}",)
    seed.run("expect ns1 ns0 blocked\nundo\nexpect ns1 ns0 ok")


@pytest.mark.parametrize(
    ("line", "sentence", "marked"),
    [
        ("rule -t inet:fw forwrd drop", "the table inet fw has no chain forwrd; did you mean forward?", "forwrd"),
        ("rule -t ip:fw forward drop", "there is no table ip fw; did you mean inet fw?", "ip:fw"),
        ("rule -t inet:fw forward tcp dprt 22 drop", "nft says: syntax error, unexpected string", "dprt"),
        ("rule -t inet:fw forward iif b0 drop", "nft says: Interface does not exist (iif and oif need a device that is there", "b0"),
        ("rule -t inet:fw forward delete 7", "forward in inet fw has 1 rule, so there is no rule 7 to delete", "7"),
        ("policy -t inet:fw x DROP", "the chain x of inet fw has no hook, so no policy", "x"),
        ("show rules -t inet:fw y", "the table inet fw has no chain y", "y"),
    ],
)
def test_what_cannot_be_in_a_table_of_nft_is_one_sentence_with_its_place(fw: Lab, line: str, sentence: str, marked: str) -> None:
    with pytest.raises(NetlabError) as caught:
        fw.run(line)
    place = caught.value.place
    assert sentence in caught.value.message
    assert place.source[place.column : place.column + place.width] == marked


def test_tab_completes_tables_of_nft_and_their_chains(fw: Lab) -> None:
    completer = Completer(lambda: fw)
    assert {"nat", "inet:fw"} <= set(completer.words(["rule", "-t"]))
    assert set(completer.words(["show", "rules", "-t", "inet:fw"])) == {"forward", "x"}
    assert "inet:fw" in completer.words(["show", "nft"])
    assert "fw" in completer.words(["show", "nft", "inet"])


@pytest.fixture(scope="module")
def fw() -> Iterator[Lab]:
    """A lab with a table of nft."""
    with Lab() as made:
        made.run(f"{MADE}nft add chain inet fw x")
        yield made
