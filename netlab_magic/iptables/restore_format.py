"""The text that `iptables-restore` takes, line by line, and what it answers when it refuses one."""

import re
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["ChainPolicy", "appended", "policies_apart", "said_by_iptables"]


class ChainPolicy(NamedTuple):
    """The policy that a built-in chain of a table shall have."""

    table: str
    chain: str
    verdict: str


def policies_apart(text: str) -> tuple[str, list[ChainPolicy]]:
    r"""A text for `iptables-restore` without the lines that set policies, and these policies. The other lines keep their numbers.

    The text is empty where nothing else would be left to do.

    >>> policies_apart("*filter\n:FORWARD DROP [0:0]\n-A FORWARD -j ACCEPT\nCOMMIT\n")
    ('*filter\n\n-A FORWARD -j ACCEPT\nCOMMIT\n', [ChainPolicy(table='filter', chain='FORWARD', verdict='DROP')])
    """
    table, lines, policies = "", [], []
    for line in text.splitlines():
        if line.startswith("*"):
            table = line[1:]
        chain, verdict = line[1:].split()[:2] if line.startswith(":") else ("", "-")
        if verdict != "-":
            policies.append(ChainPolicy(table, chain, verdict))
        lines.append(line if verdict == "-" else "")
    return "\n".join([*lines, ""]) if any(line and line[0] in "-:" for line in lines) else "", policies


def appended(text: str) -> Iterator[tuple[int, str, str]]:
    """The rules that a text for `iptables-restore` appends, each with its line (from 1) and its table."""
    table = "filter"
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("*"):
            table = line[1:]
        elif line.startswith("-A"):
            yield number, table, line


def said_by_iptables(stderr: str) -> tuple[str, int]:
    """What iptables gives as its reason, without the program's name and its hints, and the line that it names (-1 for none)."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip() and not line.startswith(("#", "Try ", "Error occurred"))]
    numbered = _LINE.search(stderr)
    said = " ".join(_PREFIX.sub("", line) for line in lines).partition(" Run `dmesg'")[0].strip().rstrip(".")
    if said == "Invalid argument":
        said = "Invalid argument (a match or target that does not belong in this table or chain?)"
    return said or "iptables gave no reason", int(numbered[1]) if numbered else -1

_PREFIX = re.compile(r"^(ip6?tables|ip6?tables-\S+)( v[\d.]+ \([a-z_]+\))?:\s*")

_LINE = re.compile(r"line:? (\d+)")
