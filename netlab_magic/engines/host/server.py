"""The host's main loop: handles one request after another, and, as PID 1, reaps orphaned processes."""

import os
import resource
import select
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from netlab_magic.engines import protocol
from netlab_magic.engines.host.capturing import Captures
from netlab_magic.engines.host.commands import run
from netlab_magic.engines.host.commands.path_shims import command_path, write_shims
from netlab_magic.engines.host.commands.servers import Servers
from netlab_magic.engines.host.netlink.rtnetlink import RTM_NEWLINK, RouteSocket, link
from netlab_magic.engines.host.probing.measure import Measuring
from netlab_magic.engines.host.process.channel import Channel, Stopped
from netlab_magic.engines.host.process.isolation import BIND, LAB_FOLDER, mount
from netlab_magic.engines.host.process.seccomp import ignore_setgroups
from netlab_magic.engines.host.state import firewall
from netlab_magic.engines.host.state.apply import Refused, apply
from netlab_magic.engines.host.state.observe import AT_ONCE, Namespaces, observe, write_sysctl
from netlab_magic.engines.host.state.packet_context import inside
from netlab_magic.engines.host.tracing.trace import trace
from netlab_magic.engines.host.tracing.watching import watch
from netlab_magic.model.topology import Topology

__all__ = ["serve"]

NO_NAME_SERVER = """\
# A lab has no name server. Nothing listens here, so lookups fail at once; the machine's own could not be reached.
nameserver 127.0.0.1
options timeout:1 attempts:1
"""
SHELL_STATE = "/run/netlab/shell"
PREAMBLE = f"[ -f {SHELL_STATE} ] && . {SHELL_STATE} && cd \"$PWD\"; trap 'set -- $?; export -p > {SHELL_STATE}; exit $1' EXIT; set -a; "
"""Prepended to a command: restores the variables and working directory of the cell's last command, and saves its own."""

IDLE_SECONDS = 0.05
"""Seconds without a request after which work for the next one is done ahead."""

NO_BRIDGE_NETFILTER = (
    "br_netfilter is not loaded, so frames between two ports of one bridge never meet iptables and FORWARD DROP does not stop them; "
    "on the machine: sudo modprobe br_netfilter"
)


def serve(pid: int, way: str, variant: str, name: str) -> NoReturn:
    """Prepares the host and answers requests until the lab is gone. `pid` is this process as seen from outside."""
    channel = Channel()
    try:
        host = LabHost(channel, variant, name)
    except LookupError as error:
        channel.send(protocol.NotStarted(str(error.args[0])))
        sys.exit(1)
    channel.send(protocol.Ready(pid, way, host.firewall.variant, tuple(host.notes)))
    host.loop()


def _observed(topology: Topology, dumps: Sequence[str], foreign: firewall.Firewall | None, namespaces: Namespaces) -> protocol.Observed:
    """All that was read back; `foreign` is asked what filters beside it, and None where that is not wanted."""
    if foreign is None:
        return protocol.Observed(topology, dumps[0], rules6=dumps[1])
    variant = foreign.variant
    others = inside(namespaces, topology, lambda _: firewall.by_family(variant), dumps)
    return protocol.Observed(topology, dumps[0], foreign.foreign(), others, dumps[1])


class LabHost:
    """The state of a lab host that is not the kernel's: servers, background output, the firewall variant."""

    def __init__(self, channel: Channel, variant: str, name: str) -> None:
        self.channel = channel
        self.notes: list[str] = []
        os.environ["PATH"] = command_path(os.environ.get("PATH", ""))
        os.environ.pop("PYTHONPATH", None)
        os.environ["SHELL"] = "/bin/bash" if os.path.exists("/bin/bash") else "/bin/sh"
        _reset_signals()
        Path(LAB_FOLDER).mkdir(parents=True, exist_ok=True)
        _call_host(name)
        _replace("resolv.conf", NO_NAME_SERVER)
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))
        if (Path("/proc/self/setgroups")).read_text().strip() == "deny":
            ignore_setgroups()
        self.firewalls = firewall.by_family(self._variant(variant))
        self.firewall = self.firewalls["ipv4"]
        write_shims(self.firewall.variant)
        self.servers = Servers()
        self.captures = Captures()
        self.cell = 0
        self._has_looked = False
        self.background = run.Background()
        self._prepare_network()

    def _variant(self, wanted: str) -> str:
        """The variant to use: the requested one, or legacy if it works, otherwise nft; none if neither works."""
        for variant in firewall.VARIANTS if wanted == "auto" else (wanted,):
            if firewall.works(variant):
                return variant
        if wanted != "auto":
            raise LookupError(f"this machine cannot do the {wanted} variant of iptables; leave out --firewall {wanted}")
        self.notes.append(firewall.NO_IPTABLES)
        return firewall.NONE

    def _prepare_network(self) -> None:
        """Loopback up, and forwarding on as on a Docker host (dockerd sets ip_forward=1 itself)."""
        with RouteSocket() as netlink:
            netlink.send([link(RTM_NEWLINK, index=1, up=True)])
        write_sysctl("net.ipv4.ip_forward", "1")
        with suppress(FileNotFoundError):  # a kernel without IPv6
            write_sysctl("net.ipv6.conf.all.forwarding", "1")
            write_sysctl(*AT_ONCE)
        if not os.path.isdir("/proc/sys/net/bridge"):
            self.notes.append(NO_BRIDGE_NETFILTER)

    def loop(self) -> NoReturn:
        """Waits for requests, orphans and background output; ends the process when the channel closes."""
        wake, signalled = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(signalled, warn_on_full_buffer=False)
        warm = False
        while True:
            readable, _, _ = select.select([self.channel.fileno(), wake, *self.background.streams], [], [], None if warm else IDLE_SECONDS)
            if not readable:
                warm = not self._warm_up()
            for ready in readable:
                if ready == self.channel.fileno():
                    request = self.channel.request()
                    if request is not None:
                        self.channel.send(self.answer(request))
                        warm = False
                elif ready == wake:
                    os.read(wake, 4096)
                elif ready in self.background.streams:  # unless the request before it has read this one to its end
                    self.background.listen(ready)
            self._bury()

    def _warm_up(self) -> bool:
        """Prepares for the next request. False when everything is done. What a process does for the first time takes it twice as long."""
        if self.firewall.warm_up():
            return True
        if not self._has_looked:
            self._has_looked = True
            with Namespaces() as namespaces:
                observe(namespaces, {}, ())
        return False

    def _bury(self) -> None:
        """Takes the exit status of every process that has ended: as PID 1 we inherit all orphans."""
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return

    def answer(self, request: protocol.Request) -> protocol.Answer:
        """Carries out one request; a refusal by the kernel or iptables becomes a `Failed`."""
        try:
            with Namespaces() as namespaces:
                return self._carry_out(request, namespaces)
        except Refused as refused:
            return protocol.Failed(refused.error.strerror or str(refused.error), refused.error.errno or 0, refused.index)
        except firewall.RuleRefused as refused:
            return protocol.Failed(refused.message, 0, refused.line, in_rules=True)
        except Stopped:
            return protocol.Failed("stopped", interrupted=True)
        except OSError as error:
            return protocol.Failed(str(error.strerror or error), error.errno or 0)

    def _carry_out(self, request: protocol.Request, namespaces: Namespaces) -> protocol.Answer:
        match request:
            case protocol.Observe(sysctls, rules, foreign):
                saved = [held.saving() if rules else str for held in self.firewalls.values()]
                topology = observe(namespaces, sysctls, self.servers.running())
                return _observed(topology, [dump() for dump in saved], self.firewall if foreign else None, namespaces)
            case protocol.Apply(changes, rules, rules6):
                with self.firewall.restoring(rules):
                    apply(namespaces, changes, lambda server: self.servers.start(namespaces, server), self.servers.stop)
                if rules6:
                    self.firewalls["ipv6"].restore(rules6, flush=False)
                return protocol.Done()
            case protocol.SaveRules(family):
                return protocol.Text(self.firewalls[family].save())
            case protocol.RestoreRules(text, flush, namespace, family):
                with namespaces.inside(namespace):
                    self.firewalls[family].restore(text, flush)
                return protocol.Done()
            case protocol.Canonical(text, family):
                return protocol.Text(self.firewalls[family].canonical(text))
            case protocol.ProbeAll(probes):
                return protocol.Probed(tuple(Measuring(self.channel, namespaces).measure(probes)))
            case protocol.TraceProbe(probe):
                measuring = Measuring(self.channel, namespaces)
                traced = trace(lambda one, watch: measuring.measure([one], watch)[0], namespaces, self.firewall.variant, probe)
                return protocol.Account(traced)
            case protocol.WatchTraffic(namespace=namespace):
                with namespaces.inside(namespace):
                    return protocol.Watched(watch(self.channel, self.firewall.variant, request))
            case protocol.StartCapture(at):
                self.captures.start(namespaces, at)
                return protocol.Done()
            case protocol.EndCaptures():
                return self.captures.end()
            case protocol.Run():
                namespaces.close()
                return self._run(request)
            case protocol.Status():
                return protocol.Working(tuple(_processes(namespaces)))
            case protocol.Interrupt():
                return protocol.Done()
        raise TypeError(f"not a request: {request!r}")

    def _run(self, request: protocol.Run) -> protocol.Ran:
        shell = [os.environ["SHELL"]]
        words = ["ip", "netns", "exec", request.namespace, *shell] if request.namespace else shell
        if request.cell != self.cell:
            Path(SHELL_STATE).unlink(missing_ok=True)
            self.cell = request.cell
        text = PREAMBLE + (f"{request.text}\n{request.following}" if request.following else request.text)
        environment = {**os.environ, "PWD": request.directory}
        return run.run(self.channel, self.background, words, text, environment, request.directory)


def _reset_signals() -> None:
    """Resets signals to their defaults for every command, whatever the notebook's server was started with.

    Ignored and blocked signals are inherited (execve(2)). A script's shell ignores SIGINT and SIGQUIT in what it starts with `&`, so
    commands of a server started like this could not be stopped. Python itself ignores SIGPIPE and SIGXFSZ, and resets them for commands.
    """
    for number in signal.valid_signals() - {signal.SIGPIPE, signal.SIGXFSZ}:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    signal.signal(signal.SIGINT, lambda *_: None)  # for the host itself; a handler is not inherited


def _call_host(name: str) -> None:
    """Sets the host name, also in /etc/hosts: programs that look up their own name would otherwise wait for a missing name server."""
    try:
        socket.sethostname(name)
    except PermissionError:  # containers' seccomp profiles refuse this one even where namespaces may be made
        name = socket.gethostname()
    known = Path("/etc/hosts")
    _replace("hosts", f"{known.read_text() if known.exists() else ''}\n127.0.0.1 {name}\n::1 {name}\n")


def _replace(name: str, text: str) -> None:
    """Replaces a file in /etc by the lab's own."""
    own = Path(LAB_FOLDER, name)
    own.write_text(text)
    if os.path.exists(f"/etc/{name}"):
        mount(str(own), f"/etc/{name}", "", BIND)


def _processes(namespaces: Namespaces) -> list[protocol.Process]:
    names = {os.fstat(descriptor).st_ino: name for name, descriptor in namespaces.descriptors.items()}
    found: list[protocol.Process] = []
    for entry in sorted((int(name) for name in os.listdir("/proc") if name.isdigit()), key=int):
        if entry == 1:
            continue
        try:
            words = Path(f"/proc/{entry}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            inode = os.stat(f"/proc/{entry}/ns/net").st_ino
        except OSError:
            continue
        if words:
            found.append(protocol.Process(entry, words, names.get(inode, "another namespace")))
    return found
