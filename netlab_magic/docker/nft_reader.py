"""Reads dockerd's nftables table as `nft list table` prints it, into the values that chains are drawn and explained from."""

import re
from collections.abc import Iterator

from netlab_magic.docker.nft_writer import TABLE
from netlab_magic.iptables.ruleset import Chain, Counters, Option, Rule, Table, Target

__all__ = ["chain_meaning", "nft_table"]

_BLOCK = re.compile(r"^\t(?P<kind>map|chain) (?P<name>\S+) \{\n(?P<body>.*?)^\t\}", re.MULTILINE | re.DOTALL)
_HOOK = re.compile(r"type \w+ hook \w+ priority \S+; policy (?P<policy>\w+);")
_ELEMENT = re.compile(r'"(?P<bridge>[^"]+)" : jump (?P<chain>[^\s,]+)')
_RULE = re.compile(
    r"(?P<match>.*?) ?(?:counter (?:packets (?P<packets>\d+) bytes (?P<bytes>\d+) )?)?"
    r'(?P<verdict>accept|drop|masquerade|jump|dnat to|snat to)(?: (?P<to>\S+?))??(?: comment "(?P<comment>[^"]*)")?'
)
_DIRECTIONS = {
    "filter-forward-in__": "what may enter the network of {}: replies, its own containers, published ports",
    "filter-forward-out__": "what may leave the network of {}",
    "nat-postrouting-in__": "whose address is translated on the way into the network of {}: the host's, where no proxy runs",
    "nat-postrouting-out__": "source NAT for what leaves the network of {}",
}
_BASES = {
    "filter-FORWARD": "every packet that is forwarded: looked at by the bridge it goes to, then by the bridge it came from",
    "nat-PREROUTING": "packets that arrive for an address of the host: published ports",
    "nat-OUTPUT": "the host's own packets to an address of its own: published ports",
    "nat-POSTROUTING": "packets that leave, by the bridge they came from and by the bridge they go to: source NAT",
    "nat-prerouting-and-output": "the published ports: where each one leads",
    "raw-PREROUTING": "packets that arrive, before anything else: who must not get to a container's own address",
}


def chain_meaning(name: str) -> str:
    """What a chain of the table is for, in a few words; "" for one that is not Docker's.

    >>> chain_meaning("filter-forward-out__docker0")
    'what may leave the network of docker0'
    """
    for start, meaning in _DIRECTIONS.items():
        if name.startswith(start):
            return meaning.format(name.removeprefix(start))
    return _BASES.get(name, "")


def nft_table(listing: str) -> Table:
    """The table with its chains; a lookup in a verdict map becomes one rule for each element of the map."""
    maps: dict[str, list[tuple[str, str]]] = {}
    chains: list[Chain] = []
    for block in _BLOCK.finditer(listing):
        if block["kind"] == "map":
            maps[block["name"]] = [(element["bridge"], element["chain"]) for element in _ELEMENT.finditer(block["body"])]
            continue
        lines = [line.strip() for line in block["body"].splitlines()]
        hook = _HOOK.match(lines[0]) if lines else None
        rules = tuple(rule for line in lines[1 if hook else 0 :] for rule in _rules(line, maps))
        chains.append(Chain(block["name"], hook["policy"].upper() if hook else None, rules, None))
    return Table(TABLE, tuple(chains))


def _rules(line: str, maps: dict[str, list[tuple[str, str]]]) -> Iterator[Rule]:
    looked_up = re.fullmatch(r"(\w+) vmap @(\S+)", line)
    if looked_up:
        for bridge, chain in maps.get(looked_up[2], []):
            yield Rule((Option(f'{looked_up[1]} "{bridge}"'),), target=Target(chain), raw=line)
        return
    parts = _RULE.fullmatch(line)
    if parts is None:
        yield Rule((Option(line),), raw=line)
        return
    conditions = [parts["match"], f"/* {parts['comment']} */" if parts["comment"] else ""]
    counters = Counters(int(parts["packets"]), int(parts["bytes"])) if parts["packets"] else None
    yield Rule(tuple(Option(condition) for condition in conditions if condition), (), _target(parts), counters, line)


def _target(parts: re.Match[str]) -> Target:
    verdict = parts["verdict"]
    if verdict == "jump":
        return Target(parts["to"])
    if verdict in ("accept", "drop", "masquerade"):
        return Target(verdict.upper())
    return Target(verdict.partition(" ")[0].upper(), (Option("to", (parts["to"],)),))
