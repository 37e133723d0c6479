"""Command lines of iptables as changes: the same meaning, and the same refusals, as the program's own."""

import random
import re

import pytest
from support.corpus import in_namespace

from netlab_magic.errors import StatementError
from netlab_magic.iptables.command import read_command
from netlab_magic.iptables.command_changes import changes
from netlab_magic.iptables.diff import apply, invert
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.iptables.save_format import parse


def after(*commands: str, ruleset: Ruleset | None = None) -> Ruleset:
    """The ruleset after these commands, each checked to be taken back by its inverse."""
    ruleset = ruleset or Ruleset()
    for command in commands:
        made = changes(read_command(command), ruleset)
        changed = apply(ruleset, made)
        assert apply(changed, invert(made)) == ruleset
        ruleset = changed
    return ruleset


def lines(ruleset: Ruleset) -> list[str]:
    """Chains with a policy other than ACCEPT or of the user's own, and rules, without counters."""
    text = re.sub(r" ?\[\d+:\d+\] ?", "", str(ruleset))
    return [line for line in text.splitlines() if line[0] == "-" or (line[0] == ":" and not line.endswith("ACCEPT"))]


@pytest.mark.parametrize(
    ("commands", "result"),
    [
        (["iptables -A FORWARD -j DROP"], ["-A FORWARD -j DROP"]),
        (["sudo iptables -t filter -A FORWARD -i docker1 -o docker1 -j ACCEPT"], ["-A FORWARD -i docker1 -o docker1 -j ACCEPT"]),
        (["iptables -I FORWARD -j DROP", "iptables -I FORWARD -j ACCEPT"], ["-A FORWARD -j ACCEPT", "-A FORWARD -j DROP"]),
        (["iptables -A FORWARD -j DROP", "iptables -I FORWARD 2 -j ACCEPT"], ["-A FORWARD -j DROP", "-A FORWARD -j ACCEPT"]),
        (["iptables -A FORWARD -s 10.0.0.1,10.0.0.2 -j DROP"], ["-A FORWARD -s 10.0.0.1/32 -j DROP", "-A FORWARD -s 10.0.0.2/32 -j DROP"]),
        (["iptables -I FORWARD -s 10.0.0.1,10.0.0.2 -j DROP"], ["-A FORWARD -s 10.0.0.2/32 -j DROP", "-A FORWARD -s 10.0.0.1/32 -j DROP"]),
        (["iptables -A FORWARD -j DROP", "iptables -D FORWARD 1"], []),
        (["iptables -A FORWARD -p tcp --dport 80 -j DROP", "iptables -D FORWARD -j DROP -p tcp --dport http"], []),
        (["iptables -A FORWARD -j DROP", "iptables -R FORWARD 1 -j ACCEPT"], ["-A FORWARD -j ACCEPT"]),
        (["iptables -P FORWARD DROP"], [":FORWARD DROP"]),
        (["iptables --policy FORWARD DROP"], [":FORWARD DROP"]),
        (["iptables -N DOCKER", "iptables -A FORWARD -o docker0 -j DOCKER"], [":DOCKER -", "-A FORWARD -o docker0 -j DOCKER"]),
        (["iptables -N A", "iptables -A FORWARD -j A", "iptables -E A B"], [":B -", "-A FORWARD -j B"]),
        (["iptables -N A", "iptables -X A"], []),
        (["iptables -N A", "iptables -N B", "iptables -X"], []),
        (["iptables -A FORWARD -j DROP", "iptables -A INPUT -j DROP", "iptables -F FORWARD"], ["-A INPUT -j DROP"]),
        (["iptables -A FORWARD -j DROP", "iptables -A INPUT -j DROP", "iptables -F"], []),
        (["iptables -t nat -A POSTROUTING -s 172.18.0.0/16 ! -o docker1 -j MASQUERADE"],
         ["-A POSTROUTING -s 172.18.0.0/16 ! -o docker1 -j MASQUERADE"]),
        (["iptables -tnat -A PREROUTING -p tcp --dport 8080 -j DNAT --to 172.18.0.2:80"],
         ["-A PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.18.0.2:80"]),
        (["iptables -w 5 -A FORWARD -m comment --comment 'the web server' -j ACCEPT"],
         ['-A FORWARD -m comment --comment "the web server" -j ACCEPT']),
        (["iptables -A FORWARD -j DROP", "iptables -C FORWARD -j DROP"], ["-A FORWARD -j DROP"]),
        (["iptables -A FORWARD -ptcp --dport=80 -jDROP"], ["-A FORWARD -p tcp -m tcp --dport 80 -j DROP"]),
        (["/usr/sbin/iptables-nft -A FORWARD -j DROP"], ["-A FORWARD -j DROP"]),
    ],
)  # fmt: skip
def test_what_a_command_does(commands: list[str], result: list[str]) -> None:
    assert lines(after(*commands)) == result


def test_counters_go_to_zero() -> None:
    counted = parse("*filter\n:FORWARD ACCEPT [4:40]\n[1:84] -A FORWARD -j ACCEPT\n[2:90] -A FORWARD -j DROP\nCOMMIT\n")
    assert str(after("iptables -Z FORWARD 2", ruleset=counted)).splitlines()[2:4] == [
        "[1:84] -A FORWARD -j ACCEPT",
        "[0:0] -A FORWARD -j DROP",
    ]
    assert "[1:84]" not in str(after("iptables -Z", ruleset=counted))


@pytest.mark.parametrize(
    ("command", "under", "sentence"),
    [
        ("iptables -A FORWARD -p tcp --dprt 80 -j DROP", "--dprt", "no option --dprt"),
        ("iptables -A FORWARD -m comment --comment 'a b' -p tcp --dport 99999", "99999", "99999 is not a port"),
        ("iptables -t nta -A FORWARD -j DROP", "nta", "there is no table nta; did you mean nat?"),
        ("iptables -P FORWARD DORP", "DORP", "DORP is not a policy"),
        ("iptables -P FORWARD", "FORWARD", "-P needs a policy"),
        ("iptables -A", "-A", "-A needs the name of a chain"),
        ("iptables -D FORWARD 0", "0", "rules are counted from 1"),
        ("iptables -D FORWARD first", "first", "first is not the number of a rule"),
        ("iptables FORWARD -j DROP", "FORWARD", "no command is given"),
        ("iptables -A FORWARD -s ! 10.0.0.1 -j DROP", "!", "! comes before -s, not after it"),
        ("iptables -A FORWARD ! -s 10.0.0.1,10.0.0.2 -j DROP", "!", "! cannot be used with several addresses"),
        ("iptables -t nat -A PREROUTING -j DROP", "DROP", "iptables refuses DROP there"),
        ("iptables -N -x", "-x", "a chain's name cannot begin with -"),
        ("iptables -A FORWARD -s port0.example -j DROP", "port0.example", "port0.example is not an IPv4 address"),
        ("iptables -D FORWARD 1 -j DROP", "-j", "-j does not belong here"),
        ("iptables -A FORWARD -I FORWARD -j DROP", "-I", "-I and -A cannot be used together"),
        ("iptables -N a-name-of-a-chain-that-is-too-long", "a-name-of-a-chain-that-is-too-long", "at most 28 characters"),
        ("iptables -N ACCEPT", "ACCEPT", "a chain cannot be called ACCEPT"),
        ("iptables -A FORWARD -m comment --comment 'open", "'", "a quote is opened here"),
        ("iptables", "iptables", "no command is given"),
        ("nft list ruleset", "nft", "not a command of iptables"),
    ],
)
def test_a_command_that_cannot_be_understood(command: str, under: str, sentence: str) -> None:
    with pytest.raises(StatementError) as raised:
        read_command(command)
    assert sentence in raised.value.message
    place = raised.value.place
    assert place
    assert command[place.column : place.column + place.width] == under


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("iptables -A FORWRD -j DROP", "the table filter has no chain FORWRD; did you mean FORWARD?"),
        ("iptables -A FORWARD -j NOWHERE", "there is no chain or target NOWHERE"),
        ("iptables -A FORWARD -g DROP", "there is no chain DROP"),
        ("iptables -I FORWARD 9 -j DROP", "FORWARD has no position 9: its last rule is number 1"),
        ("iptables -D FORWARD 9", "FORWARD has no position 9: its last rule is number 1"),
        ("iptables -D INPUT 1", "INPUT has no rules, so there is no position 1"),
        ("iptables -D FORWARD -j DROP", "FORWARD has no such rule: -j DROP"),
        ("iptables -C FORWARD -j DROP", "FORWARD has no such rule: -j DROP"),
        ("iptables -P USED DROP", "USED is a user-defined chain"),
        ("iptables -X USED", "USED cannot be deleted while rules of FORWARD jump to it"),
        ("iptables -X FULL", "FULL still has rules"),
        ("iptables -X FORWARD", "FORWARD is a built-in chain"),
        ("iptables -E FORWARD OTHER", "FORWARD is a built-in chain"),
        ("iptables -N USED", "already has a chain USED"),
        ("iptables -A INPUT -o eth0 -j DROP", "-o cannot be used in INPUT"),
        ("iptables -t nat -A POSTROUTING -i eth0 -j MASQUERADE", "-i cannot be used in POSTROUTING"),
        ("iptables -A FORWARD -j INPUT", "a rule cannot jump to INPUT"),
        ("iptables -A USED -j USED", "in a circle: USED → USED"),
        ("iptables -E FULL USED", "already has a chain USED"),
    ],
)
def test_a_command_that_iptables_would_refuse(command: str, sentence: str) -> None:
    ruleset = after("iptables -N USED", "iptables -A FORWARD -j USED", "iptables -N FULL", "iptables -A FULL -j RETURN")
    with pytest.raises(StatementError, match=re.escape(sentence)):
        changes(read_command(command), ruleset)


RULES = [
    "-j ACCEPT",
    "-j DROP",
    "-s 10.0.0.1,10.0.0.2 -j RETURN",
    "-i docker0 ! -o docker0 -j ACCEPT",
    "-p tcp --dport http --syn -j REJECT",
    "-m conntrack --ctstate established,related -j ACCEPT",
]
JUMPS = ["-j A", "-g B"]
OWN = ["A", "B", "C"]
CHAINS = ["FORWARD", "INPUT", *OWN]


def random_commands(seed: int, number: int) -> list[str]:
    """Commands that often, but not always, make sense. Only C jumps to other chains, so that there is never a circle."""
    pick = random.Random(seed)  # the same commands each time  # noqa: S311 (cases, not secrets)
    forms = ["-A {rule}", "-I {numbered}", "-D {rule}", "-D {chain} {number}", "-R {numbered}", "-C {rule}", "-P {chain} DROP",
             "-N {own}", "-F {chain}", "-X {own}", "-Z {chain}", "-E {own} {other}", "-X"]  # fmt: skip
    made = []
    for form in pick.choices(forms, [8, 5, 2, 3, 2, 2, 1, 2, 1, 2, 1, 1, 1], k=number):
        chain, own, other, place = pick.choice(CHAINS), pick.choice(OWN), pick.choice(CHAINS), pick.randint(1, 4)
        words = pick.choice(RULES if chain in OWN[:2] else RULES + JUMPS)
        rule, numbered = f"{chain} {words}", f"{chain} {place} {words}"
        made.append(form.format(chain=chain, own=own, other=other, number=place, rule=rule, numbered=numbered))
    return made


@pytest.mark.kernel
@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("variant", ["legacy", "nft"])
def test_the_program_agrees(variant: str, seed: int) -> None:
    """Each command is refused or taken by both, and in the end both have the same rules."""
    done = ["-N A", "-N B", *random_commands(seed, 100)]
    script = "".join(f"iptables-{variant} {command} 2>&3 && echo 0 || echo $?\n" for command in done)
    program = in_namespace(f"exec 3>/dev/null\n{script}iptables-{variant}-save").splitlines()
    ruleset = Ruleset()
    for command, status in zip(done, program, strict=False):
        taken, ruleset = attempted(f"iptables {command}", ruleset)
        assert taken == (status == "0"), f"iptables {command} is {'taken' if taken else 'refused'} by us alone\n{ruleset}"
    assert lines(ruleset) == lines(parse("\n".join([*program[len(done) :], ""])))


def attempted(command: str, ruleset: Ruleset) -> tuple[bool, Ruleset]:
    try:
        return True, after(command, ruleset=ruleset)
    except StatementError:
        return False, ruleset


@pytest.mark.parametrize("number", ["9" * 5000, "00", "²"])
def test_a_number_that_no_rule_has_is_refused_in_a_sentence(number: str) -> None:
    with pytest.raises(StatementError):
        read_command(f"iptables -D FORWARD {number}")
