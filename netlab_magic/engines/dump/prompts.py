"""Tells the command lines in a pasted text from the output below them, and in which namespace they ran.

A command is known by its prompt, or, where nothing stands before it, by being nothing else than a command that lists something. Headings
such as `### ip route` or `Output of iptables -S:` count as well.
"""

import re
import shlex
from collections.abc import Sequence

from msgspec.structs import replace

from netlab_magic.engines.dump.page import Command

__all__ = ["command_of", "heading_of", "is_noise"]

_PROMPT = re.compile(
    r"""(?:\([\w.-]+\)\s*)?(?:
      (?:\S*@\S*|\[[^\]\n]*\])[^$\#>%❯]{0,60}?[$\#>%❯]      # root@web:~#  [root@web ~]#
    | PS\s[^>]*>                                             # PowerShell
    | [\w.~/:-]{0,40}\s?[$\#%❯➜λ»]                            # $  #  web#  ~ $  / #
    | >|➜\s+\S+|❯|\++                                        # continued lines; set -x
    )\s*(?=\S)""",
    re.VERBOSE,
)
_STRONG = re.compile(r"(?:\S*@\S*|\[[^\]\n]*@[^\]\n]*\])[^$#>%❯]{0,60}?[$#>%❯]\s*\S")
_BARE_PROMPT = re.compile(r"(?:\S+@\S+[^$#>%❯]{0,60}?[$#>%❯]|\[[^\]\n]*@[^\]\n]*\]\s*[$#]|[$#>%])\s*")
_PROGRAMS = {
    *("ip", "nft", "ipset", "ss", "netstat", "route", "ifconfig", "brctl", "bridge", "sysctl", "cat", "docker", "podman", "nerdctl"),
    *("ufw", "firewall-cmd", "conntrack", "arp", "grep", "head", "tail", "egrep", "more", "less", "lsof", "nmcli", "resolvectl", "uname"),
    *("ping", "curl", "wget", "traceroute", "nc", "telnet", "dig", "systemctl", "journalctl", "kubectl", "wg", "tailscale", "tcpdump"),
    *("exit", "logout", "echo", "lsmod", "modprobe", "hostname", "lsns", "fail2ban-client", "ethtool", "tc", "ls", "apt", "service", "cd"),
}
_IPTABLES = re.compile(r"ip6?tables(?:-legacy|-nft)?(?:-save|-restore)?|xtables-multi|xtables-nft-multi")
_SHELLS = {"bash", "sh", "zsh", "ash", "dash", "busybox", "/bin/bash", "/bin/sh"}
_WRAPPERS = {"sudo", "doas", "time", "watch", "env", "command", "exec", "timeout", "nohup", "stdbuf", "unbuffer"}
_LISTS = {
    "ip": ("a", "addr", "address", "l", "link", "r", "route", "ro", "ru", "rule", "n", "neigh", "neighbour", "netns", "-br", "-c"),
    "nft": ("list", "-a", "-n", "-s", "-j", "-nn"),
    "ipset": ("save", "list", "-L", "-S"),
    "docker": ("ps", "inspect", "network", "container", "version", "info", "port"),
    "podman": ("ps", "inspect", "network", "container", "port"),
    "bridge": ("link", "fdb", "vlan", "-d", "-j"),
    "brctl": ("show", "showmacs", "showstp"),
    "ufw": ("status", "show"),
}
_WITHOUT_ARGUMENTS = {"ifconfig", "route", "netstat", "ss", "arp", "brctl"}
_AROUND = re.compile(
    r"^[#=*\-_~>`\s|+\d.)]*(?:(?:the )?(?:output|result|outcome)s? (?:of|from|for)|command|running|run)?[:\s`*\"']*|[=*\-_~`:;,\s\"'|#]+$",
    re.IGNORECASE,
)
_COLLECTED = re.compile(r"@@ (?P<what>run|ns|end|missing) ?(?P<rest>.*)")
_NOISE = re.compile(
    r"(?:```|~~~|</?(?:pre|code|blockquote|div|p)[^<>]*>|\"\w+\": [\[{]"
    r"|(?:ok|changed|fatal|skipping): \[.*\] => .*|(?:TASK|PLAY) \[.*"
    r"|\[/?(?:code|quote|spoiler|details)[^\]]*\]|-{3,}|={3,}|\*{3,}|_{3,}|\.{2,}|\S+ \| (?:CHANGED|SUCCESS|FAILED!?).*>>"
    r"|</?details>|<summary>.*|-- No entries --|\(?snip(?:ped)?\)?|<snip>|\[\.{3}\]).{0,20}",
    re.IGNORECASE,
)


def is_noise(text: str) -> bool:
    """Whether a line is empty, a fence, a rule or a prompt behind which nothing was typed."""
    return not text or bool(_NOISE.fullmatch(text) or _BARE_PROMPT.fullmatch(text))


def command_of(text: str) -> Command | None:
    """The command that a line with a prompt holds, or a line that is a command and nothing else."""
    found = _PROMPT.match(text)
    if found:
        command = _parsed(text[found.end() :])
        if command and (_is_known(command.program) or _STRONG.match(text)):
            return replace(command, line=text[found.end() :])
    command = _parsed(text)
    return replace(command, line=text) if command and _lists(command) else None


def heading_of(text: str) -> Command | None:
    """The command that a heading names and nothing else: `=== ip route ===`, `**iptables -S**`, `Output of ip addr:`."""
    bare = _AROUND.sub("", _AROUND.sub("", text))
    command = _parsed(bare) if bare != text else None
    return command if command and _lists(command) else None


def _is_known(program: str) -> bool:
    return program in _PROGRAMS or program == "enter" or bool(_IPTABLES.fullmatch(program))


def _lists(command: Command) -> bool:
    """Whether this lists something and changes nothing, and nothing in it looks like a sentence."""
    words = command.arguments
    if len(words) > 9 or any(word.endswith((",", "?", "!")) or not word.isascii() for word in words):
        return False
    first = next((word for word in words if word not in ("-4", "-6", "-j", "-d", "-s", "-o", "-c", "-n", "-details", "-json", "-all")), "")
    if _IPTABLES.fullmatch(command.program):
        return command.program.endswith("-save") or command.has("-L", "-S", "--list", "--list-rules")
    if command.program in _WITHOUT_ARGUMENTS and (not words or words[0].startswith("-") or words == ("show",)):
        return True
    if command.program == "sysctl":
        return bool(words) and all(word.startswith("-") or "." in word or "/" in word for word in words)
    if command.program in ("cat", "grep", "head"):
        return any(word.startswith(("/proc/", "/sys/", "/etc/")) for word in words)
    if command.program == "firewall-cmd":
        return any(word.startswith(("--list", "--get", "--info", "--direct", "--state")) for word in words)
    return first in _LISTS.get(command.program, ())


def _parsed(text: str) -> Command | None:
    """A command line; what stands behind the first operator does not count, but a filter tells that the output is not whole."""
    text = text.strip().strip("`")
    if collected := _COLLECTED.fullmatch(text):
        return _parsed(collected["rest"]) if collected["what"] == "run" else None
    head = re.split(r"\s*(?:[|;]|&&|\|\||2?>)\s*", text, maxsplit=1)
    try:
        words = shlex.split(head[0])
    except ValueError:
        words = head[0].split()
    return _unwrapped(words, filtered=bool(re.search(r"\|\s*(?:grep|egrep|head|tail|awk|sed|cut)\b", text)))


def _unwrapped(words: Sequence[str], namespace: str = "", filtered: bool = False) -> Command | None:
    """The command behind `sudo`, `ip netns exec NAME`, `docker exec NAME` and the like."""
    rest = list(words)
    while rest and (rest[0] in _WRAPPERS or re.fullmatch(r"[A-Za-z_]\w*=\S*", rest[0])):
        rest.pop(0)
        while rest and rest[0].startswith("-"):
            option = rest.pop(0)
            if option in ("-u", "-n", "-g", "-h") and rest and not _is_known(rest[0].rpartition("/")[2]):
                rest.pop(0)
        if rest and re.fullmatch(r"\d+[smh]?", rest[0]):
            rest.pop(0)
    if not rest:
        return None
    program = rest[0].rpartition("/")[2]
    inner = _inside(program, rest)
    if inner is not None:
        name, behind = inner
        if not behind:
            return Command("enter", (), name)
        if behind[0] in _SHELLS:
            script = behind[behind.index("-c") + 1].split() if "-c" in behind[:-1] else []
            return _unwrapped(script, name, filtered) if script else Command("enter", (), name)
        return _unwrapped(behind, name, filtered)
    return Command(program, tuple(rest[1:]), namespace, filtered)


def _inside(program: str, words: Sequence[str]) -> tuple[str, list[str]] | None:
    """The namespace or container that a command enters, and the command that runs there."""
    rest = list(words[1:])
    if program == "ip":
        while rest and rest[0].startswith("-") and rest[0] not in ("-n", "-netns"):
            rest.pop(0)
        if rest[:1] and rest[0] in ("-n", "-netns") and len(rest) > 2:
            return rest[1], ["ip", *words[1 : 1 + len(words) - 1 - len(rest)], *rest[2:]]
        if len(rest) > 2 and "netns".startswith(rest[0]) and len(rest[0]) > 3 and rest[1] in ("exec", "e", "ex"):
            return rest[2], rest[3:]
    elif program in ("docker", "podman", "nerdctl", "kubectl", "lxc", "incus") and rest[:1] == ["exec"]:
        return _behind_options(rest[1:], ("-u", "-w", "-e", "-n", "-c", "--user", "--workdir", "--env", "--namespace", "--container"))
    elif program == "nsenter":
        target = next((word for word in rest if re.search(r"\d{2,}|/netns/", word)), "")
        commands = [at for at, word in enumerate(rest) if _is_known(word.rpartition("/")[2]) or word in _SHELLS]
        return target.rpartition("/")[2].lstrip("-nt="), rest[commands[0] :] if commands else []
    return None


def _behind_options(words: list[str], valued: Sequence[str]) -> tuple[str, list[str]] | None:
    rest = list(words)
    while rest and rest[0].startswith("-"):
        if rest.pop(0) in valued and rest:
            rest.pop(0)
    if not rest:
        return None
    behind = rest[1:]
    return rest[0], behind[1:] if behind[:1] == ["--"] else behind
