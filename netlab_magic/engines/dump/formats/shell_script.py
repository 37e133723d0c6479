"""Commands that change a host: scripts of `iptables`, `nft`, `ip` and `sysctl` lines, or the same as they were typed."""

import re
from collections.abc import Sequence
from typing import Any

from netlab_magic.engines.dump.formats import ip_rule, ip_text, nft_text, sysctl
from netlab_magic.engines.dump.held import Held
from netlab_magic.engines.dump.ip_items import printed
from netlab_magic.engines.dump.page import Page
from netlab_magic.engines.dump.script_lines import ScriptLine
from netlab_magic.i18n import message

__all__ = ["changes", "read"]

_FROM_COMMANDS = message(
    "Rules are taken from commands of iptables, not from a dump: what was there before them, and policies that they do not set, are "
    "unknown."
)
_IPTABLES = re.compile(r"(?:/\S+/)?(?P<program>ip6?tables)(?:-legacy|-nft)?")
_CHANGING = re.compile(
    r"(?:sudo\s+(?:-\w+\s+)?)?(?:/\S+/)?"
    r"(?:ip6?tables(?:-legacy|-nft)?\s(?:.*\s)?"
    r"(?:-[AIDRPNXFE]|--(?:append|insert|delete|replace|policy|new|flush))\b"
    r"|(?:\"?\$\{?(?:IPT|IPTABLES|IP6T|IPT6|ipt|iptables|IPTABLES_CMD|FW)\}?\"?)\s"
    r"|nft\s+(?:-\w+\s+)*['\"]?(?:add|insert|create|delete|flush|replace|destroy)\s"
    r"|ip\s+(?:-\S+\s+)*(?:a|addr|address|l|link|r|ro|route|ru|rule|netns)\s+(?:a|add|set|s|replace|change|append|del|d|delete|flush)\s"
    r"|sysctl\s+(?:-\w+\s+)*-w\s|sysctl\s+(?:-\w+\s+)*\S+=\S|echo\s+\S+\s*>\s*/proc/sys/|ip\s+netns\s+exec\s+\S+\s+ip6?tables\s.*-[AIP]\s"
    r"|brctl\s+(?:addbr|addif|delbr|delif)\s)"
)
_SHELLS_OWN = re.compile(
    r"#!\s*/|(?:export\s+|readonly\s+)?[A-Za-z_]\w*=(?:[\"'$\w./-][^=]*|)$|(?:for|while|until)\s.*|(?:if|elif)\s+[\[(!\w].*"
    r"|(?:then|else|do|done|fi|esac|in)(?:\s*;.*|)$|case\s.*\sin$|set [-+][a-z]+$|(?:function\s+)?\w+\s*\(\)\s*\{?$|\}$|modprobe\s+\S+$"
)
_VARIABLE_PROGRAM = re.compile(r"\"?\$\{?(?P<name>\w+)\}?\"?")
_ECHO = re.compile(r"echo\s+['\"]?(?P<value>\S+?)['\"]?\s*>\s*/proc/sys/(?P<key>\S+)")


def changes(text: str) -> bool:
    """Whether a command line changes something that is followed here."""
    return bool(_CHANGING.match(text))


def read(page: Page, held: Held) -> bool:
    """Reads a command that changes something, or a line of the shell's own around such commands."""
    line = page.text
    is_command = changes(line)
    if not is_command and not (_SHELLS_OWN.match(line) and (held.shell.depth or _is_script(page))):
        return False
    number = page.number
    text = _whole_line(page)
    if not is_command:
        opened = held.shell.depth
        if held.shell.takes(text) and held.shell.depth > opened and not text.endswith("{"):
            held.remark(page, number, text, "loops and conditions are not followed")
        return True
    _carry_out(text, number, page, held)
    return True


def _is_script(page: Page) -> bool:
    """Whether commands that change something stand near."""
    near = (page.lines[at].text.strip() for at in range(page.at, min(page.at + 80, len(page.lines))))
    return any(changes(line) for line in near)


def _whole_line(page: Page) -> str:
    """The current line with those that continue it."""
    text = page.take().text.strip()
    while text.endswith("\\") and not page.is_read:
        text = f"{text[:-1].rstrip()} {page.take().text.strip()}"
    return text


def _carry_out(text: str, number: int, page: Page, held: Held) -> None:
    if not held.shell.is_certain:
        held.remark(page, number, text, "this stands in a loop, a condition or a function, which are not followed")
    elif echo := _ECHO.match(text.removeprefix("sudo ")):
        sysctl.keep(echo["key"], echo["value"], held)
        held.count += 1
    line = held.shell.read(text)
    words = _without_wrappers(line.words if line else ())
    if line is None or not words:
        held.remark(page, number, text)
    elif _IPTABLES.fullmatch(words[0]) or _VARIABLE_PROGRAM.fullmatch(words[0]):
        _iptables(words, line, text, number, page, held)
    elif not held.shell.is_certain or words[0] == "echo":
        return
    elif not line.unknown and _other(words, held):
        held.count += 1
    else:
        held.remark(page, number, text, f"the value of {line.unknown} is not known" if line.unknown else "")


def _without_wrappers(words: Sequence[str]) -> list[str]:
    rest = list(words)
    while rest[:1] and (rest[0] in ("sudo", "doas") or (rest[0].startswith("-") and len(rest) < len(words))):
        rest.pop(0)
    return rest


def _iptables(words: Sequence[str], line: ScriptLine, text: str, number: int, page: Page, held: Held) -> None:
    program = _IPTABLES.fullmatch(words[0])
    called = program["program"] if program else "ip6tables" if "6" in words[0] else "iptables"
    unknown = "" if line.unknown == words[0] else line.unknown
    typed = held.typed["ipv6" if called == "ip6tables" else "ipv4"]
    if not typed.carry_out([called, *words[1:]], bool(unknown) or not held.shell.is_certain):
        held.remark(page, number, text, f"the value of {unknown} is not known" if unknown else "iptables would refuse this")
        return
    if unknown:
        held.remark(page, number, text, f"the value of {unknown} is not known, so this rule cannot be judged")
    held.tell(_FROM_COMMANDS)
    for name, table in typed.tables():
        held.add_typed(page, (typed.ruleset.family, name), table, number)
    held.count += 1


def _other(words: Sequence[str], held: Held) -> bool:
    """What `ip`, `sysctl`, `brctl` and `nft` commands change; False if that is not followed."""
    program, rest = words[0].rpartition("/")[2], [word for word in words[1:] if word not in ("-4", "-w", "-q", "-e")]
    if program == "sysctl":
        settings = [word.partition("=") for word in rest if "=" in word]
        for key, _, value in settings:
            sysctl.keep(key, value, held)
        return bool(settings)
    if program == "brctl" and len(rest) > 1:
        return _bridge(rest, held)
    if program == "nft":
        return nft_text.carry_out(rest, held)
    six = "-6" in rest
    rest = [word for word in rest if word != "-6"]
    if program != "ip" or len(rest) < 3:
        return False
    kind, verb, *behind = rest
    if "address".startswith(kind) and verb in ("add", "a", "replace"):
        return _address(behind, held)
    if "link".startswith(kind):
        return _link(verb, behind, held)
    if kind in ("r", "ro", "route") and verb in ("add", "a", "replace", "append", "change"):
        item = ip_text.route_item_of(" ".join(behind), six)
        held.add_item(printed(item) if item else None)
        return bool(item)
    if kind in ("ru", "rule") and verb in ("add", "a"):
        held.add_rules(ip_rule.typed(behind, six, held.rules or ()))
        return True
    return kind == "netns" and verb in ("add", "a")


def _address(words: Sequence[str], held: Held) -> bool:
    device = words[words.index("dev") + 1] if "dev" in words[:-1] else ""
    local, _, length = words[0].partition("/")
    if not device:
        return False
    address = {"local": local, **({"prefixlen": int(length)} if length.isdecimal() else {})}
    held.add_item(printed({"ifname": device, "addr_info": [address]}))
    return True


def _link(verb: str, words: Sequence[str], held: Held) -> bool:
    rest = [word for word in words if word not in ("dev", "name")]
    if verb == "add" and rest:
        kind = rest[rest.index("type") + 1] if "type" in rest[:-1] else ""
        for name in [rest[0], *([rest[rest.index("peer") + 1]] if "peer" in rest[:-1] else [])]:
            held.made.add(name)
            held.add_item(printed({"ifname": name, "flags": [], "linkinfo": {"info_kind": kind}}))
        return True
    if verb not in ("set", "s") or not rest or "netns" in rest:
        return False
    item: dict[str, Any] = {"ifname": rest[0]}
    item |= {"master": rest[rest.index("master") + 1]} if "master" in rest[:-1] else {}
    item |= {"flags": ["UP", "LOWER_UP"]} if "up" in rest else {"flags": []} if "down" in rest else {}
    held.add_item(printed(item))
    return True


def _bridge(words: Sequence[str], held: Held) -> bool:
    if words[0] == "addbr":
        held.made.add(words[1])
        held.add_item(printed({"ifname": words[1], "linkinfo": {"info_kind": "bridge"}}))
    elif words[0] == "addif" and len(words) > 2:
        held.add_item(printed({"ifname": words[2], "master": words[1]}))
    return words[0] in ("addbr", "addif")
