"""What `ipset save` and `ipset list` print, read and written."""

import re
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from netlab_magic.iptables.ipset.sets import KINDS, Entry, IpSet

__all__ = ["is_part", "list_text", "read_sets", "save_text"]

_LINE = re.compile(r"(?:create \S+ (?:bitmap|hash|list):\S+(?: .*)?|add \S+ \S+(?: .*)?)")
_HEADING = re.compile(r"(?P<key>Name|Type|Revision|Header|Size in memory|References|Number of entries|Members):(?: (?P<value>.*))?")
_WORDS = re.compile(r'"[^"]*"|\S+')
_REVISIONS = {
    "bitmap:ip": 3, "bitmap:ip,mac": 3, "bitmap:port": 3, "hash:ip": 6, "hash:ip,mac": 1, "hash:ip,mark": 3, "hash:ip,port": 7,
    "hash:ip,port,ip": 7, "hash:ip,port,net": 8, "hash:mac": 1, "hash:net": 7, "hash:net,iface": 8, "hash:net,net": 4, "hash:net,port": 8,
    "hash:net,port,net": 3, "list:set": 3,
}  # fmt: skip
"""The revisions that ipset 7.17 chooses with Linux 6."""


def is_part(line: str, following: str = "") -> bool:
    """Whether a line is one of `ipset save`, or with the `following` one begins a set of `ipset list`."""
    return _LINE.fullmatch(line.rstrip()) is not None or (line.startswith("Name: ") and following.startswith("Type: "))


def read_sets(text: str) -> tuple[IpSet, ...]:
    """The sets of a text that `ipset save` or `ipset list` printed. Raises ValueError, with the line, for anything else."""
    found: dict[str, IpSet] = {}
    members: dict[str, list[Entry]] = {}
    listed = ""
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        heading = _HEADING.fullmatch(line.rstrip())
        if not words:
            listed = ""
        elif heading and heading["key"] == "Name":
            listed = heading["value"] or ""
            found[listed], members[listed] = IpSet(listed, ""), []
        elif heading and listed:
            found[listed] = _headed(found[listed], heading["key"], heading["value"] or "")
        elif words[0] == "create" and len(words) > 2:
            found[words[1]], members[words[1]] = IpSet(words[1], words[2], " ".join(words[3:])), []
        elif words[0] == "add" and len(words) > 2 and words[1] in found:
            members[words[1]].append(_entry(_WORDS.findall(line)[2:]))
        elif listed and found[listed].kind:
            members[listed].append(_entry(_WORDS.findall(line)))
        else:
            raise ValueError(f"line {number} is none of ipset's: {line.strip()[:60]}")
    return tuple(msgspec.structs.replace(held, entries=tuple(members[name])) for name, held in found.items())


def _headed(held: IpSet, key: str, value: str) -> IpSet:
    if key == "Type":
        return msgspec.structs.replace(held, kind=value)
    return msgspec.structs.replace(held, header=value) if key == "Header" else held


def _entry(words: Sequence[str]) -> Entry:
    element, *rest = words
    timeout = None
    at = rest.index("timeout") if "timeout" in rest[:-1] else -1
    if at >= 0 and rest[at + 1].isdecimal():
        timeout = int(rest[at + 1])
        del rest[at : at + 2]
    flags = {flag: flag in rest for flag in ("nomatch", "wildcard")}
    return Entry(element, timeout, flags["nomatch"], flags["wildcard"], " ".join(word for word in rest if word not in flags))


def save_text(sets: Iterable[IpSet]) -> str:
    """What `ipset save` prints."""
    return "".join(_saved(held) for held in sets)


def _saved(held: IpSet) -> str:
    head = f"create {held.name} {held.kind} {held.header}".rstrip()
    return "".join(f"{line}\n" for line in (head, *(f"add {held.name} {entry}" for entry in held.entries)))


def list_text(sets: Sequence[IpSet], references: Mapping[str, int], *, terse: bool = False) -> str:
    """What `ipset list` prints; with `terse`, without the members. How much memory a set takes is not known, and printed as 0."""
    return "\n".join(_listed(held, references.get(held.name, 0), terse) for held in sets)


def _listed(held: IpSet, references: int, terse: bool) -> str:
    lines = [
        *(f"Name: {held.name}", f"Type: {held.kind}", f"Revision: {_REVISIONS[held.kind] if held.kind in KINDS else 0}"),
        *(f"Header: {held.header}", "Size in memory: 0", f"References: {references}", f"Number of entries: {len(held.entries)}"),
    ]
    members = [] if terse else ["Members:", *map(str, held.entries)]
    return "".join(f"{line}\n" for line in (*lines, *members))
