"""A state of a lab: what was read back of it at one moment."""

from collections.abc import Mapping

import msgspec

from netlab_magic import docker
from netlab_magic.engines.protocol import Inside, Observed
from netlab_magic.model.topology import HOST, Topology

__all__ = ["Seen", "seen_of"]


class Seen(msgspec.Struct, frozen=True):
    """A lab as it was read back: topology and the firewall's dump; and what its dockerd, which no kernel knows of, has made.

    `inside` holds the rules and sysctls of each namespace, None where nobody has looked since they could not have changed.
    """

    topology: Topology
    dump: str
    dockerd: docker.Daemon | None = None
    inside: Mapping[str, Inside] | None = None

    @property
    def inside_namespaces(self) -> dict[str, Inside]:
        """The rules and sysctls of the namespaces that the state has, the host's not among them."""
        return {name: held for name, held in (self.inside or {}).items() if name != HOST and name in self.topology.namespaces}


def seen_of(observed: Observed, dockerd: docker.Daemon | None = None) -> Seen:
    """What was observed as a state to come back to."""
    return Seen(observed.topology, observed.rules, dockerd, observed.inside or None)
