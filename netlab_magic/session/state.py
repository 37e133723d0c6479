"""A state of a lab: what was read back of it at one moment, and that in parsed form."""

from collections.abc import Mapping
from functools import cached_property

import msgspec

from netlab_magic import docker
from netlab_magic.engines.protocol import Inside, Observed
from netlab_magic.iptables import save_format
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.model.topology import HOST, Topology

__all__ = ["Seen"]


class Seen(msgspec.Struct, frozen=True, dict=True):
    """A lab as it was read back, each dump parsed once; and what its dockerd, which no kernel knows of, has made.

    Without `knows_rules` the firewall was not read, because nothing that was to come could change it.
    """

    observed: Observed
    dockerd: docker.Daemon | None = None
    knows_rules: bool = True

    @property
    def topology(self) -> Topology:
        """The topology as it was read back."""
        return self.observed.topology

    @property
    def dump(self) -> str:
        """The host's firewall as `iptables-save -c` printed it."""
        return self.observed.rules

    @property
    def inside(self) -> Mapping[str, Inside] | None:
        """The rules and sysctls of each namespace; None if they were not read, because they could not have changed."""
        return self.observed.inside or None

    @property
    def inside_namespaces(self) -> dict[str, Inside]:
        """The rules and sysctls of the namespaces that the state has, the host's not among them."""
        return {name: held for name, held in self.observed.inside.items() if name != HOST and name in self.topology.namespaces}

    @cached_property
    def ruleset(self) -> Ruleset:
        """The host's rules."""
        return save_format.parse(self.dump, strict=False)

    @cached_property
    def rulesets(self) -> dict[str, Ruleset]:
        """The rules of each namespace that has any, and the host's."""
        inside = {name: save_format.parse(held.rules, strict=False) for name, held in self.observed.inside.items() if held.rules}
        return {HOST: self.ruleset, **inside}

    @cached_property
    def rulesets6(self) -> dict[str, Ruleset]:
        """The rules of ip6tables of each namespace that has any."""
        inside = self.observed.inside.items()
        return {name: save_format.parse(held.rules6, strict=False, family="ipv6") for name, held in inside if held.rules6}

    def completed(self, now: "Seen") -> "Seen":
        """This state with the rules of `now`, if its own were not read: they are still the same ones."""
        if self.knows_rules:
            return self
        return Seen(msgspec.structs.replace(self.observed, rules=now.dump), self.dockerd)
