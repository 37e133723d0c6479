"""What the machine's own network looks like, read without changing it, and in which points two such readings differ.

Labs live in namespaces of their own. The tests take a `Machine` before and after themselves (see conftest.py); whatever
differs has leaked.
Reading is careful not to change what it reads: a firewall variant is asked only where the kernel has it already, because
the question alone can load a module or create a table.
"""

import json
import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from textwrap import shorten
from typing import cast

__all__ = ["SESSION_VARIABLE", "Machine", "difference", "read_machine"]

# Every process that a test session starts inherits its value, by which a process that lost its parents is recognized. It ends
# with a slash; behind it stands the worker, where a session has several.
SESSION_VARIABLE = "NETLAB_TEST_SESSION"

REPOSITORY = Path(__file__).parents[2]

# Settings that change without anybody changing them, and why. Found by reading /proc/sys/net twice, busy and idle.
FLUCTUATING = {
    "net/netfilter/nf_conntrack_count": "counts the connections of the moment",
}
# Everything below these folders comes and goes with a network interface, which is reported once, as a link.
INTERFACE_SETTING = re.compile(r"net/(?:ipv[46]|mpls)/(?:conf|neigh)/([^/]+)/")

PACKET_COUNTERS = re.compile(r"\[\d+:\d+\]")
LIFETIMES = {"valid_life_time", "preferred_life_time", "expires"}


@dataclass(frozen=True)
class Machine:
    """Sections (`link`, `route`, `sysctl` …), each a mapping from what it is to how it is."""
    sections: Mapping[str, Mapping[str, str]]


def read_machine() -> Machine:
    """The machine as this process sees it now."""
    return Machine({section: _read(section) for section in SECTIONS})


def _read(section: str) -> Mapping[str, str]:
    try:
        return SECTIONS[section]()
    except PermissionError:
        return {"": "not readable by this user"}


def difference(before: Machine, after: Machine) -> list[str]:
    """One sentence for everything that appeared, vanished or changed; empty when the machine is as it was."""
    old, new = dict(before.sections), dict(after.sections)
    old["sysctl"], new["sysctl"] = _comparable_settings(before, after)
    return [
        sentence
        for section in SECTIONS
        for sentence in _section_difference(section, old.get(section, {}), new.get(section, {}))
    ]


def _section_difference(section: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if new is None:
            yield f"{section} {name} vanished"
        elif old is None:
            yield f"{section} {name} appeared" + (f": {shorten(new, 200)}" if new else "")
        elif old != new:
            yield f"{section} {name} was {_only_in(old, new)}, is {_only_in(new, old)}"


def _only_in(value: str, other: str) -> str:
    """The parts of a value that differ: of a link with thirty properties only its MTU."""
    others = other.split(", ")
    return ", ".join(part for part in value.split(", ") if part not in others) or f"without {_only_in(other, value)}"


def _comparable_settings(before: Machine, after: Machine) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """The settings without those of interfaces that came or went, and without those that a loaded module brought."""
    old, new = before.sections.get("sysctl", {}), after.sections.get("sysctl", {})
    interfaces = {"all", "default"} | (before.sections.get("link", {}).keys() & after.sections.get("link", {}).keys())

    def is_kept(setting: str) -> bool:
        interface = INTERFACE_SETTING.match(setting)
        return interface is None or interface[1] in interfaces

    return (
        {setting: value for setting, value in old.items() if is_kept(setting)},
        {setting: value for setting, value in new.items() if is_kept(setting) and setting in old},
    )


def _run(*command: str) -> str:
    """What a listing command prints; a refusal, or a program that is not there, is a PermissionError."""
    if not shutil.which(command[0]):
        raise PermissionError(command[0])
    answer = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | {"LC_ALL": "C"})
    if answer.returncode != 0:
        raise PermissionError(answer.stderr)
    return answer.stdout


def _named_namespaces() -> dict[str, str]:
    folders = {Path(name).resolve() for name in ("/run/netns", "/var/run/netns")}
    return {str(entry): "" for folder in folders if folder.is_dir() for entry in folder.iterdir()}


def _ip(*arguments: str) -> list[dict[str, object]]:
    return [found for found in json.loads(_run("ip", "-json", *arguments) or "[]") if found]


def _in_words(properties: Mapping[str, object]) -> str:
    steady = {key: value for key, value in properties.items() if key not in LIFETIMES}
    return ", ".join(
        f"{key} {value}" if isinstance(value, str | int) else f"{key} {json.dumps(_without_timers(value), separators=(',', ':'))}"
        for key, value in steady.items()
        if value != []
    )


def _without_timers(value: object) -> object:
    """A bridge's description counts down its timers."""
    if isinstance(value, dict):
        return {key: _without_timers(inner) for key, inner in value.items() if not key.endswith("_timer")}
    return value


def _links() -> dict[str, str]:
    return {str(link["ifname"]): _in_words(link) for link in _ip("-details", "link")}


def _addresses() -> dict[str, str]:
    return {
        f"{address['local']}/{address['prefixlen']} of {link['ifname']}": _in_words(address)
        for link in _ip("address")
        for address in cast("list[dict[str, object]]", link["addr_info"])
    }


def _both_families(*arguments: str) -> dict[str, str]:
    return {f"IPv{family} {_in_words(found)}": "" for family in "46" for found in _ip(f"-{family}", *arguments)}


def _firewall_lines(text: str) -> dict[str, str]:
    """Each line with its table and how often it is there, without packet counters."""
    lines: Counter[str] = Counter()
    table = ""
    for line in text.splitlines():
        table = line if line.startswith(("*", "table ")) else table
        if line.strip() and not line.startswith("#"):
            lines[f"{table}: {PACKET_COUNTERS.sub('', line).strip()}"] += 1
    return {line: f"{count} times" if count > 1 else "" for line, count in lines.items()}


def _legacy_rules(tables: str, program: str) -> dict[str, str]:
    names = Path("/proc/net", tables)
    return _firewall_lines(_run(program)) if names.exists() and names.read_text() else {}


def _nft_rules() -> dict[str, str]:
    if not _kernel_has("nf_tables"):
        return {}
    if shutil.which("nft"):
        return _firewall_lines(_run("nft", "--stateless", "list", "ruleset"))
    return _firewall_lines(_run("iptables-nft-save") + _run("ip6tables-nft-save"))


def _kernel_has(module: str) -> bool:
    """Whether asking for a module's objects cannot load it: it is there, built in, or nothing can be loaded at all."""
    loaded = Path("/proc/modules")
    builtin = Path("/lib/modules", os.uname().release, "modules.builtin")
    return (
        not loaded.exists()
        or any(line.split()[0] == module for line in loaded.read_text().splitlines())
        or (builtin.exists() and f"/{module}.ko" in builtin.read_text())
    )


def _mounts() -> dict[str, str]:
    """Mount points with what is mounted there; one that is mounted over has several."""
    found: dict[str, str] = {}
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        place, source = line.split(" - ", 1)
        root, mount_point, options = place.split()[3:6]
        found[mount_point] = "; ".join(filter(None, [found.get(mount_point), f"{source} {root} {options}"]))
    return found


def _settings() -> dict[str, str]:
    found = {}
    for folder, _, names in os.walk("/proc/sys/net"):
        for file in (Path(folder, name) for name in names):
            setting = str(file.relative_to("/proc/sys"))
            if setting not in FLUCTUATING:
                try:
                    found[setting] = " ".join(file.read_text().split())
                except (OSError, UnicodeDecodeError):  # write-only, never set, or not for this user
                    continue
    return found


@dataclass(frozen=True)
class _Process:
    pid: int
    parent: int
    name: str
    started: str  # in clock ticks since the machine's start; with it a reused pid is another process
    command: list[str]
    network: str | None
    pids: str | None
    is_of_session: bool

    @property
    def is_lab_like(self) -> bool:
        return "netlab_magic.engines.host" in self.command or self.pids not in {None, _namespace("self", "pid")}

    @property
    def is_elsewhere(self) -> bool:
        return self.is_lab_like or self.network not in {None, _namespace("self", "net")}


def _namespace(process: str, kind: str) -> str | None:
    try:
        return str(Path("/proc", process, "ns", kind).readlink())
    except OSError:
        return None


def _words(process: str, file: str) -> list[str]:
    try:
        return os.fsdecode(Path("/proc", process, file).read_bytes()).split("\0")[:-1]
    except OSError:  # it ended in between, or is not for this user
        return []


def _read_process(pid: str) -> _Process | None:
    try:
        before_name, _, rest = Path("/proc", pid, "stat").read_text().rpartition(")")
    except OSError:
        return None
    fields = rest.split()
    return _Process(
        pid=int(pid),
        parent=int(fields[1]),
        name=before_name.partition("(")[2],
        started=fields[19],
        command=_words(pid, "cmdline"),
        network=_namespace(pid, "net"),
        pids=_namespace(pid, "pid"),
        is_of_session=any(word.startswith(f"{SESSION_VARIABLE}={os.environ.get(SESSION_VARIABLE)}") for word in _words(pid, "environ")),
    )


def _left_by_labs() -> dict[str, str]:
    """Processes in other namespaces that this session started, and lab hosts without an owner whoever started them.

    Labs that other people run on the same machine meanwhile have an owner, a living notebook kernel, and do not count.
    """
    processes = {found.pid: found for found in map(_read_process, filter(str.isdecimal, os.listdir("/proc"))) if found}

    def ancestors(process: _Process) -> Iterator[_Process]:
        parent = processes.get(process.parent)
        if parent:
            yield parent
            yield from ancestors(parent)

    def has_no_owner(process: _Process) -> bool:
        owner = next((ancestor for ancestor in ancestors(process) if not ancestor.is_lab_like), None)
        return owner is None or owner.pid == 1 or owner.name in {"init", "systemd"}  # who adopts orphans

    def is_left(process: _Process) -> bool:
        is_ours = process.is_of_session or any(ancestor.pid == os.getpid() for ancestor in ancestors(process))
        return process.pid != os.getpid() and process.is_elsewhere and (is_ours or (process.is_lab_like and has_no_owner(process)))

    return {
        f"{process.pid} (started at {process.started})": f"{' '.join(process.command)}, network namespace {process.network}"
        for process in processes.values()
        if is_left(process)
    }


def _repository_files() -> dict[str, str]:
    """Files of the repository that differ from its last commit, and files that it does not ignore."""
    return {line[3:]: line[:2] for line in _run("git", "-C", str(REPOSITORY), "status", "--porcelain").splitlines()}


SECTIONS: Mapping[str, Callable[[], Mapping[str, str]]] = {
    "process": _left_by_labs,
    "network namespace": _named_namespaces,
    "link": _links,
    "address": _addresses,
    "route": partial(_both_families, "route", "show", "table", "all"),
    "policy rule": partial(_both_families, "rule"),
    "legacy IPv4 firewall": partial(_legacy_rules, "ip_tables_names", "iptables-legacy-save"),
    "legacy IPv6 firewall": partial(_legacy_rules, "ip6_tables_names", "ip6tables-legacy-save"),
    "nft firewall": _nft_rules,
    "mount": _mounts,
    "sysctl": _settings,
    "file of the repository": _repository_files,
}
