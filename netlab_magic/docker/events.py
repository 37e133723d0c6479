"""dockerd at work on a host: each event changes its state, the topology and the firewall together, in dockerd's order."""

from collections.abc import Callable

import msgspec

from netlab_magic.docker import iptables_rules as rules
from netlab_magic.docker import topology as wiring
from netlab_magic.docker.ipam import with_addresses
from netlab_magic.docker.iptables_rules import FAMILIES
from netlab_magic.docker.ports import published
from netlab_magic.docker.ruleset_edits import Edit, Firewall
from netlab_magic.docker.state import Attachment, Container, Daemon, Endpoint, Network
from netlab_magic.iptables import save_format
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.model.topology import Topology

__all__ = ["DockerHost", "Planned"]


class Planned(msgspec.Struct, frozen=True):
    """A planned statement: dockerd and the topology after it, the rulesets after it with the edits that lead there, and what to say.

    `ruleset6` and `edits6` are those of ip6tables. `listing` is a text to show, of statements that change nothing.
    """

    daemon: Daemon | None
    topology: Topology
    ruleset: Ruleset
    ruleset6: Ruleset
    edits: tuple[Edit, ...] = ()
    edits6: tuple[Edit, ...] = ()
    sentence: str = "already so"
    listing: str = ""


class DockerHost:
    """A host with its dockerd, in the middle of a statement."""

    def __init__(self, daemon: Daemon, topology: Topology, ruleset: Ruleset, ruleset6: Ruleset) -> None:
        self.daemon = daemon
        self.topology = topology
        self.firewalls = {4: Firewall(ruleset), 6: Firewall(ruleset6)}
        self._before = daemon, topology, (ruleset, ruleset6), self._dumps()

    def _dumps(self) -> tuple[str, ...]:
        return tuple(map(str, self.firewalls.values()))

    def _program(self, event: Callable[..., None], *what: Network | Attachment) -> None:
        if self.daemon.backend == "iptables":
            for version in self.daemon.versions:
                event(self.firewalls[version], self.daemon, *what)

    # --- the daemon ---------------------------------------------------------------------------------------------------------

    def start(self, network: Network) -> None:
        """The first start, with the network of docker0."""
        self._program(rules.start)
        self._program(rules.drop_forward)
        self.add_network(network)

    def stop(self) -> None:
        """Everything that dockerd has made goes."""
        for container in self.daemon.containers:
            self.remove_container(container.name)
        for network in self.daemon.networks:
            self.remove_network(network)
        self._program(rules.stop)

    def restart(self) -> None:
        """All over again; what is there stays, so that only what someone has taken away comes back."""
        self._program(rules.start)
        for network in self.daemon.networks:
            self.add_network(network)
        for container in self.daemon.containers:
            self.restore(container)

    # --- networks -----------------------------------------------------------------------------------------------------------

    def add_network(self, network: Network) -> None:
        """A network's bridge and rules; those that are there stay as they are."""
        self.topology = wiring.with_network(self.topology, self.daemon, network)
        if network not in self.daemon.networks:
            self.daemon = msgspec.structs.replace(self.daemon, networks=(*self.daemon.networks, network))
        if network.ipv6 is not None and not self.daemon.forwards6:
            self.daemon = msgspec.structs.replace(self.daemon, forwards6=True)
            self._program(rules.drop_forward6)
        self._program(rules.add_network, network)

    def remove_network(self, network: Network) -> None:
        """A network without members goes."""
        self._program(rules.remove_network, network)
        self.topology = wiring.without_network(self.topology, network)
        kept = tuple(held for held in self.daemon.networks if held != network)
        self.daemon = msgspec.structs.replace(self.daemon, networks=kept)

    # --- containers ---------------------------------------------------------------------------------------------------------

    def _container(self, name: str) -> Container:
        found = self.daemon.container(name)
        assert found is not None
        return found

    def _set(self, container: Container) -> None:
        self.daemon = self.daemon.with_container(container)

    def start_container(self, container: Container) -> None:
        """A container that does not run gets its namespace, and at each network an address, rules and its ports.

        Raises StatementError when an address or a port is taken.
        """
        self.daemon = self.daemon.without_container(container.name)
        self._set(msgspec.structs.replace(container, status="running"))
        for endpoint in container.endpoints:
            self._join(container.name, endpoint)
        self.topology = wiring.with_container(self.topology, self.daemon, self._container(container.name))

    def stop_container(self, name: str) -> None:
        """A running container's namespace, rules and addresses go; what it is stays known."""
        container = self._container(name)
        self._withdraw(container)
        for held in self.daemon.attached(container):
            self._program(rules.remove_endpoint, held)
        self.topology = wiring.without_container(self.topology, self.daemon, container)
        endpoints = tuple(held.without_addresses() for held in container.endpoints)
        self._set(msgspec.structs.replace(container, endpoints=endpoints, ports=(), status="exited"))
        if container.removed_at_stop:
            self.daemon = self.daemon.without_container(name)

    def remove_container(self, name: str) -> None:
        """A container goes, running or not."""
        if self._container(name).is_running:
            self.stop_container(name)
        self.daemon = self.daemon.without_container(name)

    def restore(self, container: Container) -> None:
        """What a running container has is made again, where someone has taken it away."""
        if not container.is_running:
            return
        self.topology = wiring.with_container(self.topology, self.daemon, container)
        for held in self.daemon.attached(container):
            self._program(rules.add_endpoint, held)
            self._program(rules.publish, held)

    def set_status(self, name: str, status: str) -> None:
        """A container's status alone: pausing freezes its processes, and leaves its network as it is."""
        self._set(msgspec.structs.replace(self._container(name), status=status))

    def rename(self, name: str, new: str) -> None:
        """A container's name; its namespace, which is called as it is, is made anew."""
        container = self._container(name)
        if container.is_running:
            self.topology = wiring.without_container(self.topology, self.daemon, container)
        renamed = tuple(
            msgspec.structs.replace(held, name=new)
            if held.name == name
            else msgspec.structs.replace(held, mode=f"container:{new}")
            if held.shares == name
            else held
            for held in self.daemon.containers
        )
        self.daemon = msgspec.structs.replace(self.daemon, containers=renamed)
        for held in renamed:
            if new in (held.name, held.shares):
                self.restore(held)

    def connect(self, name: str, endpoint: Endpoint) -> None:
        """A container on one more network; its ports move there when its default route does. Raises StatementError."""
        container = self._container(name)
        if not container.is_running:
            self._set(container.with_endpoint(endpoint))
            return
        self.topology = wiring.without_proxies(self.topology, self.daemon, container)
        self._join(name, endpoint)
        self.topology = wiring.with_container(self.topology, self.daemon, self._container(name))

    def disconnect(self, name: str, network: str) -> None:
        """A container off a network; its ports move to the one that has its default route then, if there is one."""
        container = self._container(name)
        if not container.is_running:
            self._set(container.without_endpoint(network))
            return
        self.topology = wiring.without_proxies(self.topology, self.daemon, container)
        moved = any(at is not None and at.network == network for at in self._published_at(container))
        if moved:
            self._withdraw(container)
        for held in self.daemon.attached(container):
            if held.network.name == network:
                self._program(rules.remove_endpoint, held)
        self._set(container.without_endpoint(network))
        if moved:
            self._publish(name)
        self.topology = wiring.with_container(self.topology, self.daemon, self._container(name))

    def _join(self, name: str, endpoint: Endpoint) -> None:
        """A running container gets an address on a network; its ports are published anew when they belong to another endpoint then."""
        container = self._container(name)
        network = self.daemon.network_of(endpoint)
        joined = container.with_endpoint(with_addresses(self.daemon, network, endpoint))
        moved = self._published_at(joined) != self._published_at(container)
        if moved:
            self._withdraw(container)
        self._set(joined)
        for held in self.daemon.attached(joined):
            if held.network == network:
                self._program(rules.add_endpoint, held)
        if moved:
            self._publish(name)

    def _published_at(self, container: Container) -> tuple[Endpoint | None, ...]:
        return tuple(self.daemon.published_at(container, version) for version in (4, 6))

    def _withdraw(self, container: Container) -> None:
        for held in self.daemon.attached(container):
            self._program(rules.withdraw, held)

    def _publish(self, name: str) -> None:
        """Publishes a container's ports where they belong now; where any port of the host will do, another one is chosen."""
        ports, last = published(self.topology, self.daemon, self._container(name))
        self.daemon = msgspec.structs.replace(self.daemon, last_ports=last)
        self._set(msgspec.structs.replace(self._container(name), ports=ports))
        for held in self.daemon.attached(self._container(name)):
            self._program(rules.publish, held)

    # --- the statement ------------------------------------------------------------------------------------------------------

    def planned(self, sentence: str, *, gone: bool = False) -> Planned:
        """What has become of it all; nothing to do when that is what there was, although rules may have been taken out and put back."""
        daemon, topology, rulesets, before = self._before
        now = None if gone else self.daemon
        after = self._dumps()
        if (self.topology, after) == (topology, before):
            return Planned(now, topology, rulesets[0], rulesets[1], sentence="already so" if now == daemon else sentence)
        texts = zip(after, FAMILIES.values(), strict=True)
        ruleset, ruleset6 = (save_format.parse(text, strict=False, family=family.name) for text, family in texts)
        edits, edits6 = (tuple(firewall.edits) for firewall in self.firewalls.values())
        return Planned(now, self.topology, ruleset, ruleset6, edits, edits6, sentence)
