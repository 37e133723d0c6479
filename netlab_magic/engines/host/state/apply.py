"""Carries out changes: netlink messages gathered for each namespace and sent together, in the order that their effects need."""

import errno
import os
import select
import signal
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import nullcontext, suppress

from netlab_magic.engines.host.netlink import rtnetlink as n
from netlab_magic.engines.host.netlink.codec import NLM_F_CREATE, NLM_F_EXCL, Message
from netlab_magic.engines.host.state.new_namespaces import NewNamespaces, remove_name
from netlab_magic.engines.host.state.observe import AT_ONCE, Namespaces, write_sysctl
from netlab_magic.model import changes as c
from netlab_magic.model.topology import HOST, End, Route, Server

__all__ = ["Refused", "apply"]

_NEW = NLM_F_CREATE | NLM_F_EXCL


class Refused(Exception):
    """The kernel refused the change with this index."""

    def __init__(self, index: int, error: OSError) -> None:
        super().__init__(index, error)
        self.index = index
        self.error = error


class Batch:
    """The unsent messages for one namespace, each with the index of its change."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.changes: list[int] = []
        self.touched: set[End] = set()


class Applier:
    """Applies changes one after the other; `flush` sends what is gathered. `ahead` are the namespaces to come, if they are made ahead.

    `with_ipv6` are the new namespaces that get IPv6 addresses.
    """

    def __init__(
        self,
        namespaces: Namespaces,
        ahead: NewNamespaces | None,
        with_ipv6: Container[str],
        start: Callable[[Server], None],
        stop: Callable[[Server], None],
    ) -> None:
        self.namespaces = namespaces
        self._ahead = ahead
        self._with_ipv6 = with_ipv6
        self._start, self._stop = start, stop
        self.batches: dict[str, Batch] = {}
        self.indices: dict[End, int] = {}
        self.next_index: dict[str, int] = {}
        self.current = 0

    def gather(self, namespace: str, message: Message, *touched: End) -> None:
        """Adds a message; another namespace's waiting messages about the same devices are sent first."""
        for other, batch in list(self.batches.items()):
            if other != namespace and not batch.touched.isdisjoint(touched):
                self.flush(other)
        batch = self.batches.setdefault(namespace, Batch())
        batch.messages.append(message)
        batch.changes.append(self.current)
        batch.touched.update(touched)

    def flush(self, namespace: str) -> None:
        """Sends a namespace's messages. Raises Refused for the first one that the kernel refuses."""
        batch = self.batches.pop(namespace, None)
        if batch is None:
            return
        for at in range(0, len(batch.messages), 50):
            refusal = self.namespaces.netlink(namespace).send(batch.messages[at : at + 50])
            if refusal:
                raise Refused(batch.changes[at + refusal.at], refusal.error)

    def flush_all(self) -> None:
        """Sends everything, the host's own messages last."""
        for namespace in sorted(self.batches, key=lambda name: name == HOST):
            self.flush(namespace)

    def index(self, namespace: str, name: str) -> int:
        """The index of a device, from memory or from the kernel."""
        end = End(namespace, name)
        if end not in self.indices:
            for other in [other for other, batch in self.batches.items() if end in batch.touched]:
                self.flush(other)
            self.indices[end] = self.namespaces.netlink(namespace).index(name)
        return self.indices[end]

    def new_index(self, namespace: str, name: str) -> int:
        """The index for a new device in a namespace that we created; 0 elsewhere, which lets the kernel choose."""
        if namespace not in self.next_index:
            return 0
        index = self.next_index[namespace]
        self.next_index[namespace] += 1
        self.indices[End(namespace, name)] = index
        return index

    def do(self, change: c.Change) -> None:
        """Carries out or queues one change. Raises OSError."""
        match change:
            case c.AddNamespace(name):
                self._add_namespace(name)
            case c.DeleteNamespace(name):
                self._delete_namespace(name)
            case c.AddLink(namespace, name, kind):
                self.gather(namespace, n.link(n.RTM_NEWLINK, _NEW, name=name, device=kind, up=True), End(namespace, name))
            case c.AddVeth(left, right, right_up):
                self._add_veth(left, right, right_up)
            case c.DeleteLink(namespace, name):
                self._delete_link(namespace, name)
            case c.SetLink(namespace, name, master, up):
                index = self.index(namespace, master) if master else 0
                message = n.link(n.RTM_NEWLINK, name=name, master=index if name != "lo" else None, up=up)
                self.gather(namespace, message, End(namespace, name))
            case c.SetHairpin(namespace, name, on):
                self.gather(namespace, n.hairpin(self.index(namespace, name), on), End(namespace, name))
            case c.AddAddress(namespace, name, cidr):
                self.gather(namespace, n.address(n.RTM_NEWADDR, self.index(namespace, name), cidr), End(namespace, name))
            case c.DeleteAddress(namespace, name, cidr):
                self.gather(namespace, n.address(n.RTM_DELADDR, self.index(namespace, name), cidr), End(namespace, name))
            case c.AddRoute(namespace, route) | c.DeleteRoute(namespace, route):
                self._route(namespace, n.RTM_NEWROUTE if isinstance(change, c.AddRoute) else n.RTM_DELROUTE, route)
            case c.SetSysctl(namespace, key, value):
                self._set_sysctl(namespace, key, value)
            case c.StartServer(server):
                self.flush_all()
                self._start(server)
            case c.StopServer(server):
                self._stop(server)

    def _add_namespace(self, name: str) -> None:
        if self._ahead is not None:
            self.namespaces.take(*self._ahead.take())
        else:
            with NewNamespaces([name]) as one:
                self.namespaces.take(*one.take())
        if name in self._with_ipv6:
            with self.namespaces.inside(name):
                write_sysctl(*AT_ONCE)
        self.indices[End(name, "lo")] = 1
        self.next_index[name] = 2
        self.gather(name, n.link(n.RTM_NEWLINK, index=1, up=True), End(name, "lo"))

    def _delete_namespace(self, name: str) -> None:
        self.flush_all()
        descriptor = self.namespaces.descriptors.get(name)
        if descriptor is None:
            raise FileNotFoundError(2, f"there is no namespace {name}")
        _end_processes(os.fstat(descriptor).st_ino)
        self.namespaces.forget(name)
        remove_name(name)
        self.indices.clear()

    def _delete_link(self, namespace: str, name: str) -> None:
        """Deletes a device. It may already be gone with a namespace, which the kernel cleans up asynchronously."""
        self.flush_all()
        refusal = self.namespaces.netlink(namespace).send([n.link(n.RTM_DELLINK, name=name)])
        if refusal and refusal.error.errno != errno.ENODEV:
            raise refusal.error
        self.indices.clear()

    def _add_veth(self, left: End, right: End, right_up: bool) -> None:
        index = self.new_index(left.namespace, left.interface)
        self.next_index.pop(right.namespace, None)  # the kernel chooses the far end's index, so we no longer know the next one there
        far = self.namespaces.descriptors.get(right.namespace)
        if far is None:
            raise FileNotFoundError(2, f"there is no namespace {right.namespace}")
        message = n.link(
            n.RTM_NEWLINK, _NEW, index=index, name=left.interface, device="veth", peer=right.interface, peer_namespace=far, up=True
        )
        self.gather(left.namespace, message, left, right)
        if right_up:
            self.gather(right.namespace, n.link(n.RTM_NEWLINK, name=right.interface, up=True), right)

    def _route(self, namespace: str, kind: int, route: Route) -> None:
        device = self.index(namespace, route.device) if route.device else None
        self.gather(namespace, n.route(kind, route, device))

    def _set_sysctl(self, namespace: str, key: str, value: str) -> None:
        self.flush_all()
        with self.namespaces.inside(namespace):
            write_sysctl(key, value)


def _end_processes(inode: int) -> None:
    """Kills the processes in a network namespace and waits for their end; all are the lab's, since /proc shows only those.

    A process that is still ending holds its ports, and a server would be taken for a running one.
    """
    while ending := list(_killed(inode)):
        for descriptor in ending:
            ended = select.poll()
            ended.register(descriptor, select.POLLIN)
            ended.poll()
            os.close(descriptor)


def _killed(inode: int) -> Iterator[int]:
    """Kills the processes in a network namespace; yields a descriptor of each, readable when the process has ended (pidfd_open(2))."""
    for name in os.listdir("/proc"):
        if not name.isdigit() or name == "1":
            continue
        try:
            descriptor = os.pidfd_open(int(name))
        except OSError:
            continue
        if _network_of(name) == inode:
            with suppress(ProcessLookupError):  # it ended by itself
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
            yield descriptor
        else:
            os.close(descriptor)


def _network_of(process: str) -> int | None:
    """The inode of a process's network namespace; None once it has left it by ending."""
    try:
        return os.stat(f"/proc/{process}/ns/net").st_ino
    except OSError:
        return None


def apply(
    namespaces: Namespaces, changes: Sequence[c.Change], start: Callable[[Server], None], stop: Callable[[Server], None]
) -> None:
    """Makes the changes in order. Raises Refused; the changes before the refused one have then been made.

    If addresses were added or removed, the neighbour tables are flushed: an address that comes back may have another hardware address,
    and its neighbours would send to the old one for half a minute.
    """
    new = [change.namespace for change in changes if isinstance(change, c.AddNamespace)]
    with_ipv6 = {change.namespace for change in changes if isinstance(change, c.AddAddress) and ":" in change.cidr}
    # A name may have to go before it can be given again.
    at_once = any(isinstance(change, c.DeleteNamespace) for change in changes)
    with nullcontext() if at_once or not new else NewNamespaces(new) as ahead:
        applier = Applier(namespaces, ahead, with_ipv6, start, stop)
        for applier.current, change in enumerate(changes):
            try:
                applier.do(change)
            except OSError as error:
                raise Refused(applier.current, error) from None
        applier.current = len(changes)
        applier.flush_all()
    if any(isinstance(change, c.DeleteNamespace | c.DeleteLink | c.AddAddress | c.DeleteAddress) for change in changes):
        for name in namespaces.descriptors.keys() - set(new):
            namespaces.netlink(name).forget_neighbours()
