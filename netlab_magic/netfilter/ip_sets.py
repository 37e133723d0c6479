"""The sets of ipset, indexed: what a packet finds in one, asked for one dimension of it after another (net/netfilter/ipset)."""

import re
from collections.abc import Callable, Collection, Iterable, Sequence

from netlab_magic.iptables.extensions.values import Network
from netlab_magic.iptables.ipset.elements import Device, IpsetRefused, Part, Port, elements, prefix
from netlab_magic.iptables.ipset.sets import Entry, IpSet
from netlab_magic.model.topology import possible_names

__all__ = ["NO_SETS", "Ask", "IpSets"]

Ask = Callable[[str, str], Part | None]
"""What the packet has in a dimension (`ip`, `port`, `iface`, `mark`), where its direction is `src` or `dst`; None if that is not known."""

_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]{1,8}")
_TCP_OR_UDP = (6, 17)


class IpSets:
    """The sets of a namespace, by name, each indexed on first use. With `filled` are those whose entries rules change."""

    def __init__(self, sets: Iterable[IpSet] = (), filled: Collection[str] = ()) -> None:
        self._held = {held.name: held for held in sets}
        self._filled = frozenset(filled)
        self._made: dict[str, _Index] = {}

    def without(self, filled: frozenset[str]) -> "IpSets":
        """The same sets, where rules change the entries of some."""
        return self if filled <= self._filled or not self._held else IpSets(self._held.values(), filled | self._filled)

    def has(self, name: str, ask: Ask, directions: Sequence[str], six: bool, *, only_nomatch: bool = False) -> bool | None:
        """Whether a packet matches a set (ip_set_test); None if that cannot be told. With `only_nomatch`, entries with nomatch match.

        The set must have the packet's family, and no more dimensions than there are directions.
        """
        held = self._held.get(name)
        if held is None or name in self._filled:
            return None
        if len(held.dimensions) > len(directions) or held.family == ("ipv4" if six else "ipv6"):
            return False
        if held.kind == "list:set":
            answers = [self.has(one.element, ask, directions, six, only_nomatch=only_nomatch) for one in held.entries]
            return True if True in answers else None if None in answers else False
        if name not in self._made:
            self._made[name] = _Index(held)
        return self._made[name].has(ask, directions, six, only_nomatch)


NO_SETS = IpSets()
"""Where no sets were read."""

_Key = tuple[object, ...]


class _Index:
    """The entries of one set. Those with the same lengths of prefixes are found by their hash; longer prefixes come first."""

    def __init__(self, held: IpSet) -> None:
        self.held = held
        self.dimensions = held.dimensions
        six = held.family == "ipv6"
        netmask, markmask = held.option("netmask") or str(128 if six else 32), held.option("markmask") or "0xffffffff"
        is_readable = netmask.isdecimal() and int(netmask) <= 128 and _HEXADECIMAL.fullmatch(markmask) is not None
        self.is_known = bool(self.dimensions) and is_readable and not held.has("bitmask")
        self.mask = prefix(int(netmask), six) if self.is_known else 0
        self.mark = int(markmask, 16) if self.is_known else 0
        self.buckets: dict[tuple[int, ...], dict[_Key, list[tuple[Device | None, Entry]]]] = {}
        for entry in held.entries:
            self._add(entry, six)
        self.order = sorted(self.buckets, reverse=True)

    def _add(self, entry: Entry, six: bool) -> None:
        try:
            made = list(elements(entry.element, self.dimensions, six))
        except IpsetRefused:
            self.is_known = False
            return
        for parts in made:
            masks = tuple(part.mask for part in parts if isinstance(part, Network))
            device = next((part for part in parts if isinstance(part, Device)), None)
            key = tuple(part.address if isinstance(part, Network) else part for part in parts if not isinstance(part, Device | str))
            self.buckets.setdefault(masks, {}).setdefault(key, []).append((device, entry))

    def has(self, ask: Ask, directions: Sequence[str], six: bool, only_nomatch: bool) -> bool | None:
        """See IpSets.has. Of types with hardware addresses, only an address that no entry has is judged."""
        if not self.is_known or "mac" in self.dimensions[:1]:
            return None
        values: list[int | Port] = []
        device: Part | None = None
        for dimension, direction in zip(self.dimensions, directions, strict=False):
            value = ask(dimension.removesuffix(" number").replace("net", "ip"), direction)
            if dimension == "iface":
                device = value
            elif isinstance(value, int):
                values.append(value & (self.mark if dimension == "mark" else self.mask))
            elif isinstance(value, Port) and dimension == "port number":
                if value.protocol not in _TCP_OR_UDP:
                    return False
                values.append(value.number)
            elif isinstance(value, Port):
                values.append(value)
        if device == Device(""):
            return False
        for masks in self.order:
            near = self.buckets[masks].get(_masked(values, self.dimensions, masks), ())
            found = self._found(near, device)
            if found is None:
                return None
            if found:
                hit = {entry.nomatch for entry in found} == {only_nomatch and "net" in self.dimensions}  # others have no such entries
                return hit if "mac" not in self.dimensions else None
            if near and device is not None:  # shorter prefixes are not asked for, whatever their devices (mtype_test_cidrs)
                return False
        return False

    def _found(self, near: Sequence[tuple[Device | None, Entry]], device: Part | None) -> list[Entry] | None:
        """The entries for the packet's device; None if it is not known which they are."""
        if "iface" not in self.dimensions:
            return [entry for _, entry in near]
        if near and not isinstance(device, Device):
            return None
        names = possible_names(device.name) if isinstance(device, Device) and " " in device.name else [getattr(device, "name", "")]
        found = [[entry for wanted, entry in near if wanted and _is_device(wanted, entry, name)] for name in names]
        if any(wanted.port for wanted, _ in near if wanted) or any(one != found[0] for one in found):
            return None
        return found[0] if len({entry.nomatch for entry in found[0]}) < 2 else None


def _is_device(wanted: Device, entry: Entry, name: str) -> bool:
    return name.startswith(wanted.name) if entry.wildcard else name == wanted.name


def _masked(values: Sequence[int | Port], dimensions: Sequence[str], masks: Sequence[int]) -> _Key:
    """The key of a packet, for entries whose networks have these masks."""
    left = iter(masks)
    kinds = (dimension for dimension in dimensions if dimension not in ("iface", "mac"))
    found = zip(kinds, values, strict=True)
    return tuple(value & next(left) if kind == "net" and isinstance(value, int) else value for kind, value in found)
