"""What has been read so far of one namespace of a host, part by part, until it becomes a `HostDump`."""

import re
from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import NamedTuple

import msgspec

from netlab_magic.engines.dump import ip_items
from netlab_magic.engines.dump.host_dump import ContainerNetwork, HostDump, IpSet, ListedRule, Listener, Remark, RunningContainer
from netlab_magic.engines.dump.ip_items import Printed, PrintedDevice, PrintedNeighbour, PrintedRoute
from netlab_magic.engines.dump.page import Page
from netlab_magic.engines.dump.script_lines import Shell
from netlab_magic.engines.dump.table_draft import TableDraft
from netlab_magic.engines.dump.typed_rules import TypedRules
from netlab_magic.i18n import Assumption, message
from netlab_magic.nftables.commands.draft import Tables

__all__ = ["Held", "Rank"]

_TWICE = message("There are two listings of the table {}: {} is used, not {}. If these are two hosts, load one at a time.")
_NOT_APPLIED = message("Commands from {} on change the table {}, which is used as it was listed in {}.")
_IPTABLES_TABLE = re.compile(r"(?P<family>ip6?) (?:filter|nat|mangle|raw|security)")


class Rank(IntEnum):
    """How much a form of a table says: what says more takes the place of what says less."""

    TYPED = 1
    """Commands that somebody typed or wrote into a script."""
    LISTED = 2
    """`iptables -L`"""
    COMMANDS = 3
    """`iptables -S`"""
    SAVED = 4
    """`iptables-save`"""


class Table(NamedTuple):
    """A table of iptables as iptables-save prints it, and the line in which it begins."""

    text: str
    rank: Rank
    place: str


class Held:
    """The parts read so far; `count` grows with every part that was recognised.

    `tables` are tables of iptables as iptables-save prints them, by family and name; `native` those of nft, by their titles.
    `names` are the namespaces that `ip netns` lists, `made` the devices that commands have made.
    """

    def __init__(self) -> None:
        self.count = 0
        self.variant = ""
        self.elsewhere: set[str] = set()
        self.tables: dict[tuple[str, str], Table] = {}
        self.drafts: dict[tuple[str, str], TableDraft] = {}
        self.native: dict[str, str] = {}
        self.native_places: dict[str, str] = {}
        self.names: list[str] = []
        self.items: list[Printed] = []
        self.made: set[str] = set()
        self.shell = Shell()
        self.typed = {family: TypedRules(family) for family in ("ipv4", "ipv6")}
        self.nft_tables = Tables()
        self.sysctls: dict[str, str] = {}
        self.rules: list[ListedRule] | None = None
        self.listeners: list[Listener] | None = None
        self.sets: dict[str, IpSet] = {}
        self.members: dict[str, list[str]] = {}
        self.containers: dict[str, RunningContainer] = {}
        self.networks: dict[str, ContainerNetwork] = {}
        self.programs: dict[str, str] = {}
        self.remarks: list[Remark] = []
        self.notes: list[Assumption] = []

    def add_table(self, page: Page, key: tuple[str, str], text: str, rank: Rank, line: int) -> None:
        """A table of iptables, by its family and name. Of two that say as much, the later one is taken, and the other one is told."""
        self.count += 1
        made = Table(text, rank, f"{page.source}, line {line}")
        known = self.tables.get(key)
        if known is None or known.text == text or known.rank < rank:
            self.tables[key] = made
        elif known.rank > rank:
            self.remark(page, line, f"table {key[1]}", f"not used, because {known.place} says more about it")
        else:
            self.tables[key] = made
            self.notes.append(Assumption(_TWICE, (key[1], made.place, known.place)))

    def add_draft(self, page: Page, key: tuple[str, str], draft: TableDraft, rank: Rank, line: int) -> None:
        """A table that was put together. A listing of further chains of a table is added to what was listed of it before."""
        known, before = self.tables.get(key), self.drafts.get(key)
        if known is not None and before is not None and known.rank == rank and not before.heads.keys() & draft.heads.keys():
            before.add(draft)
            self.tables[key] = Table(before.text(), rank, known.place)
            self.count += 1
            return
        if known is None or known.rank <= rank:
            self.drafts[key] = draft
        self.add_table(page, key, draft.text(), rank, line)

    def add_typed(self, page: Page, key: tuple[str, str], text: str, line: int) -> None:
        """A table as commands have left it, unless a dump says what it is."""
        known = self.tables.get(key)
        if known is None or known.rank == Rank.TYPED:
            self.tables[key] = Table(text, Rank.TYPED, known.place if known else f"{page.source}, line {line}")
        else:
            self.tell(_NOT_APPLIED, f"{page.source}, line {line}", key[1], known.place)

    def add_native(self, page: Page, title: str, text: str, line: int) -> None:
        """A table of nft as nft lists it. Of two with one title, the later one is taken, and the other one is told."""
        self.count += 1
        place = f"{page.source}, line {line}"
        known = self.native_places.get(title)
        if known and self.native[title] != text:
            self.notes.append(Assumption(_TWICE, (title, place, known)))
        self.native[title] = text
        self.native_places[title] = place

    def tell(self, text: str, *values: str) -> None:
        """A note; each is told once."""
        note = Assumption(text, values)
        if note not in self.notes:
            self.notes.append(note)

    def remark(self, page: Page, line: int, text: str, reason: str = "") -> None:
        """A line that was not understood, or not used."""
        self.remarks.append(Remark(page.source, line, text, reason))

    def add_item(self, item: Printed | None) -> None:
        """A device, a route or a neighbour."""
        if item is not None:
            self.count += 1
            self.items.append(item)

    def add_rules(self, rules: Iterable[ListedRule]) -> None:
        """Rules of `ip rule`; one that is there already is not taken twice."""
        self.count += 1
        self.rules = list(dict.fromkeys((*(self.rules or ()), *rules)))

    def dump(self, inside: Mapping[str, "Held"] | None = None) -> HostDump:
        """Everything together."""
        devices = [held for held in self.items if isinstance(held, PrintedDevice)]
        routes = [held for held in self.items if isinstance(held, PrintedRoute)]
        interfaces = ip_items.merged(devices) or ip_items.devices_of_routes(routes)
        rules, rules6 = ("".join(held.text for (family, _), held in self.tables.items() if family == wanted) for wanted in ("ipv4", "ipv6"))
        return HostDump(
            rules,
            rules6,
            {title: text for title, text in self.native.items() if self.variant != "nft" or not _is_saved(title, rules, rules6)},
            variant=self.variant,
            elsewhere=tuple(sorted(self.elsewhere - ({"nftables"} if self.native else set()))),
            interfaces=interfaces,
            routes=ip_items.routes(routes, interfaces),
            neighbours=tuple(ip_items.neighbours(held for held in self.items if isinstance(held, PrintedNeighbour))),
            sysctls=self.sysctls,
            remarks=tuple(self.remarks),
            kinds=any(device.linkinfo for device in devices if device.ifname not in self.made),
            addressed=any(device.addr_info for device in devices),
            routed=bool(routes),
            listed_routes=tuple(ip_items.listed(routes)),
            routing_rules=None if self.rules is None else tuple(self.rules),
            listeners=None if self.listeners is None else tuple(self.listeners),
            sets={name: msgspec.structs.replace(held, members=tuple(self.members[name])) for name, held in self.sets.items()},
            containers=tuple(self.containers.values()),
            networks=tuple(self.networks.values()),
            programs=self.programs,
            notes=tuple(self.notes),
            inside={name: held.dump() for name, held in (inside or {}).items()},
        )


def _is_saved(title: str, rules: str, rules6: str) -> bool:
    """Whether a table of nft is one of iptables-nft, which was loaded as iptables-save prints it."""
    found = _IPTABLES_TABLE.fullmatch(title)
    return found is not None and f"*{title.partition(' ')[2]}\n" in (rules6 if found["family"] == "ip6" else rules)
