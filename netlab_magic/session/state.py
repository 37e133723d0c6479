"""A state of a lab: what was read back at one moment, and its parsed form."""

from collections.abc import Sequence
from functools import cached_property, lru_cache

import msgspec

from netlab_magic import docker
from netlab_magic.engines.protocol import ForeignRules, Inside, Observed
from netlab_magic.iptables import save_format
from netlab_magic.iptables.ruleset import PROGRAM_OF, Ruleset
from netlab_magic.model.topology import HOST, Topology
from netlab_magic.nftables import parse
from netlab_magic.nftables.ruleset import Ruleset as NftRuleset

__all__ = ["Seen", "parsed"]


@lru_cache(maxsize=32)
def parsed(text: str) -> NftRuleset:
    """Tables that nft listed."""
    return parse(text, strict=False)


class Seen(msgspec.Struct, frozen=True, dict=True):
    """A lab as it was read back, each dump parsed once; and the state of its dockerd, which is in no kernel.

    Without `knows_rules`, the host's iptables were not read; without `knows_other_filters`, neither were other filters nor anything inside
    namespaces, because nothing planned could change them.
    """

    observed: Observed
    dockerd: docker.Daemon | None = None
    knows_rules: bool = True
    knows_other_filters: bool = True

    @property
    def topology(self) -> Topology:
        """The topology as it was read back."""
        return self.observed.topology

    @property
    def dump(self) -> str:
        """The host's firewall as `iptables-save -c` printed it."""
        return self.observed.rules

    @property
    def inside_namespaces(self) -> dict[str, Inside]:
        """The rules and sysctls of the state's namespaces, without the host's."""
        return {name: held for name, held in self.observed.inside.items() if name != HOST and name in self.topology.namespaces}

    @property
    def dump6(self) -> str:
        """The host's firewall as `ip6tables-save -c` printed it; "" where it has no tables."""
        return self.observed.rules6

    def dump_of(self, family: str) -> str:
        """The host's dump of one family, ipv4 or ipv6."""
        return self.dump6 if family == "ipv6" else self.dump

    @cached_property
    def ruleset(self) -> Ruleset:
        """The host's rules for IPv4."""
        return save_format.parse(self.dump, strict=False, family="ipv4")

    @cached_property
    def ruleset6(self) -> Ruleset:
        """The host's rules for IPv6."""
        return save_format.parse(self.dump6, strict=False, family="ipv6")

    def rules_of(self, family: str) -> Ruleset:
        """The host's rules of one family, ipv4 or ipv6."""
        return self.ruleset6 if family == "ipv6" else self.ruleset

    @property
    def by_family(self) -> dict[str, Ruleset]:
        """The host's rules by their family."""
        return {family: self.rules_of(family) for family in PROGRAM_OF}

    @cached_property
    def rulesets(self) -> dict[str, Ruleset]:
        """The rules of each namespace that has any, including the host's."""
        inside = self.observed.inside.items()
        found = {name: save_format.parse(held.rules, strict=False, family="ipv4") for name, held in inside if held.rules}
        return {HOST: self.ruleset, **found}

    @cached_property
    def rulesets6(self) -> dict[str, Ruleset]:
        """The ip6tables rules of each namespace that has any, including the host's."""
        inside = self.observed.inside.items()
        found = {name: save_format.parse(held.rules6, strict=False, family="ipv6") for name, held in inside if held.rules6}
        return {HOST: self.ruleset6, **found}

    @cached_property
    def native(self) -> dict[str, NftRuleset]:
        """nft's own tables of each namespace that has any, including the host's; none if they were not read."""
        inside = {name: held.foreign for name, held in self.observed.inside.items() if name != HOST}
        found = {name: _native(foreign) for name, foreign in {HOST: self.observed.foreign, **inside}.items()}
        return {name: ruleset for name, ruleset in found.items() if ruleset.tables}

    def completed(self, now: "Seen") -> "Seen":
        """This state, completed from `now` with what was not read for it and has not changed since."""
        observed = self.observed
        if not self.knows_rules:
            observed = msgspec.structs.replace(observed, rules=now.dump, rules6=now.dump6)
        if not self.knows_other_filters:
            observed = msgspec.structs.replace(observed, foreign=now.observed.foreign, inside=now.observed.inside)
        return self if observed is self.observed else Seen(observed, self.dockerd, knows_other_filters=now.knows_other_filters)


def _native(foreign: Sequence[ForeignRules]) -> NftRuleset:
    return parsed("".join(one.text for one in foreign if one.owner == "nftables"))
