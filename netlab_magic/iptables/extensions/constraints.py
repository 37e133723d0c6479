"""What a row of the option table demands: options that must be given, exclude each other, or depend on others or on the protocol.

The facts are those that iptables checks once it has read a rule, or the kernel when it gets it (iptables-extensions(8)).
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from netlab_magic.iptables.option import Option
from netlab_magic.iptables.refusal import Kind

__all__ = ["HAS_PORT", "NO_DEMAND", "WITH_PORTS", "Complaint", "Demand", "all_of", "one_of"]

WITH_PORTS = ("tcp", "udp", "udplite", "sctp", "dccp", "icmp", "ipv6-icmp")
"""The protocols whose ports, or identifiers, NAT can change."""

HAS_PORT = r"\]:\d|^:\d|^\d+\.\d+\.\d+\.\d+[\d.-]*:\d"
"""What a NAT target's words look like where they name a port."""


class Complaint(NamedTuple):
    """What is wrong with the options of a match or target: the option concerned, and those that would do or are too many."""

    kind: Kind
    option: str
    others: tuple[str, ...] = ()


class Demand(msgspec.Struct, frozen=True):
    """`needs`: of each group one option must be given. `excludes`: of each group at most one may be.

    `along`: an option, and those of which one must stand along with it. `protocols`: an option, what its words must look like, and
    what `-p` must then name.
    """

    needs: tuple[tuple[str, ...], ...] = ()
    excludes: tuple[tuple[str, ...], ...] = ()
    along: tuple[tuple[str, tuple[str, ...]], ...] = ()
    protocols: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    repeats: bool = False

    def complaint(self, options: Sequence[Option], protocol: str) -> Complaint | None:
        """The first thing that is wrong with these options."""
        names = {option.name for option in options}
        if len(names) < len(options) and not self.repeats:
            given = [option.name for option in options]
            return Complaint(Kind.TAKES_ONCE, next(name for name in given if given.count(name) > 1))
        for group in self.needs:
            if names.isdisjoint(group):
                return Complaint(Kind.NEEDS_OPTION, group[0], group)
        for group in self.excludes if len(names) > 1 else ():
            both = tuple(name for name in group if name in names)
            if len(both) > 1:
                return Complaint(Kind.TAKES_ONE_OF, both[-1], both)
        for name, others in self.along:
            if name in names and names.isdisjoint(others):
                return Complaint(Kind.TAKES_WITH, name, others)
        for name, pattern, protocols in self.protocols:
            if protocol not in protocols and any(option.name == name and re.search(pattern, " ".join(option.values)) for option in options):
                return Complaint(Kind.TAKES_WITH_PROTOCOL, name, protocols)
        return None


NO_DEMAND = Demand()
"""Options may be given as one likes, each once."""


def one_of(*names: str) -> Demand:
    """One of these options must be given, and no more than one."""
    return Demand(needs=(names,), excludes=(names,))


def all_of(*names: str) -> Demand:
    """All of these options must be given."""
    return Demand(needs=tuple((name,) for name in names))
