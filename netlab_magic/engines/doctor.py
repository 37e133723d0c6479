"""The doctor: checks each way to create a lab, and what a lab needs, with the result and a remedy for each problem."""

import errno
import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from netlab_magic.draw.base.render import SUBSTITUTE, renderer
from netlab_magic.engines.choose import WAYS, worth_trying
from netlab_magic.engines.kernel import KernelEngine, NotReady
from netlab_magic.engines.protocol import NotStarted, StartFailure

__all__ = ["Finding", "examine"]

_PROGRAMS = {
    "ip": ("iproute2", "commands in cells, and their namespaces"),
    "iptables": ("iptables", "the firewall"),
    "ping": ("iputils-ping", "ping in cells (the ping statement needs no program)"),
    "tcpdump": ("tcpdump", "tcpdump in cells"),
    "conntrack": ("conntrack", "show conntrack"),
    "sysctl": ("procps", "sysctl in cells"),
}
_BRIDGE_NETFILTER = "sudo modprobe br_netfilter"

_CONTAINER_OPENS = "docker run --security-opt seccomp=unconfined --security-opt systempaths=unconfined"
_PODMAN_OPENS = "podman run --security-opt unmask=ALL"
_CLUSTER_OPENS = "in the pod's securityContext: procMount: Unmasked, seccompProfile: {type: Unconfined}, and in its spec: hostUsers: false"


class Finding(msgspec.Struct, frozen=True):
    """One line of the doctor's report: what was checked, whether it works, the result, and a remedy.

    `well` is None for what was not tried because it makes no sense here. `is_way` marks the ways to create a lab.
    """

    what: str
    well: bool | None
    answer: str
    remedy: str = ""
    is_way: bool = False

    def __str__(self) -> str:
        remedy = f"\n      → {self.remedy}" if self.remedy else ""
        return f"  {'–' if self.well is None else '✓' if self.well else '✕'} {self.what}: {self.answer}{remedy}"


def examine() -> list[Finding]:
    """All checks of the doctor. Starts and ends a lab host for each way."""
    machine = (*_kernel(), *_programs(), _python_iptables()) if any(worth_trying()) else ()
    return [*_ways(), *machine, _pictures()]


def _ways() -> Iterator[Finding]:
    tried = tuple(worth_trying())
    for way, title in WAYS.items():
        if way not in tried:
            yield _not_tried(way)
            continue
        try:
            engine = KernelEngine(way, "auto", "doctor")
        except NotReady as refusal:
            yield Finding(title, False, str(refusal), _remedy(way, refusal.report), is_way=True)
            continue
        ready = engine.ready
        engine.close()
        yield Finding(title, True, f"a lab host starts (firewall: {ready.firewall})", is_way=True)
        for note in ready.notes if way == tried[0] else ():
            yield Finding("note", False, note)
    yield Finding("simulated", True, "always works, with --engine simulated: a model predicts what would happen; no packet is sent")


def _not_tried(way: str) -> Finding:
    if sys.platform != "linux":
        return Finding(WAYS[way], None, "there is no Linux kernel here", "a virtual machine with Linux", is_way=True)
    if way == "sudo" and os.geteuid() == 0:
        return Finding(WAYS[way], None, "this process is already root", is_way=True)
    if way == "sudo":
        return Finding(WAYS[way], None, "there is no sudo here", "apt-get install sudo, as root, and a rule in sudoers", is_way=True)
    return Finding(WAYS[way], None, "this process is not root", "start Jupyter as root: sudo jupyter lab --allow-root", is_way=True)


def _sysctl(path: str) -> str:
    file = Path("/proc/sys") / path
    return file.read_text().strip() if file.exists() else ""


def _remedy(way: str, report: NotStarted | None) -> str:
    """The one thing that would make a way work whose lab host sent this report, None for none."""
    if way == "sudo":
        return "a rule in sudoers that lets you run it without a password, or start Jupyter as root"
    if report and report.kind == StartFailure.CAPABILITIES:
        return "in a container: " + " ".join(f"--cap-add {name}" for name in report.missing)
    for kind in ("user", "net", "mnt", "pid", "uts"):
        if _sysctl(f"user/max_{kind}_namespaces") == "0":
            return f"sudo sysctl -w user.max_{kind}_namespaces=10000"
    if _sysctl("kernel/unprivileged_userns_clone") == "0":
        return "sudo sysctl -w kernel.unprivileged_userns_clone=1"
    if _sysctl("kernel/apparmor_restrict_unprivileged_userns") == "1":
        return "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
    return _remedy_in_a_container(report)


def _remedy_in_a_container(report: NotStarted | None) -> str:
    is_mount = report is not None and report.kind == StartFailure.MOUNT
    if report and is_mount and report.errno == errno.EACCES:
        return "in a container: --security-opt apparmor=unconfined or, with SELinux, --security-opt label=disable"
    if "KUBERNETES_SERVICE_HOST" in os.environ:
        return _CLUSTER_OPENS
    if Path("/run/.containerenv").exists():
        return _PODMAN_OPENS
    if Path("/.dockerenv").exists():
        return _CONTAINER_OPENS
    if is_mount or _is_filtered():
        return f"if a container or a sandbox refuses it: {_CONTAINER_OPENS}, or {_PODMAN_OPENS}"
    return "start Jupyter as root; the kernel does not let this process create user namespaces, for example because of a chroot"


def _is_filtered() -> bool:
    """Whether a seccomp filter limits this process."""
    return "Seccomp:\t2" in Path("/proc/self/status").read_text()


def _kernel() -> Iterator[Finding]:
    loaded = Path("/proc/sys/net/bridge").is_dir()
    answer = "bridged frames go through iptables" if loaded else "not loaded: FORWARD DROP does not stop frames between ports of one bridge"
    yield Finding("br_netfilter", loaded, answer, "" if loaded else _BRIDGE_NETFILTER)


def _programs() -> Iterator[Finding]:
    folders = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    for program, (package, purpose) in _PROGRAMS.items():
        found = shutil.which(program, path=folders)
        yield Finding(program, bool(found), found or f"not found; needed for {purpose}", "" if found else f"sudo apt-get install {package}")


def _pictures() -> Finding:
    if found := renderer():
        return Finding("pictures", True, f"drawn by {found.name}")
    remedy = f"sudo apt-get install graphviz or, without root, pip install {SUBSTITUTE}"
    return Finding("pictures", False, "nothing here can draw them, so they are shown as text", remedy)


def _python_iptables() -> Finding:
    if (found := importlib.util.find_spec("iptc")) and found.origin:
        return Finding("python-iptables", True, "switches policies of the legacy variant without starting a process")
    return Finding("python-iptables", False, "not installed; the iptables programs do its work", "pip install 'netlab-magic[iptables]'")
