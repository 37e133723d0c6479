"""The words that `iptables -L` prints behind the columns of a rule, turned back into the options that iptables-save prints.

The option table says how each option is listed; its texts are read backwards here. What none of them gives is not guessed.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

from netlab_magic.iptables.extensions import MATCHES, TARGETS, Extension
from netlab_magic.iptables.extensions.schema import Parameter
from netlab_magic.iptables.option import quoted

__all__ = ["ListedOptions", "options_of"]

_FLAGS = ("FIN", "SYN", "RST", "PSH", "ACK", "URG")
_NOT_LISTED_SO = frozenset(("cluster", "bpf", "u32", "rateest", "eui64", "srh", "ah", "frag"))
_NOT_READ_SO = ("--tcp-flags", "--chunk-types", "--dccp-types")
_LOG_FLAGS = {1: "tcp-sequence", 2: "tcp-options", 4: "ip-options", 8: "uid", 32: "macdecode"}
_SPECIAL = (
    (re.compile(r" (?:tcp )?flags:(?P<not>! ?)?(?P<mask>0x[0-9A-Fa-f]+)/(?P<set>0x[0-9A-Fa-f]+)"), "flags"),
    (re.compile(r' LOG flags (?P<flags>\d+) level (?P<level>\w+)(?: prefix ["`](?P<prefix>.*?)["\'])?(?=\s|$)'), "LOG"),
    (re.compile(r' LOG level (?P<level>\w+)(?: prefix ["`](?P<prefix>.*?)["\'])?(?=\s|$)'), "LOG"),
    (re.compile(r" MARK (?P<how>set|xset|and|or|xor) (?P<value>0x[0-9a-f]+(?:/0x[0-9a-f]+)?)"), "MARK"),
    (re.compile(r" CONNMARK (?P<how>save|restore)(?: mask (?P<mask>0x[0-9a-f]+))?(?=\s|$)"), "CONNMARK"),
    (re.compile(r" CONNMARK (?P<how>set|xset|and|or|xor) (?P<value>0x[0-9a-f]+(?:/0x[0-9a-f]+)?)"), "MARK"),
    (re.compile(r" TPROXY redirect (?P<ip>[^\s:]+|\[\S+\]):(?P<port>\d+) mark (?P<mark>0x[0-9a-f]+/0x[0-9a-f]+)"), "TPROXY"),
    (re.compile(r" /\*\s*\*/"), "comment"),
    (re.compile(r" #conn (?P<side>src|dst)/(?P<mask>\d+) (?P<sign><=|>) (?P<number>\d+)"), "connlimit"),
)  # fmt: skip
_DEFAULT_LEVELS = ("4", "warning")


class _Listed(NamedTuple):
    """How one option of a match or target is listed: a pattern for its words, and what they mean."""

    pattern: re.Pattern[str]
    owner: str
    option: str
    is_target: bool
    negated: bool


class ListedOptions(NamedTuple):
    """The words of a rule's matches, and those of its target's options."""

    matches: str
    target: str


def options_of(text: str, target: str) -> ListedOptions | None:
    """What is listed as `text` of a rule with this target; None if a part of it is not understood.

    >>> options_of("tcp dpt:80 ctstate NEW reject-with tcp-reset", "REJECT")
    ListedOptions(matches='-m tcp --dport 80 -m conntrack --ctstate NEW', target='--reject-with tcp-reset')
    """
    rest = f" {' '.join(text.split())}" if text.strip() else ""
    head = TARGETS[target].listed.rstrip() if target in TARGETS else ""
    matches: list[tuple[str, list[str]]] = []
    ends: list[str] = []
    opened = ""
    while rest.strip():
        special = _special(rest)
        if special is not None:
            owner, words, length = special
            _add(matches, owner, words) if owner else ends.append(words)
            rest = rest[length:]
            continue
        begun = next((name for name, head in _heads() if re.match(rf"{re.escape(head)}(?=[\s:]|$)", rest)), "")
        found = _first(rest, target, opened)
        if found is None and head and rest.startswith(head):
            rest, head = rest[len(head) :], ""
            continue
        if found is None and begun:
            opened = begun
            matches.append((begun, []))
            rest = rest[len(_head(begun)) :]
            continue
        if found is None:
            return None
        listed, match = found
        words = f"{'! ' if listed.negated or match.groupdict().get('not') else ''}{listed.option}{_values(match)}"
        if listed.is_target:
            ends.append(words)
        else:
            _add(matches, listed.owner, words)
        rest = rest[match.end() :]
    told = [f"-m {name}{''.join(f' {word}' for word in words)}" for name, words in matches]
    return ListedOptions(" ".join(told), " ".join(filter(None, ends)))


def _add(matches: list[tuple[str, list[str]]], owner: str, words: str) -> None:
    """One more option of a match, or of a further match of that name if the last one has it already."""
    option = words.removeprefix("! ").partition(" ")[0]
    known = next((held for name, held in reversed(matches) if name == owner), None)
    if known is None or any(word.removeprefix("! ").partition(" ")[0] == option for word in known):
        matches.append((owner, known := []))
    known.append(words)


def _values(match: re.Match[str]) -> str:
    return "".join(
        f" {quoted(_written(value))}" for key, value in match.groupdict().items() if key.startswith("value") and value is not None
    )


def _written(value: str) -> str:
    """A listed value as a command has it: without quotes, and an ICMP type with its code behind a slash."""
    bare = value[1:-1] if value[:1] == value[-1:] == '"' and len(value) > 1 else value
    return bare.replace(" code ", "/")


def _first(rest: str, target: str, opened: str) -> tuple[_Listed, re.Match[str]] | None:
    """The option that is listed here: of the match whose name stands before it, of any match, or of the rule's target."""
    for listed in _patterns():
        if listed.is_target and listed.owner != target:
            continue
        if not listed.is_target and MATCHES[listed.owner].listed and listed.owner != opened:
            continue
        if match := listed.pattern.match(rest):
            return listed, match
    return None


def _head(name: str) -> str:
    return MATCHES[name].listed.rstrip()


@cache
def _heads() -> tuple[tuple[str, str], ...]:
    """The matches whose name is listed before their options."""
    named = [(name, extension.listed.rstrip()) for name, extension in MATCHES.items() if extension.listed and name not in _NOT_LISTED_SO]
    return tuple(sorted(named, key=lambda entry: -len(entry[1])))


@cache
def _patterns() -> tuple[_Listed, ...]:
    found = [*_of_all(MATCHES, is_target=False), *_of_all(TARGETS, is_target=True)]
    return tuple(sorted(found, key=lambda listed: -len(listed.pattern.pattern)))


def _of_all(extensions: Mapping[str, Extension], *, is_target: bool) -> Iterator[_Listed]:
    for name, extension in extensions.items():
        if name in _NOT_LISTED_SO:
            continue
        for row in extension.parameters:
            if row.listed.strip() and row.name not in _NOT_READ_SO:
                yield from _of_row(name, row, is_target)


def _of_row(owner: str, row: Parameter, is_target: bool) -> Iterator[_Listed]:
    plain, _, denied = row.listed.partition("|")
    yield _Listed(_pattern(plain), owner, row.name, is_target, negated=False)
    if denied:
        yield _Listed(_pattern(denied, denied=True), owner, row.name, is_target, negated=True)


def _pattern(listed: str, *, denied: bool = False) -> re.Pattern[str]:
    """A listed text as a pattern; `!` in it may be there or not, unless it is the `denied` text, and {} is a value."""
    text = f" {' '.join(listed.split())}"
    pattern, values = "", 0
    for part in re.split(r"(\{s\}|\{\d?\}|!\s?)", text):
        if part == "{s}":
            pattern += "s?"
        elif part.startswith("{"):
            pattern += _value(pattern, values)
            values += 1
        elif part.startswith("!"):
            pattern += r"!\s?" if denied else r"(?P<not>!\s?)?" if "(?P<not>" not in pattern else ""
        else:
            pattern += re.escape(part)
    return re.compile(rf"{pattern}(?=\s|$)")


def _value(before: str, number: int) -> str:
    if before.endswith('"'):
        return rf'(?P<value{number}>[^"]*)'
    if before.endswith(r"/\*\ "):
        return rf"(?P<value{number}>.*?)"
    return rf"(?P<value{number}>(?:\S+ code \d+|\d+/\S+ |\S+))" if "icmp" in before else rf"(?P<value{number}>\S+)"


def _special(rest: str) -> tuple[str, str, int] | None:
    """What is not listed option by option: the match that it belongs to, or "" for the target, its words, and how long it is."""
    for pattern, kind in _SPECIAL:
        if found := pattern.match(rest):
            made = _said(kind, found.groupdict())
            return (*made, found.end()) if made else None
    return None


def _said(kind: str, said: Mapping[str, str | None]) -> tuple[str, str] | None:
    match kind:
        case "flags":
            mask, wanted = (_flags(int(str(said[key]), 16)) for key in ("mask", "set"))
            return "tcp", f"{'! ' if said['not'] else ''}--tcp-flags {mask} {wanted}"
        case "LOG":
            prefix = f" --log-prefix {quoted(said['prefix'])}" if said["prefix"] else ""
            level = "" if said["level"] in _DEFAULT_LEVELS else f"--log-level {said['level']}"
            bits = int(said.get("flags") or 0)
            flags = "".join(f" --log-{name}" for bit, name in _LOG_FLAGS.items() if bits & bit)
            return "", f"{level}{prefix}{flags}".strip()
        case "TPROXY":
            return "", f"--on-port {said['port']} --on-ip {said['ip']} --tproxy-mark {said['mark']}"
        case "comment":
            return "comment", '--comment ""'
        case "MARK":
            option = {"set": "--set-mark", "xset": "--set-xmark"}.get(str(said["how"]), f"--{said['how']}-mark")
            return "", f"{option} {said['value']}"
        case "CONNMARK":
            mask = f" --mask {said['mask']}" if said["mask"] else ""
            return "", f"--{said['how']}-mark{mask}"
        case "connlimit":
            side = "--connlimit-saddr" if said["side"] == "src" else "--connlimit-daddr"
            option = "--connlimit-upto" if said["sign"] == "<=" else "--connlimit-above"
            return "connlimit", f"{option} {said['number']} --connlimit-mask {said['mask']} {side}"
    return None


def _flags(bits: int) -> str:
    return ",".join(name for place, name in enumerate(_FLAGS) if bits & 1 << place) or "NONE"
