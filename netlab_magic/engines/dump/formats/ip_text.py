"""What `ip addr`, `ip link`, `ip route`, `ip neigh` and `ip netns` print for people, brought to the shape of what `ip -j` prints.

A device's lines are told by their first word as well as by their indentation, which mail programs and forums take away; `-o` has them all
in one line, divided by backslashes.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from netlab_magic.engines.dump.held import Held
from netlab_magic.engines.dump.ip_items import Item, printed
from netlab_magic.engines.dump.page import Page
from netlab_magic.engines.dump.starts import begins_part

__all__ = ["read", "route_item_of"]

_DEVICE = re.compile(r"(?P<index>\d{1,10}): (?P<name>[^\s:@]+)(?:@(?P<link>[^\s:]+))?: <(?P<flags>[^>]*)>(?P<rest>.*)")
_ONE_LINE = re.compile(r"(?P<index>\d{1,10}):\s+(?P<name>[^\s:@]+)(?:@(?P<link>[^\s:]+))?\s+(?P<rest>inet6?\s.*)")
_BRIEF = re.compile(
    r"(?P<name>[^\s:@|]+)(?:@(?P<link>\S+))?\s+(?P<state>UP|DOWN|UNKNOWN|LOWERLAYERDOWN|DORMANT|TESTING|NOTPRESENT)(?P<rest>(?:\s.*)?)"
)
_ADDRESS = re.compile(r"inet6? (?P<local>[0-9a-fA-F.:]+)(?: peer [0-9a-fA-F.:]+)?(?:/(?P<prefix>\d{1,3}))?(?: .*?scope (?P<scope>\S+))?")
_CIDR = re.compile(r"[0-9a-fA-F]*[.:][0-9a-fA-F.:]*/\d{1,3}")
_MAC = re.compile(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}")
_OWNED = re.compile(
    r"link/|inet6? |valid_lft |altname |alias |permaddr |RX:|TX:|RX errors|TX errors|promiscuity |maxmtu |bridge_slave |vlan protocol|"
    r"bridge forward_delay|veth |vxlan id|group default|qlen \d|\d+(?:\s+\d+){3,}$|addrgenmode |numtxqueues |brd "
)
_TYPES = ("unicast", "blackhole", "unreachable", "prohibit", "throw", "local", "broadcast", "multicast", "anycast")
_ROUTE = re.compile(
    rf"(?:(?P<type>{'|'.join(_TYPES)}) )?(?P<dst>default|(?:\d+\.){{1,3}}\d+(?:/\d+)?|[0-9a-fA-F]*:[0-9a-fA-F:.]*(?:/\d+)?)(?P<rest>\s.*|$)"
)
_ROUTE_WORDS = ("via", "dev", "proto", "scope", "nhid", "metric", "src", "table", "encap", "from", "linkdown")
_MORE_OF_ROUTE = (*_ROUTE_WORDS, "nexthop", "pref", "mtu", "advmss", "onlink", "weight", "expires", "error", "hoplimit", "cache", "tos")
_FLAGS = ("linkdown", "dead", "onlink", "pervasive")
_LINK_KINDS = (
    *("bridge", "veth", "vlan", "vxlan", "bond", "dummy", "tun", "vrf", "macvlan", "macvtap", "ipvlan", "wireguard", "ipip", "gre", "sit"),
    *("ifb", "nlmon", "geneve", "ip6tnl", "gretap", "vti", "xfrm", "netkit", "team"),
)
_NEIGHBOUR = re.compile(
    r"(?P<dst>[0-9a-fA-F]*[.:][0-9a-fA-F.:]*) dev (?P<dev>\S+)(?: lladdr (?P<lladdr>\S+))?(?P<rest>(?: \S+)*?)"
    r" (?P<state>REACHABLE|STALE|DELAY|PROBE|FAILED|INCOMPLETE|PERMANENT|NOARP|NONE)(?: .*)?"
)
_NUMBERS = ("mtu", "metric")
_LONGEST_NUMBER = 10
_LOWEST = {"UP": ["UP", "LOWER_UP"], "UNKNOWN": ["UP", "LOWER_UP"]}


def read(page: Page, held: Held) -> bool:
    """Reads a device, a route or a neighbour that begins here, with its further lines."""
    line = page.text
    if found := _DEVICE.match(line):
        _take_device(found, page, held)
    elif found := _ONE_LINE.match(line):
        page.take()
        held.add_item(printed(_device_item(found, _parts(found["rest"]))))
    elif found := _NEIGHBOUR.fullmatch(line):
        page.take()
        held.add_item(printed({**{key: found[key] or "" for key in ("dst", "dev", "lladdr")}, "state": [found["state"]]}))
    elif _begins_route(line, page.ahead(1)):
        _take_route(page, held)
    elif (found := _BRIEF.fullmatch(line)) and _is_brief(found["rest"]):
        page.take()
        held.add_item(printed(_brief_item(found)))
    else:
        return False
    return True


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())


# --- devices ------------------------------------------------------------------------------------------------------------------


def _take_device(found: re.Match[str], page: Page, held: Held) -> None:
    margin = _indent(page.take().text)

    def belongs(text: str) -> bool:
        line = text.strip()
        if not line or _DEVICE.match(line):
            return False
        return _indent(text) > margin or bool(_OWNED.match(line))

    lines = [part for line in page.take_while(belongs) for part in _parts(line.text)]
    head, *more = _parts(found["rest"])
    held.add_item(printed(_device_item(found, [*more, *lines], head)))


def _parts(text: str) -> list[str]:
    """A line of `ip -o` has backslashes where others are broken."""
    return [part.strip() for part in text.split("\\")]


def _device_item(found: re.Match[str], lines: Sequence[str], head: str = "") -> Item:
    flags = found.groupdict().get("flags")
    item: dict[str, Any] = {"ifindex": int(found["index"]), "ifname": found["name"], "addr_info": []}
    if flags is not None:
        item["flags"] = flags.split(",")
    item.update(_pairs(head.split(), ("mtu", "master")))
    if found["link"] and not re.fullmatch(r"if\d+", found["link"]):
        item["link"] = found["link"]
    for line in lines:
        _add_line(item, line)
    return item


def _add_line(item: dict[str, Any], line: str) -> None:
    first = line.partition(" ")[0]
    address = _ADDRESS.match(line)
    if address:
        prefix = {"prefixlen": int(address["prefix"])} if address["prefix"] else {}
        item["addr_info"].append({"local": address["local"], "scope": address["scope"], **prefix})
    elif first.startswith("link/"):
        words = line.split()
        item["link_type"] = first.removeprefix("link/")
        item["address"] = words[1] if len(words) > 1 else ""
        item.update({"link_netnsid": 0} if "link-netnsid" in words or "link-netns" in words else {})
    elif first in _LINK_KINDS:
        item.setdefault("linkinfo", {})["info_kind"] = first
    elif first == "bridge_slave":
        item.setdefault("linkinfo", {})["info_slave_data"] = {"hairpin": " hairpin on" in line}


def _is_brief(rest: str) -> bool:
    """Whether this stands behind a device's state in the output of `ip -br`: addresses, or a hardware address and flags."""
    words = rest.split()
    return all(
        _CIDR.fullmatch(word) or _MAC.fullmatch(word) or word.startswith("<") or word in ("metric", "peer") or word.isdecimal()
        for word in words
    )


def _brief_item(found: re.Match[str]) -> Item:
    words = found["rest"].split()
    flags = next((word.strip("<>").split(",") for word in words if word.startswith("<")), None)
    item: dict[str, Any] = {"ifname": found["name"], "flags": flags or _LOWEST.get(found["state"], ["NO-CARRIER", "UP"])}
    if found["name"] == "lo":
        item["flags"] = [*item["flags"], "LOOPBACK"]
    if mac := next((word for word in words if _MAC.fullmatch(word)), ""):
        item["address"] = mac
    if found["link"] and not re.fullmatch(r"if\d+", found["link"]):
        item["link"] = found["link"]
    addresses = [word.split("/") for word in words if _CIDR.fullmatch(word)]
    item["addr_info"] = [
        {"local": local, "prefixlen": int(length), "scope": "link" if local.lower().startswith("fe80:") else "global"}
        for local, length in addresses
    ]
    return item


def _pairs(words: Sequence[str], wanted: Sequence[str]) -> dict[str, Any]:
    """What follows each of the wanted words; invalid numbers are left out."""
    found: dict[str, Any] = {}
    for word, value in pairwise(words):
        if word in wanted and word not in _NUMBERS:
            found[word] = value
        elif word in wanted and value.isdecimal() and len(value) <= _LONGEST_NUMBER:
            found[word] = int(value)
    return found


# --- routes -------------------------------------------------------------------------------------------------------------------


def _begins_route(line: str, following: str) -> bool:
    """Whether a line begins a route; a multipath route has its next hops in the lines `following`."""
    found = _ROUTE.match(line)
    if not found:
        return False
    first = (found["rest"].split() or following.split() or [""])[0]
    return bool(found["type"]) or first in (_ROUTE_WORDS if found["rest"].strip() else ("nexthop",))


def _goes_on(text: str) -> bool:
    """Whether a line is the rest of a route that was wrapped, or one of its next hops."""
    return text.split()[:1] != [] and text.split(maxsplit=1)[0] in _MORE_OF_ROUTE and not begins_part(text.strip())


def _take_route(page: Page, held: Held) -> None:
    head = page.take().text.strip()
    hops: list[str] = []
    for line in page.take_while(_goes_on):
        text = line.text.strip()
        if text.startswith("nexthop"):
            hops.append(text)
        elif hops:
            hops[-1] += f" {text}"
        else:
            head += f" {text}"
    item = dict(_route_item([head, *hops]))
    command = page.ran("ip")
    if command:
        table = command.value("table", "t", "tab")
        if "table" not in item and table and table != "all":
            item["table"] = table
        if item["dst"] == "default" and command.has("-6"):
            item["dst"] = "::/0"
    held.add_item(printed(item))


def route_item_of(text: str, six: bool) -> Item | None:
    """The route that `ip route add` is given."""
    if not _ROUTE.match(text):
        return None
    item = dict(_route_item([part if at == 0 else f"nexthop {part}" for at, part in enumerate(re.split(r"\s*nexthop ", text))]))
    return {**item, "dst": "::/0"} if six and item["dst"] == "default" else item


def _route_item(lines: Sequence[str]) -> Item:
    found = _ROUTE.match(lines[0])
    assert found is not None
    item: dict[str, Any] = {"dst": found["dst"], **({"type": found["type"]} if found["type"] else {})}
    item.update(_hop(found["rest"].split()))
    hops = [_hop(line.split()) for line in lines[1:]]
    return {**item, "nexthops": hops} if hops else item


def _hop(words: Sequence[str]) -> dict[str, Any]:
    pairs = _pairs(words, ("via", "dev", "metric", "table", "src", "scope"))
    if "src" in pairs:
        pairs["prefsrc"] = pairs.pop("src")
    gateway = pairs.pop("via", None)
    if gateway in ("inet6", "inet"):  # `via inet6 ADDRESS`: a gateway of the other family
        behind = words[words.index(gateway) + 1 :]
        gateway = behind[0] if behind else None
    flags = [word for word in words if word in _FLAGS]
    return {**pairs, **({"gateway": gateway} if gateway else {}), **({"flags": flags} if flags else {})}
