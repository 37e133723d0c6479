"""A collected file as what was read about a host and each of its namespaces; each command's output is read as if it had been pasted."""

from collections.abc import Collection, Iterator, Mapping, Sequence

import msgspec

from netlab_magic.engines.dump.collected.names import named
from netlab_magic.engines.dump.collected.parts import Part, Place, places_in
from netlab_magic.engines.dump.collected.rules import EMPTY, rule_parts, unread_frameworks
from netlab_magic.engines.dump.collected.veth_pairs import far_ends, pairs
from netlab_magic.engines.dump.host_dump import BrokenSource, HostDump, Remark, Source
from netlab_magic.engines.dump.read import read
from netlab_magic.model.topology import HOST, End, Interface

__all__ = ["read_collected"]

_READ = ("ip ", "ss ", "sysctl ", "ipset ", "docker inspect", "docker network", "podman inspect")
"""The commands, besides those of the rules, whose output is read; `bridge` and `crictl` are for people."""

_MACHINE = ("docker inspect", "docker network", "podman inspect")
_BRIDGED = ("net.bridge.bridge-nf-call-iptables", "net.bridge.bridge-nf-call-ip6tables")
_NO_BRIDGES = ("bond", "team", "vrf")
_LINK_LOCAL = "fe80::/"
_CUT_OFF = "the file ends before the script did: what it would have printed is not known"


def read_collected(source: Source) -> HostDump:
    """Everything that the file says. Raises BrokenSource if not even the host is in it."""
    places, is_whole = places_in(source.text)
    host = next((place for place in places if place.net), None)
    if host is None:
        raise BrokenSource(source.name, f"{source.name} holds nothing of the host: the script was stopped at its beginning")
    machine = [part for place in places for part in place.ran(*_MACHINE)]
    read_host = _dump_of(host, source, machine)
    found = named([place for place in places if place.net and place is not host], read_host.containers)
    dumps = {HOST: read_host, **{name: _dump_of(place, source) for name, place in found.places.items()}}
    joined = pairs({name: far_ends(_addresses(place)) for name, place in ((HOST, host), *found.places.items())})
    linked = {name: _linked(name, dump, joined) for name, dump in dumps.items()}
    cut = () if is_whole else (Remark(source.name, source.text.count("\n") + 1, source.text[-60:], _CUT_OFF),)
    return msgspec.structs.replace(
        linked.pop(HOST),
        inside=linked,
        aliases=dict(found.aliases),
        stopped=tuple(found.stopped),
        remarks=(*(remark for dump in dumps.values() for remark in dump.remarks), *cut),
    )


def _addresses(place: Place) -> Part | None:
    return next((part for part in place.ran("ip -j -d addr", "ip -d addr", "ip addr") if part.is_whole), None)


def _dump_of(place: Place, source: Source, more: Sequence[Part] = ()) -> HostDump:
    """What was read in one namespace, and `more`; what was asked for and is not there is not there."""
    parts = [*rule_parts(place), *(part for part in place.ran(*_READ) if part.is_whole), *more]
    lines = list(_lines(parts))
    try:
        dump = read([Source(source.name, "\n".join(text for _, text in lines))])
    except BrokenSource:
        dump = HostDump()
    remarks = tuple(msgspec.structs.replace(one, line=lines[one.line - 1][0]) for one in dump.remarks if one.line <= len(lines))
    unread = tuple(unread_frameworks(place))
    return msgspec.structs.replace(
        dump,
        routes=tuple(route for route in dump.routes if not route.destination.startswith(_LINK_LOCAL)),  # every device has its own
        rules=dump.rules or ("" if "legacy" in unread else EMPTY),
        rules6=dump.rules6 or ("" if "legacy" in unread else EMPTY),
        sysctls={**dict.fromkeys(_BRIDGED, "0"), **dump.sysctls},  # without br_netfilter, which has them, no frame passes iptables
        remarks=remarks,
        elsewhere=unread,
        is_whole=True,
    )


def _lines(parts: Sequence[Part]) -> Iterator[tuple[int, str]]:
    """The lines of all parts behind the commands that printed them, each with its number in the file."""
    for part in parts:
        yield part.start, f"@@ run {' '.join(part.command.split()[:8])}"
        yield from enumerate(part.lines, part.start + 1)


def _linked(name: str, dump: HostDump, joined: Mapping[End, End]) -> HostDump:
    """The dump with the other ends of its interfaces; without kinds, as busybox prints them, what has ports is a bridge."""
    masters = set() if dump.kinds else {held.master for held in dump.interfaces}
    return msgspec.structs.replace(dump, interfaces=tuple(_with_peer(name, held, joined, masters) for held in dump.interfaces))


def _with_peer(name: str, held: Interface, joined: Mapping[End, End], masters: Collection[str | None]) -> Interface:
    near = End(name, held.peer.interface) if held.peer else None  # a pair within this namespace
    peer = joined.get(End(name, held.name), near)
    is_bridge = held.name in masters and not held.name.startswith(_NO_BRIDGES)
    return msgspec.structs.replace(held, peer=peer, kind=held.kind or ("bridge" if is_bridge else "veth" if peer else ""))
