"""The namespaces of a host that was read as a whole, as the model has them: of these, nothing is inferred."""

from collections.abc import Iterator

from netlab_magic.engines.dump.host_dump import HostDump
from netlab_magic.engines.dump.policy_routing import with_policy_routing
from netlab_magic.engines.protocol import ForeignRules, Inside
from netlab_magic.model.topology import HOST, Namespace, Topology
from netlab_magic.model.unread import Unread

__all__ = ["foreign_of", "inside_of", "saved_sets", "whole_topology"]


def whole_topology(dump: HostDump) -> Topology:
    """A host that was read as a whole, with its namespaces."""
    return Topology({name: _namespace(name, held) for name, held in ((HOST, dump), *dump.inside.items())})


def _namespace(name: str, dump: HostDump) -> Namespace:
    """A namespace; without `ss`, it is assumed to answer on every port."""
    unread = frozenset(_unread(dump))
    found = Namespace(name, dump.interfaces, dump.routes, dump.sysctls, answers_all=dump.listeners is None, unread=unread)
    return with_policy_routing(found, dump)


def _unread(dump: HostDump) -> Iterator[str]:
    """What was asked for, and could not be read."""
    if not dump.interfaces:
        yield from (Unread.ADDRESSES, Unread.ROUTES)
    if dump.routing_rules is None:
        yield Unread.RULES
    if dump.listeners is None:
        yield Unread.LISTENERS


def inside_of(name: str, dump: HostDump) -> Inside:
    """What decides about packets there besides the topology."""
    listening = tuple(one.server(name) for one in dump.listeners or ())
    return Inside(dump.rules, foreign_of(dump), dump.sysctls, listening, dump.rules6, sets=saved_sets(dump))


def saved_sets(dump: HostDump) -> str:
    """The sets whose elements were listed, as `ipset save` prints them."""
    heads = ((held, " ".join(("create", held.name, held.kind, *held.options))) for held in dump.sets.values() if held.complete)
    return "".join(f"{line}\n" for held, head in heads for line in (head, *(f"add {held.name} {member}" for member in held.members)))


def foreign_of(dump: HostDump) -> tuple[ForeignRules, ...]:
    """What filters besides iptables: the tables that nft lists, and what is known to be there but was not read."""
    listed = (ForeignRules("nftables", "".join(dump.native.values()), tuple(dump.native)),) if dump.native else ()
    return (*listed, *(ForeignRules(owner, "", (owner,)) for owner in dump.elsewhere))
