"""Creates the lab's namespaces. This module is imported before the process forks, so it imports next to nothing.

Three processes take part: the notebook kernel; the *watcher*, its child outside the lab's PID namespace; and the *host*, PID 1
inside. The watcher ends the host when the kernel's end of the channel closes or the kernel process ends, and the host is killed with
the watcher (parent-death signal). The kernel then takes down everything else in the PID namespace, and with the last process
the network and mount namespaces go.
"""

import ctypes
import errno
import os
import select
import signal

__all__ = ["LAB_FOLDER", "NEWNET", "MissingCapabilities", "MountRefused", "enter", "libc", "mount", "setns", "unshare"]

NEWNS, NEWUTS, NEWUSER, NEWPID, NEWNET = 0x00020000, 0x04000000, 0x10000000, 0x20000000, 0x40000000
"""Flags of unshare(2), from linux/sched.h."""

RDONLY, NOSUID, NODEV, NOEXEC, REMOUNT, BIND, REC, PRIVATE = 1, 2, 4, 8, 32, 4096, 16384, 1 << 18
"""Flags of mount(2), from sys/mount.h."""

RELATIVE_TIME = 1 << 21
LAB_FOLDER = "/run/netlab"
PRIVATE_ETC = f"{LAB_FOLDER}/etc"

_NO_ACCESS_TIME, _STATVFS_RELATIVE = 1024 | 2048, 4096
_SAFE = NOSUID | NODEV | NOEXEC
_SET_PARENT_DEATH_SIGNAL = 1

_CAPABILITIES = {"SYS_ADMIN": 21, "NET_ADMIN": 12, "NET_RAW": 13}
"""The capabilities that root needs to create a lab, numbered as in linux/capability.h; in a user namespace, every process has them."""

libc = ctypes.CDLL(None, use_errno=True)


class MountRefused(OSError):
    """The kernel refused a mount."""


class MissingCapabilities(OSError):
    """Root lacks capabilities that a lab needs: `names` has them, without CAP_."""

    def __init__(self, names: list[str]) -> None:
        noun = "capability" if len(names) == 1 else "capabilities"
        super().__init__(errno.EPERM, f"this process lacks the {noun} {', '.join(names)}")
        self.names = names


def _checked(result: int, what: str, error: type[OSError] = OSError) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise error(number, f"{what}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """unshare(2). Raises OSError."""
    _checked(libc.unshare(flags), "unshare")


def setns(descriptor: int, kind: int) -> None:
    """setns(2). Raises OSError."""
    _checked(libc.setns(descriptor, kind), "setns")


def mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    """mount(2). Raises MountRefused, naming the target."""
    result = libc.mount(source.encode(), target.encode(), kind.encode() or None, flags, data.encode() or None)
    _checked(result, f"mount {target}", MountRefused)


def enter(way: str, parent: int) -> int:
    """Forks the host into new namespaces; returns only in the host, with its PID as seen from outside.

    `way` is "user" (a user namespace first: no privilege needed) or "root". `parent` is the process whose end ends the lab
    (0: our parent). Raises OSError if the kernel refuses.
    """
    by_root = os.geteuid() == 0
    watched = os.pidfd_open(parent or os.getppid())
    outside, inside = os.pipe()
    if way == "user":
        _unshare_user()
    else:
        _need_capabilities()
    # Only after the user maps are written: files such as /proc/net/ip_tables_names get their owner when the namespace is made.
    unshare(NEWNS | NEWUTS | NEWPID | NEWNET)
    host = os.fork()
    if host:
        os.close(outside)
        os.write(inside, str(host).encode())
        os.close(inside)
        _watch(host, watched)
    _checked(libc.prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL), "prctl")
    os.close(inside)
    os.close(watched)
    told = os.read(outside, 32)
    os.close(outside)
    if not told:
        os._exit(1)
    _private_mounts()
    if by_root:
        _protected_folders()
    return int(told)


def _unshare_user() -> None:
    """A user namespace in which we are root.

    An ordinary user can map only itself; root maps all its users, so that programs can switch to their own user as usual.
    """
    user, group = os.geteuid(), os.getegid()
    writer, go = _start_writer() if user == 0 else (0, -1)
    unshare(NEWUSER)
    if writer:
        os.write(go, b".")
        os.close(go)
        if os.waitpid(writer, 0)[1] == 0:
            return
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"0 {user} 1")
    _write("/proc/self/gid_map", f"0 {group} 1")


def _start_writer() -> tuple[int, int]:
    """A child that stays outside and, once told so on the descriptor returned, writes our user and group maps."""
    maps = {name: _identity(f"/proc/self/{name}") for name in ("uid_map", "gid_map")}
    told, go = os.pipe()
    ours = os.getpid()
    writer = os.fork()
    if writer:
        os.close(told)
        return writer, go
    os.close(go)
    status = 1
    if os.read(told, 1):
        try:
            for name, text in maps.items():
                _write(f"/proc/{ours}/{name}", text)
            status = 0
        except OSError:
            status = 1
    os._exit(status)


def _identity(path: str) -> str:
    with open(path) as file:
        return "".join(f"{first} {first} {count}\n" for first, _, count in (line.split() for line in file))


def _write(path: str, text: str) -> None:
    try:
        with open(path, "w") as file:
            file.write(text)
    except OSError as error:
        raise OSError(error.errno, f"{path}: {error.strerror}") from None


def _need_capabilities() -> None:
    """Raises MissingCapabilities if root lacks what a lab needs: it would start, and then refuse rules (NET_RAW) or links (NET_ADMIN)."""
    with open("/proc/self/status") as file:
        held = int(next(line.split()[1] for line in file if line.startswith("CapEff:")), 16)
    missing = [name for name, number in _CAPABILITIES.items() if not held >> number & 1]
    if missing:
        raise MissingCapabilities(missing)


def _watch(host: int, watched: int) -> None:
    """The watcher: waits for the first of the host's end, the parent's end, or the channel's end; never returns."""
    ended = os.pidfd_open(host)
    poll = select.poll()
    poll.register(ended, select.POLLIN)
    poll.register(watched, select.POLLIN)
    poll.register(0, select.POLLHUP | select.POLLRDHUP)
    poll.poll()
    os.kill(host, signal.SIGKILL)
    os._exit(os.waitstatus_to_exitcode(os.waitpid(host, 0)[1]) & 0x7F)


def _protected_folders() -> None:
    """Keeps root's cells from writing the machine's own files: what tutorials write to /etc lasts as long as the lab."""
    for folder in ("/usr", "/boot", "/var/lib", "/var/cache"):
        if os.path.isdir(folder):
            _read_only(folder)
    os.makedirs(f"{PRIVATE_ETC}/upper")
    os.makedirs(f"{PRIVATE_ETC}/work")
    try:
        mount("overlay", "/etc", "overlay", NOSUID | NODEV, f"lowerdir=/etc,upperdir={PRIVATE_ETC}/upper,workdir={PRIVATE_ETC}/work")
    except OSError:
        _read_only("/etc")


def _read_only(folder: str) -> None:
    """Remounts a folder read-only, keeping the flags that a user namespace may not take off."""
    mount(folder, folder, "", BIND | REC)
    held = os.statvfs(folder).f_flag & (NOSUID | NODEV | NOEXEC | _NO_ACCESS_TIME)
    relative = RELATIVE_TIME if os.statvfs(folder).f_flag & _STATVFS_RELATIVE else 0
    mount("none", folder, "", BIND | REMOUNT | RDONLY | held | relative)


def _private_mounts() -> None:
    """Sets up the lab's mounts: its own /proc, /sys and /run; of the machine's sysctls, only the network's are writable."""
    mount("none", "/", "", REC | PRIVATE)
    mount("proc", "/proc", "proc", _SAFE)
    mount("/proc/sys", "/proc/sys", "", BIND)
    mount("/proc/sys/net", "/proc/sys/net", "", BIND)
    mount("none", "/proc/sys", "", BIND | REMOUNT | RDONLY | _SAFE)
    mount("tmpfs", "/run", "tmpfs", NOSUID | NODEV, "mode=755")
    try:
        mount("sysfs", "/sys", "sysfs", _SAFE)
    except MountRefused as error:
        if error.errno not in (errno.EPERM, errno.EACCES):
            raise
        _only_interfaces_of_sys()
    else:
        mount("/sys/devices/virtual/net", "/sys/devices/virtual/net", "", BIND)
        mount("none", "/sys", "", BIND | REMOUNT | RDONLY | _SAFE)
    for protected in ("/proc/sysrq-trigger", "/proc/irq", "/proc/bus"):
        if os.path.exists(protected):
            mount(protected, protected, "", BIND)
            mount("none", protected, "", BIND | REMOUNT | RDONLY | _SAFE)


def _only_interfaces_of_sys() -> None:
    """If the machine's /sys is read-only, as in containers: mounts only the network interfaces of the lab's own /sys, read-only too.

    The kernel does not let a user namespace reveal hidden parts of /sys or make it writable (fs/namespace.c,
    mount_too_revealing). The /sys underneath must stay on top: because `ip netns exec` cannot take that one off, it looks whether it
    is read-only, and mounts its own likewise.
    """
    own = f"{LAB_FOLDER}/sys"
    os.makedirs(own)
    mount("sysfs", own, "sysfs", _SAFE | RDONLY)
    for folder in ("class/net", "devices/virtual/net"):
        mount(f"{own}/{folder}", f"/sys/{folder}", "", BIND)
