"""What the older programs print: `ifconfig` in both of its styles, `route`, `netstat -r`, and `brctl show`."""

import re
from collections.abc import Sequence
from ipaddress import ip_network
from typing import Any

from netlab_magic.engines.dump.held import Held
from netlab_magic.engines.dump.ip_items import printed
from netlab_magic.engines.dump.page import Page
from netlab_magic.engines.dump.starts import begins_part

__all__ = ["read"]

_NEW = re.compile(r"(?P<name>[^\s:]\S*?): flags=\d+<(?P<flags>[^>]*)>(?P<rest>.*)")
_OLD = re.compile(r"(?P<name>\S+)\s+Link encap:(?P<rest>.*)")
_OWNED = re.compile(
    r"inet6? |inet addr:|inet6 addr:|ether |loop |unspec |RX |TX |UP |BROADCAST|collisions:|device |tunnel |Interrupt:|Memory:|options=|"
    r"nd6 |status:|media:|Base address|txqueuelen|HWaddr|MTU:|(?:UP|POINTOPOINT|NOARP|LOOPBACK|RUNNING|MULTICAST)\b"
)
_ADDRESS = re.compile(r"inet(?: addr:|\s+)(?P<local>[\d.]+)(?:/(?P<length>\d+))?(?:.*?(?:netmask |Mask:)(?P<mask>0x[0-9a-f]{8}|[\d.]+))?")
_ADDRESS6 = re.compile(
    r"inet6(?: addr:\s*|\s+)(?P<local>[0-9a-fA-F:.]+)(?:%\S+)?(?:/(?P<slash>\d+)|\s+prefixlen (?P<length>\d+))?"
    r"(?:.*?(?:Scope:|<)(?P<scope>\w+))?"
)
_MAC = re.compile(r"(?:HWaddr|ether)\s+(?P<mac>(?:[0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2})")
_MTU = re.compile(r"(?:MTU:|mtu )(?P<mtu>\d{1,6})")
_FLAG = re.compile(r"\b(?:UP|BROADCAST|RUNNING|MULTICAST|LOOPBACK|POINTOPOINT|NOARP|PROMISC|MASTER|SLAVE|ALLMULTI)\b")

_ROUTES_HEAD = re.compile(r"Kernel IP(?:v6)? routing table|Destination\s+(?:Gateway\s+Genmask\s+Flags|Next Hop\s+Flags?)\s.*")
_ROUTE = re.compile(
    r"(?P<dst>default|[\d.]+)\s+(?P<via>\*|[\d.]+|-|\S+)\s+(?P<mask>[\d.]+|\*)\s+(?P<flags>!?[UGHRDMAC!]+)\s+(?P<numbers>(?:[\d-]+\s+){1,3})"
    r"(?P<dev>\S+)"
)
_ROUTE6 = re.compile(
    r"(?P<dst>(?:\[?::\]?|[0-9a-fA-F:.]+)/\d+)\s+(?P<via>\[?::\]?|\S+)\s+(?P<flags>!?[UGHRDMAC!n]+)\s+(?P<metric>-?\d+)\s+\d+\s+\d+\s+(?P<dev>\S+)"
)
_BRIDGES_HEAD = re.compile(r"bridge name\s+bridge id\s+STP enabled\s+interfaces")
_BRIDGE = re.compile(r"(?P<name>\S+)\s+(?P<id>[0-9a-f]{4}\.[0-9a-f]{12})\s+(?P<stp>yes|no)(?:\s+(?P<port>\S+))?")
_PORT = re.compile(r"[\w.@-]{1,15}")


def read(page: Page, held: Held) -> bool:
    """Reads a device, a table of routes or one of bridges, if one begins here."""
    line = page.text
    if found := _NEW.fullmatch(line) or _OLD.fullmatch(line):
        _take_device(found, page, held)
    elif _ROUTES_HEAD.fullmatch(line):
        _take_routes(page, held)
    elif _BRIDGES_HEAD.fullmatch(line):
        page.take()
        _take_bridges(page, held)
    elif page.ran("route", "netstat", "cat") and (_ROUTE.fullmatch(line) or _ROUTE6.fullmatch(line)):
        _take_routes(page, held)
    elif _BRIDGE.fullmatch(line):
        _take_bridges(page, held)
    else:
        return False
    held.count += 1
    return True


# --- ifconfig -----------------------------------------------------------------------------------------------------------------


def _take_device(found: re.Match[str], page: Page, held: Held) -> None:
    margin = len(page.lines[page.at].text) - len(page.lines[page.at].text.lstrip())
    page.take()

    def belongs(text: str) -> bool:
        line = text.strip()
        if not line or _NEW.fullmatch(line) or _OLD.fullmatch(line):
            return False
        return bool(_OWNED.match(line)) or (len(text) - len(text.lstrip()) > margin and not begins_part(line))

    lines = [found["rest"], *(line.text.strip() for line in page.take_while(belongs))]
    held.add_item(printed(_device_item(found, lines)))


def _device_item(found: re.Match[str], lines: Sequence[str]) -> dict[str, Any]:
    text = "\n".join(lines)
    given = found.groupdict().get("flags")
    flags = given.split(",") if given is not None else _FLAG.findall(text)
    item: dict[str, Any] = {
        "ifname": found["name"],
        "flags": [*flags, *([] if "RUNNING" in flags or "UP" not in flags else ["NO-CARRIER"])],
    }
    if mac := _MAC.search(text):
        item["address"] = mac["mac"].lower().replace("-", ":")
    if mtu := _MTU.search(text):
        item["mtu"] = int(mtu["mtu"])
    item["addr_info"] = [
        *({"local": held["local"], "prefixlen": _length(held["mask"], held["length"])} for held in map(_ADDRESS.search, lines) if held),
        *(_address6(held) for held in map(_ADDRESS6.search, lines) if held),
    ]
    return item


def _address6(found: re.Match[str]) -> dict[str, Any]:
    local, length = found["local"], found["slash"] or found["length"] or "128"
    is_link = (found["scope"] or "").lower() == "link" or local.lower().startswith("fe80:")
    return {"local": local, "prefixlen": int(length), "scope": "link" if is_link else "global"}


def _length(mask: str | None, length: str | None = None) -> int:
    """The length of a prefix whose mask is written in one of the two ways of ifconfig; 32 if it is none."""
    if length or not mask:
        return int(length) if length else 32
    dotted = ".".join(str(int(mask[at : at + 2], 16)) for at in (2, 4, 6, 8)) if mask.startswith("0x") else mask
    try:
        return ip_network(f"0.0.0.0/{dotted}").prefixlen
    except ValueError:
        return 32


# --- route, brctl -------------------------------------------------------------------------------------------------------------


def _take_routes(page: Page, held: Held) -> None:
    while _ROUTES_HEAD.fullmatch(page.text):
        page.take()
    while True:
        if found := _ROUTE.fullmatch(page.text):
            held.add_item(printed(_route_item(found)))
        elif found := _ROUTE6.fullmatch(page.text):
            gateway = found["via"].strip("[]")
            via = {} if gateway == "::" else {"gateway": gateway}
            held.add_item(
                printed({"dst": found["dst"].replace("[", "").replace("]", ""), "dev": found["dev"], "metric": int(found["metric"]), **via})
            )
        else:
            return
        page.take()


def _route_item(found: re.Match[str]) -> dict[str, Any]:
    length = _length("0.0.0.0" if found["mask"] == "*" else found["mask"])
    is_default = found["dst"] in ("default", "0.0.0.0") and length == 0
    item: dict[str, Any] = {"dst": "default" if is_default else f"{found['dst']}/{length}", "dev": found["dev"]}
    if "G" in found["flags"]:
        item["gateway"] = found["via"]
    if "!" in found["flags"]:
        return {"dst": item["dst"], "type": "unreachable"}
    numbers = found["numbers"].split()
    return {**item, "metric": int(numbers[0]) if len(numbers) == 3 and numbers[0].isdecimal() else 0}


def _take_bridges(page: Page, held: Held) -> None:
    bridge = ""
    while not page.is_read and page.text:
        found = _BRIDGE.fullmatch(page.text)
        if found:
            bridge = found["name"]
            held.add_item(printed({"ifname": bridge, "linkinfo": {"info_kind": "bridge"}}))
        port = found["port"] if found else page.text
        if not found and (not bridge or not _PORT.fullmatch(page.text)):
            return
        if port:
            held.add_item(printed({"ifname": port, "master": bridge}))
        page.take()
