"""The ways into a lab, tried in order, and what each one answers here."""

import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from netlab_magic.engine import Engine
from netlab_magic.engine.kernel import KernelEngine, NotReady
from netlab_magic.engine.simulated import SimulatedEngine
from netlab_magic.errors import LabUnavailable
from netlab_magic.reader import suggest

__all__ = ["ENGINES", "Finding", "examine", "open_attached", "open_engine"]

ENGINES = ("auto", "kernel", "simulated")
"""What can carry out statements: the kernel, a model of it, or the kernel where it lets us and else the model."""

_WAYS = {"user": "user namespace", "root": "root", "sudo": "sudo without a password"}
_PROGRAMS = {
    "ip": ("iproute2", "commands in cells, and namespaces for them"),
    "iptables": ("iptables", "the firewall"),
    "ping": ("iputils-ping", "ping in cells (the ping statement needs no program)"),
    "dot": ("graphviz", "pictures; without it the text forms are shown"),
    "tcpdump": ("tcpdump", "tcpdump in cells"),
    "conntrack": ("conntrack", "show conntrack"),
    "sysctl": ("procps", "sysctl in cells"),
}
_BRIDGE_NETFILTER = "sudo modprobe br_netfilter"


class Finding(msgspec.Struct, frozen=True):
    """One line of the doctor's: what was looked at, whether it is well, what it answered, and the one thing that would open it."""

    what: str
    well: bool
    answer: str
    remedy: str = ""

    def __str__(self) -> str:
        remedy = f"\n      → {self.remedy}" if self.remedy else ""
        return f"  {'✓' if self.well else '✕'} {self.what}: {self.answer}{remedy}"


def _worth_trying() -> Iterator[str]:
    if sys.platform != "linux":
        return
    yield "user"
    if os.geteuid() == 0:
        yield "root"
    elif shutil.which("sudo"):
        yield "sudo"


def open_engine(firewall: str, name: str, engine: str = "auto") -> Engine:
    """A lab by the first way that works; simulated when that was asked for, or when no other way is open and any will do.

    Raises LabUnavailable, with what each way answered, where only the kernel will do.
    """
    if engine not in ENGINES:
        raise LabUnavailable(f"there is no engine {engine}{suggest(engine, ENGINES)}")
    if engine == "simulated":
        return SimulatedEngine(firewall, name)
    refusals: list[str] = []
    for way in _worth_trying():
        try:
            return KernelEngine(way, firewall, name)
        except NotReady as refusal:
            refusals.append(f"{_WAYS[way]}: {refusal}")
    answers = "; ".join(refusals) or "there is no Linux kernel"
    if engine == "auto":
        return SimulatedEngine(firewall, name, f"no lab can be made here on the kernel ({answers}); %netlab doctor says what would open it")
    raise LabUnavailable(f"no lab can be made here ({answers}); %netlab doctor says what would open it")


def open_attached(target: str, name: str) -> KernelEngine:
    """A look at the machine's own network ("host") or at a process's. Raises LabUnavailable."""
    if sys.platform != "linux" or os.geteuid() != 0:
        raise LabUnavailable("attach needs root: only root may look into other network namespaces")
    try:
        return KernelEngine(f"attach:{target}", "auto", name)
    except NotReady as refusal:
        raise LabUnavailable(f"the network of process {target} cannot be looked at: {refusal}") from None


def examine() -> list[Finding]:
    """Everything the doctor looks at. Starts and ends a lab host for each way."""
    return [*_ways(), *_kernel(), *_programs(), _python_iptables()]


def _ways() -> Iterator[Finding]:
    for way, title in _WAYS.items():
        if way not in _worth_trying():
            yield Finding(title, False, _why_not_tried(way))
            continue
        try:
            engine = KernelEngine(way, "auto", "doctor")
        except NotReady as refusal:
            yield Finding(title, False, str(refusal), _remedy(way, str(refusal)))
            continue
        ready = engine.ready
        engine.close()
        yield Finding(title, True, f"a lab host starts (firewall: {ready.firewall})")
        for note in ready.notes if way == "user" else ():
            yield Finding("note", False, note)
    yield Finding("simulated", True, "always works, with --engine simulated: no packet is sent, a model says what would become of it")


def _why_not_tried(way: str) -> str:
    if sys.platform != "linux":
        return "there is no Linux kernel here"
    return "this process is not root" if way == "root" else "not needed" if os.geteuid() == 0 else "there is no sudo here"


def _sysctl(path: str) -> str:
    file = Path("/proc/sys") / path
    return file.read_text().strip() if file.exists() else ""


def _remedy(way: str, answer: str) -> str:
    """The one thing that would open a way."""
    if way == "sudo":
        return "a rule in sudoers that lets you run it without a password, or log in as root"
    if way == "root":
        return "root here lacks the capability SYS_ADMIN; in a container: --privileged, or --cap-add SYS_ADMIN --cap-add NET_ADMIN"
    for kind in ("user", "net", "mnt", "pid", "uts"):
        if _sysctl(f"user/max_{kind}_namespaces") == "0":
            return f"sudo sysctl -w user.max_{kind}_namespaces=10000"
    if _sysctl("kernel/unprivileged_userns_clone") == "0":
        return "sudo sysctl -w kernel.unprivileged_userns_clone=1"
    if _sysctl("kernel/apparmor_restrict_unprivileged_userns") == "1":
        return "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
    if "/proc" in answer or "/sys" in answer:
        return "in a container: --security-opt systempaths=unconfined (podman: --security-opt unmask=ALL)"
    if Path("/.dockerenv").exists() or Path("/run/.containerenv").exists():
        return "start the container with --security-opt seccomp=unconfined --security-opt apparmor=unconfined, or with --privileged"
    return "run Jupyter as root, or ask the administrator to allow user namespaces"


def _kernel() -> Iterator[Finding]:
    loaded = Path("/proc/sys/net/bridge").is_dir()
    answer = "bridged frames meet iptables" if loaded else "not loaded: FORWARD DROP does not stop frames between ports of one bridge"
    yield Finding("br_netfilter", loaded, answer, "" if loaded else _BRIDGE_NETFILTER)


def _programs() -> Iterator[Finding]:
    folders = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    for program, (package, purpose) in _PROGRAMS.items():
        found = shutil.which(program, path=folders)
        yield Finding(program, bool(found), found or f"not found; it is for {purpose}", "" if found else f"sudo apt-get install {package}")


def _python_iptables() -> Finding:
    if importlib.util.find_spec("iptc"):
        return Finding("python-iptables", True, "the policy switch on the legacy variant needs no process")
    return Finding("python-iptables", False, "not installed; the command line does its work", "pip install 'netlab-magic[iptables]'")
