"""Answers questions about the machine that is looked at, one after the other; whatever would change it is refused."""

import os
import resource
from typing import NoReturn

from netlab_magic.engines import protocol
from netlab_magic.engines.host.commands.path_shims import command_path
from netlab_magic.engines.host.process.channel import Channel, Stopped
from netlab_magic.engines.host.state.firewall import Firewall, RuleRefused, by_family, in_use
from netlab_magic.engines.host.state.observe import Namespaces, observe
from netlab_magic.engines.host.state.packet_context import inside
from netlab_magic.engines.host.tracing.trace import trace
from netlab_magic.engines.host.tracing.watching import watch
from netlab_magic.engines.live.discovery import discovered
from netlab_magic.engines.live.joining import Joined
from netlab_magic.engines.live.processes import inode
from netlab_magic.engines.live.sending import judged, send
from netlab_magic.engines.machine import Machine
from netlab_magic.model.probe import Probe
from netlab_magic.model.topology import HOST, Topology

__all__ = ["look"]


def look(joined: Joined, target: str) -> NoReturn:
    """Answers until the channel closes."""
    channel = Channel()
    os.environ["PATH"] = command_path(os.environ.get("PATH", ""))
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    looking = Looking(channel, joined)
    channel.send(protocol.Ready(os.getpid(), f"attach:{target}", looking.rules["ipv4"].variant))
    while True:
        request = channel.request()
        if request is not None:
            channel.send(looking.answer(request))


class Looking:
    """What is kept between two questions: the dumps of all namespaces, read again only where the kernel has other rules by then."""

    def __init__(self, channel: Channel, joined: Joined) -> None:
        self.channel = channel
        self.joined = joined
        self.rules = by_family(in_use())
        self._kept: dict[tuple[int, str], dict[str, Firewall]] = {}

    def answer(self, request: protocol.Request) -> protocol.Answer:
        """The answer to a question; a refusal to everything else."""
        if not isinstance(request, protocol.Observe | protocol.TraceProbe | protocol.WatchTraffic):
            return protocol.Failed("an attached network is only looked at, never changed or probed")
        try:
            found, machine = discovered(self.joined.root, inode("/proc/self/ns/net"))
            with Namespaces(found) as namespaces:
                if isinstance(request, protocol.WatchTraffic):
                    with namespaces.inside(request.namespace):
                        return protocol.Watched(watch(self.channel, in_use(), request))
                if isinstance(request, protocol.TraceProbe):
                    return self._traced(request.probe, namespaces)
                return self._observed(request, namespaces, machine)
        except Stopped:
            return protocol.Failed("stopped", interrupted=True)
        except (OSError, RuleRefused) as error:
            return protocol.Failed(str(error))

    def _traced(self, probe: Probe, namespaces: Namespaces) -> protocol.Account:
        """Sends one packet, because that was asked for, and follows it."""
        variant = self.rules["ipv4"].variant
        traced = trace(lambda one, watch: send(self.channel, namespaces, one, watch), namespaces, variant, probe)
        return protocol.Account(judged(traced, own=probe.target in namespaces.descriptors))

    def _observed(self, request: protocol.Observe, namespaces: Namespaces, machine: Machine) -> protocol.Observed:
        topology = observe(namespaces, request.sysctls, ())
        if not self.joined.whole:
            topology = _linked(topology)
            for name in [name for name in namespaces.descriptors if name not in topology.namespaces]:
                namespaces.forget(name)
        dumps = [held.save() if request.rules else "" for held in self.rules.values()]
        if not request.foreign:
            return protocol.Observed(topology, dumps[0], rules6=dumps[1], machine=machine)
        others = inside(namespaces, topology, lambda name: self._firewalls(namespaces.descriptors[name]), dumps)
        return protocol.Observed(topology, dumps[0], self.rules["ipv4"].foreign(), others, dumps[1], machine)

    def _firewalls(self, descriptor: int) -> dict[str, Firewall]:
        key = os.fstat(descriptor).st_ino, in_use()
        return self._kept.setdefault(key, by_family(key[1]))


def _linked(topology: Topology) -> Topology:
    """The host, with what is linked to it at any distance."""
    links = [(one.namespace, other.namespace) for one, other in topology.links()]
    linked, count = {HOST}, 0
    while len(linked) > count:
        count = len(linked)
        linked |= {name for ends in links if linked & set(ends) for name in ends}
    return Topology({name: held for name, held in topology.namespaces.items() if name in linked}, topology.servers)
