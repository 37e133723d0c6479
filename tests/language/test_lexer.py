"""Which lines are commands, and how much of the cell belongs to each."""

import pytest

from netlab_magic.language import statements as s
from netlab_magic.language.lexer import logical_lines
from netlab_magic.language.parser import parse
from netlab_magic.language.syntax import SYNTAX

COMMANDS = [
    "sudo ip netns exec ns1 ping -c 1 172.18.0.2",
    "ip link",
    "iptables -t filter -nvL --line-numbers",
    "iptables-save -t filter",
    "nsenter --net=/var/run/netns/ns1 ip addr",
    "modprobe br_netfilter",
    "sysctl -w net.ipv4.ip_forward=1",
    "sysctl net.ipv4.ip_forward",
    "ping -c 1 8.8.8.8",
    "ping -6 fd00::1",
    "ping -6 -c 1 fd00::1",
    "bridge link show",
    "bridge -d fdb",
    "route -n",
    "route add default gw 10.0.0.1",
    "tcpdump -c 1 &",
    "echo 1 > /proc/sys/net/ipv4/ip_forward",
    "NAME=value",
    "for i in 1 2; do echo $i; done",
    "/usr/sbin/ip link",
]


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_a_tutorial_is_run_as_typed(line: str) -> None:
    [statement] = parse(line)
    assert isinstance(statement, s.Command)
    assert statement.text == line


@pytest.mark.parametrize(("line", "text"), [("$ frobnicate -x", "frobnicate -x"), ("!ls", "ls"), ("  $   ip link", "ip link")])
def test_a_prompt_in_front_of_a_command_is_taken_off(line: str, text: str) -> None:
    [statement] = parse(line)
    assert isinstance(statement, s.Command)
    assert statement.text == text


@pytest.mark.parametrize("line", ["ping -6 ns1 ns0", "ping -4 ns1 internet  # both names"])
def test_ping_with_a_family_and_two_ends_is_the_statement(line: str) -> None:
    [statement] = parse(line)
    assert isinstance(statement, s.ProbeFlow)


TOGETHER = [
    ("a continuation", "sudo ip link \\\n  add br0 type bridge"),
    ("a here-document", "cat <<EOF | tee x\nping a b\nEOF"),
    ("an indented here-document", "cat <<-'EOF'\n\thello\n\tEOF"),
    ("a loop", "for i in 1 2; do\n  echo $i\ndone"),
    ("a nested loop", "for i in 1 2; do\n  if true; then\n echo\n fi\ndone"),
    ("an open quote", "sudo sh -c '\n  echo 1\n'"),
]


@pytest.mark.parametrize("text", [text for _, text in TOGETHER], ids=[name for name, _ in TOGETHER])
def test_lines_that_belong_to_one_command_stay_together(text: str) -> None:
    first, last = parse(f"{text}\nping a b")
    assert isinstance(first, s.Command)
    assert first.text == text
    assert isinstance(last, s.ProbeFlow)
    assert last.place is not None
    assert last.place.line == text.count("\n") + 2


SHELLS = [
    "nsenter --net=/var/run/netns/ns1",
    "sudo nsenter --net=/run/netns/ns1 bash",
    "sudo ip netns exec ns1 bash",
    "sudo -i",
    "sudo su -",
]


@pytest.mark.parametrize("opener", SHELLS)
def test_a_shell_gets_the_following_lines_up_to_exit(opener: str) -> None:
    first, last = parse(f"{opener}\nhostname\nip addr\nexit\nping a b")
    assert isinstance(first, s.Command)
    assert (first.text, first.following) == (opener, "hostname\nip addr\nexit")
    assert isinstance(last, s.ProbeFlow)


def test_a_statement_goes_on_after_a_backslash() -> None:
    [statement] = parse("ns a 10.0.0.2/24 \\\n   on br0")
    assert isinstance(statement, s.NetworkNamespace)
    assert statement.on == "br0"


def test_variables_are_replaced_in_statements_but_not_in_commands() -> None:
    cell = "ping a {b}\necho {b}"
    first, second = parse(cell, lambda line: line.replace("{b}", "c"))
    assert isinstance(first, s.ProbeFlow)
    assert first.destination.name == "c"
    assert isinstance(second, s.Command)
    assert second.text == "echo {b}"


def test_comments_and_empty_lines_are_nothing() -> None:
    assert list(logical_lines("\n  \n# one\n   # two\n", SYNTAX)) == []
