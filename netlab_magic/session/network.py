"""The network of a lab: its engine, what was read back, and what is remembered while it is up."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from netlab_magic import docker
from netlab_magic.engines.choose import open_engine
from netlab_magic.engines.engine import Engine
from netlab_magic.engines.protocol import Observed
from netlab_magic.errors import LabUnavailable
from netlab_magic.language import docker_statements as d
from netlab_magic.language import statements as s
from netlab_magic.model.probe import Outcome
from netlab_magic.model.topology import HOST
from netlab_magic.session.history import History
from netlab_magic.session.state import Seen

__all__ = ["BUSY_SECONDS", "Network"]

BUSY_SECONDS = 10.0
"""How long a thread waits for another thread's statement to end, in seconds."""

_WATCHED = (
    *("net.ipv4.ip_forward", "net.bridge.bridge-nf-call-iptables"),
    *("net.ipv6.conf.all.forwarding", "net.bridge.bridge-nf-call-ip6tables"),
)
"""The host's sysctls that are always read back, because so much in a lab depends on them."""


class Network:
    """A lab's network, whatever cells run in it. It starts when it is first used.

    `name` is the lab's, `firewall` and `wanted_engine` are requested at the start; `dockerd` is what its dockerd has set up.
    """

    def __init__(self, name: str, firewall: str, engine: str) -> None:
        self.name = name
        self.firewall = firewall
        self.wanted_engine = engine
        self.history = History()
        self.dockerd: docker.Daemon | None = None
        self._engine: Engine | None = None
        self._lock = threading.RLock()
        self._sysctls: dict[str, set[str]] = {}
        self._outcomes: list[Outcome] = []

    @property
    def engine(self) -> Engine:
        """The engine, started if it is not running. Raises LabUnavailable."""
        if self._engine is not None and not self._engine.alive:
            known = self._engine.told_of_end
            self.forget()
            if not known:
                what = f"the lab{'' if self.name == 'lab' else f' {self.name}'} has ended, and everything in it is gone"
                raise LabUnavailable(f"{what}; the next statement starts a new one")
        if self._engine is None:
            self._engine = open_engine(self.firewall, self.name, self.wanted_engine)
        return self._engine

    @property
    def is_up(self) -> bool:
        """Whether the lab is running."""
        return self._engine is not None and self._engine.alive

    @property
    def is_looked_at(self) -> str:
        """`attach` or `load` for a network that is only looked at, else ""."""
        return self._engine.ready.way.partition(":")[0] if self._engine is not None and not self._engine.ready.sends else ""

    def forget(self, engine: Engine | None = None) -> None:
        """Ends the lab and forgets everything about it except snapshots; from now on it has this engine."""
        if self._engine is not None:
            self._engine.close()
        self._engine = engine
        self.history.before.clear()
        self._sysctls.clear()
        self._outcomes.clear()
        self.dockerd = None

    @contextmanager
    def turn(self, patience: float = BUSY_SECONDS) -> Iterator[None]:
        """Exclusive use of the lab: cells, panels and completion run on several threads. Raises LabUnavailable if it is busy."""
        if not self._lock.acquire(timeout=patience):
            raise LabUnavailable("the lab is busy with a command in another cell; interrupt it, or wait until it ends")
        try:
            yield
        finally:
            self._lock.release()

    def observe(self, foreign: bool = False, patience: float = BUSY_SECONDS) -> Observed:
        """The present state, read back from the kernel."""
        with self.turn(patience):
            return self.engine.observe(self._watched(), foreign=foreign)

    def look(self, rules: bool = True, foreign: bool = False) -> Seen:
        """The present state, parsed. Without `rules`, no program is started to read the firewall."""
        return Seen(self.engine.observe(self._watched(), rules=rules, foreign=foreign), self.dockerd, rules, foreign)

    def outcomes(self) -> tuple[Outcome, ...]:
        """The outcomes of the probes since the lab last changed."""
        return tuple(self._outcomes)

    def remember(self, outcomes: Sequence[Outcome]) -> None:
        """Keeps the outcomes of probes, replacing those of the same flows."""
        flows = {outcome.probe for outcome in outcomes}
        self._outcomes[:] = [old for old in self._outcomes if old.probe not in flows] + list(outcomes)

    def changes(self) -> None:
        """Something is about to change: measurements are no longer valid."""
        self._outcomes.clear()

    def keep_track(self, statements: Sequence[s.Statement]) -> None:
        """The sysctls that these statements may set are read back too from now on."""
        for statement in statements:
            for namespace, key in self._sysctls_of(statement):
                self._sysctls.setdefault(namespace, set()).add(key)

    def watch_all(self, seen: Seen) -> None:
        """The sysctls in a state are read back too from now on."""
        for name, namespace in seen.topology.namespaces.items():
            self._sysctls.setdefault(name, set()).update(namespace.sysctls)

    def _watched(self) -> dict[str, tuple[str, ...]]:
        """The sysctls to read back, by namespace."""
        keys = {HOST: set(_WATCHED)} | {name: set(held) for name, held in self._sysctls.items()}
        keys[HOST] |= set(_WATCHED)
        return {name: tuple(sorted(held)) for name, held in keys.items()}

    def _sysctls_of(self, statement: s.Statement) -> Iterator[tuple[str, str]]:
        """The sysctls that a statement may set, each with its namespace; a dockerd without proxy sets route_localnet on its bridges."""
        if isinstance(statement, s.Sysctl):
            yield str(statement.namespace), str(statement.key)
        if isinstance(statement, d.DockerInstall) and not statement.userland_proxy:
            yield HOST, docker.local_routing("docker0")
        if isinstance(statement, d.DockerNetwork) and docker.local_routing("docker0") in self._sysctls.get(HOST, ()):
            yield HOST, docker.local_routing(str(statement.bridge or docker.bridge_called_after(statement.name)))
