"""What the rules of a listing of nft reveal about their host, read off the shapes of single lines as `host_evidence` does for iptables."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from ipaddress import ip_address, ip_network

from netlab_magic.iptables.analysis.host_evidence import Evidence

__all__ = ["evidence_of_nft"]

_DEVICE = re.compile(r'\b(?P<way>[io]ifname) (?P<negated>!= )?(?:"(?P<name>[^"*]+)"|\{(?P<names>[^}]*)\})')
_QUOTED = re.compile(r'"([^"*]+)"')
_END = re.compile(r"\b(?P<word>ip6?) (?P<end>[sd]addr) (?P<negated>!= )?(?P<value>[0-9a-fA-F][0-9a-fA-F.:/]*)")
_TRANSLATES = re.compile(r"\b(?:masquerade|snat (?:ip6? )?to)\b")
_DNAT = re.compile(r"\bdnat (?:ip6? )?to \[?(?P<address>[0-9a-fA-F.:]+?)\]?(?::\d+)?(?:\s|$)")
_CHAIN = re.compile(r"\s*chain (?P<name>\S+) \{")
_HOOK = re.compile(r"\btype \w+ hook (?P<hook>\w+)")


def evidence_of_nft(native: Mapping[str, str], family: str) -> Evidence:
    """What all rules of one family reveal; each fact has the rule's table and chain as its place."""
    found = Evidence()
    for title, text in native.items():
        if title.partition(" ")[0] in ("inet", "ip6" if family == "ipv6" else "ip"):
            for place, hook, line in _rules(title, text):
                _Line(line, place, hook, family, found).note()
    return found


def _rules(title: str, text: str) -> Iterator[tuple[str, str, str]]:
    """The place, the hook and the text of each rule."""
    chain = hook = ""
    for line in text.splitlines():
        if begun := _CHAIN.match(line):
            chain, hook = begun["name"], ""
        elif based := _HOOK.search(line):
            hook = based["hook"]
        elif chain:
            yield f"{title} {chain}", hook, line


class _Line:
    """One rule, and where to note what it reveals."""

    def __init__(self, line: str, place: str, hook: str, family: str, found: Evidence) -> None:
        self.line = line
        self.place = place
        self.hook = hook
        self.found = found
        self.devices = {(match["way"], bool(match["negated"])): match["name"] for match in _DEVICE.finditer(line) if match["name"]}
        word = "ip6" if family == "ipv6" else "ip"
        self.ends = {match["end"]: match["value"] for match in _END.finditer(line) if match["word"] == word and not match["negated"]}
        self.six = family == "ipv6"

    def note(self) -> None:
        for match in _DEVICE.finditer(self.line):
            for name in [match["name"]] if match["name"] else _QUOTED.findall(match["names"] or ""):
                self.found.devices.setdefault(name, self.place)
        names = set(self.devices.values())
        if len(self.devices) > 1 and len(names) == 1 and names != {"lo"}:
            self.found.bridges.setdefault(names.pop(), self.place)
        if _TRANSLATES.search(self.line):
            self.translation()
        elif found := _DNAT.search(self.line):
            self.dnat(found["address"])
        elif self.hook == "input":
            self.own(self.ends.get("daddr", ""))

    def translation(self) -> None:
        network, out = self.ends.get("saddr", ""), self.devices.get(("oifname", False), "")
        inner = self.devices.get(("oifname", True), "")
        if _is_network(network) and inner:
            self.found.networks[inner] = network, self.place
            self.found.bridges.setdefault(inner, self.place)
        elif _is_network(network):
            self.found.masqueraded.setdefault(network, self.place)
        if out and out != "lo":
            self.found.uplinks.setdefault(out, self.place)

    def dnat(self, address: str) -> None:
        self.own(self.ends.get("daddr", ""))
        with suppress(ValueError):
            if (ip_address(address).version == 6) == self.six:
                self.found.containers.setdefault(address, "")

    def own(self, word: str) -> None:
        with suppress(ValueError):
            if not ip_address(word).is_loopback:
                self.found.own.setdefault(word, self.place)


def _is_network(word: str) -> bool:
    try:
        return ip_network(word, strict=False).num_addresses > 1
    except ValueError:
        return False
