"""dockerd's nftables table in a simulated lab: read from its script, asked beside iptables' tables, and listed with counters."""

import re
from collections.abc import Iterator

from netlab_magic.engines.simulated.world import World
from netlab_magic.iptables.refusal import Refused
from netlab_magic.iptables.rule_parser import read_rule
from netlab_magic.iptables.ruleset import Chain, Counters, Rule, Table
from netlab_magic.model.hooks import BESIDE

__all__ = ["NotUnderstood", "listed", "read_tables"]

_BLOCK = re.compile(r"^\t(?P<kind>map|chain) (?P<name>\S+) \{\n(?P<body>.*?)^\t\}", re.MULTILINE | re.DOTALL)
_BASE = re.compile(r"type \w+ hook \w+ priority \S+; policy (?P<policy>\w+);")
_ELEMENT = re.compile(r'"(?P<device>[^"]+)" : jump (?P<chain>[^\s,]+)')
_LOOKUP = re.compile(r"(?P<way>[io])ifname vmap @(?P<map>\S+)")
_COMMENT = re.compile(r' comment "[^"]*"$')
_COUNTER = re.compile(r"\bcounter(?: packets \d+ bytes \d+)? ?")
# A phrase of nft, and the words of iptables that say the same.
_PHRASES = (
    (r'iifname != "(\S+)"', r"! -i \1"),
    (r'oifname != "(\S+)"', r"! -o \1"),
    (r'iifname "(\S+)"', r"-i \1"),
    (r'oifname "(\S+)"', r"-o \1"),
    (r"ct state established,related", r"-m conntrack --ctstate RELATED,ESTABLISHED"),
    (r"fib daddr type local", r"-m addrtype --dst-type LOCAL"),
    (r"fib saddr type local", r"-m addrtype --src-type LOCAL"),
    (r"ip protocol icmp", r"-p icmp"),
    (r"ip daddr != (\S+)", r"! -d \1"),
    (r"ip saddr != (\S+)", r"! -s \1"),
    (r"ip daddr (\S+)", r"-d \1"),
    (r"ip saddr (\S+)", r"-s \1"),
    (r"(tcp|udp|sctp) dport (\d+)", r"-p \1 -m \1 --dport \2"),
    (r"dnat to (\S+)", r"-j DNAT --to-destination \1"),
    (r"snat to (\S+)", r"-j SNAT --to-source \1"),
    (r"masquerade", r"-j MASQUERADE"),
    (r"jump (\S+)", r"-j \1"),
    (r"accept", r"-j ACCEPT"),
    (r"drop", r"-j DROP"),
)


class NotUnderstood(Exception):
    """A line that is none of Docker's."""


def _blocks(script: str) -> Iterator[tuple[str, str, list[str]]]:
    for block in _BLOCK.finditer(script):
        yield block["kind"], block["name"], [line.strip() for line in block["body"].splitlines()]


def read_tables(script: str) -> tuple[Table, ...]:
    """The table as tables that stand beside iptables' own, one for each kind of its chains. Raises NotUnderstood."""
    maps = {name: _ELEMENT.findall(" ".join(lines)) for kind, name, lines in _blocks(script) if kind == "map"}
    chains: dict[str, list[Chain]] = {}
    for kind, name, lines in _blocks(script):
        if kind == "chain":
            base = _BASE.match(lines[0]) if lines else None
            table, _, hook = name.partition("-")
            rules = tuple(rule for line in lines[1 if base else 0 :] for rule in _rules(line, maps))
            chains.setdefault(table, []).append(Chain(hook if base else name, base["policy"].upper() if base else None, rules, None))
    return tuple(Table(f"{table}{BESIDE}", tuple(held)) for table, held in chains.items())


def _rules(line: str, maps: dict[str, list[tuple[str, str]]]) -> Iterator[Rule]:
    """The rules that a line comes to: a lookup in a verdict map is one for each element."""
    if looked_up := _LOOKUP.fullmatch(line):
        for device, chain in maps.get(looked_up["map"], []):
            yield _rule([f"-{looked_up['way']}", device, "-j", chain])
        return
    left, words = _COMMENT.sub("", _COUNTER.sub("", line)).strip(), list[str]()
    while left:
        for phrase, meaning in _PHRASES:
            found = re.match(rf"{phrase}(?:\s+|$)", left)
            if found:
                words += found.expand(meaning).split()
                left = left[found.end() :]
                break
        else:
            raise NotUnderstood(line)
    yield _rule(words)


def _rule(words: list[str]) -> Rule:
    """A rule of words in any order: what is not part of a match goes to the front, where iptables wants it."""
    own, rest, at = list[str](), list[str](), 0
    while at < len(words):
        length = 3 if words[at] == "!" else 2
        is_own = words[at + length - 2] in ("-i", "-o", "-s", "-d", "-p")
        (own if is_own else rest).extend(words[at : at + length])
        at += length
    try:
        read = read_rule([*own, *rest], strict=False)
    except Refused as error:
        raise NotUnderstood(" ".join(words)) from error
    return Rule(read.options, read.matches, read.target, Counters())


def listed(world: World) -> str:
    """What `nft list table ip docker-bridges` prints."""
    chains = {_own_name(table, chain): chain for table in world.beside for chain in table.chains}
    rules: Iterator[Rule] = iter(())
    lines: list[str] = []
    for line in world.script.splitlines():
        opened = re.match(r"\tchain (\S+) \{", line)
        elements = re.match(r"\t\telements = \{ (.*) \}", line)
        if opened:
            rules = iter(chains[opened[1]].rules)
        if elements:
            lines.append("\t\telements = { " + elements[1].replace(", ", ",\n\t\t\t     ") + " }")
        elif line.startswith("\t\t") and "counter" in line:
            counters = next(rules).counters or Counters()
            lines.append(_COUNTER.sub(f"counter packets {counters.packets} bytes {counters.bytes} ", line, count=1))
        else:
            lines.append(line)
    return "".join(f"{line}\n" for line in lines)


def _own_name(table: Table, chain: Chain) -> str:
    """The name that nft has for a chain."""
    return f"{table.name.removesuffix(BESIDE)}-{chain.name}" if chain.policy else chain.name
