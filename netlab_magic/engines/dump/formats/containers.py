"""What `docker ps`, `docker inspect`, `docker network ls` and `docker network inspect` print, and Podman's commands of these names."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from netlab_magic.docker.state import ANY_ADDRESS, Published, version_of
from netlab_magic.engines.dump.held import Held
from netlab_magic.engines.dump.host_dump import Attached, ContainerNetwork, RunningContainer
from netlab_magic.engines.dump.page import Page
from netlab_magic.engines.dump.prompts import is_noise
from netlab_magic.engines.dump.starts import begins_part

__all__ = ["published", "read", "read_item"]

_BRIDGE_OPTION = "com.docker.network.bridge.name"
_PS_HEAD = re.compile(r"CONTAINER ID\s+IMAGE\s.*NAMES.*")
_NETWORKS_HEAD = re.compile(r"NETWORK ID\s+NAME\s+DRIVER(?:\s+SCOPE)?")
_PS_ROW = re.compile(r"(?P<id>[0-9a-f]{6,64}|[<\[(]\S+|[xX*]{3,})\s+(?P<image>\S+)\s+(?P<rest>.*)")
_NETWORK_ROW = re.compile(r"(?P<id>[0-9a-f]{6,64})\s+(?P<name>\S+)\s+(?P<driver>bridge|host|null|overlay|macvlan|ipvlan|none)(?:\s+\S+)?")
_STATUS = re.compile(r"\b(?:(?P<up>Up)|(?P<exited>Exited) \(|(?P<created>Created)\b|(?P<restarting>Restarting)|(?P<dead>Dead)\b)")
_WORDS = {"up": "running", "exited": "exited", "created": "created", "restarting": "restarting", "dead": "dead"}
_PORTS = re.compile(
    r"(?:(?P<address>\[[^\]\s]*\]|[0-9.]+|::|[^\s,:]*\*?):(?P<first>\d+)(?:-(?P<last>\d+))?->)?"
    r"(?P<inner>\d+)(?:-(?P<inner_last>\d+))?/(?P<protocol>tcp|udp|sctp)"
)
_MOST_OF_A_RANGE = 1024


def read(page: Page, held: Held) -> bool:
    """Reads the table of `docker ps` or `docker network ls`, if one begins here."""
    if _PS_HEAD.match(page.text):
        held.count += 1
        head = page.take().text
        _take_rows(page, held, head)
        return True
    if _NETWORKS_HEAD.match(page.text):
        held.count += 1
        page.take()
        for line in page.take_while(lambda text: bool(_NETWORK_ROW.match(text.strip()))):
            if row := _NETWORK_ROW.match(line.text.strip()):
                held.networks.setdefault(row["name"], ContainerNetwork(row["name"], row["id"], row["driver"]))
        return True
    return False


def _take_rows(page: Page, held: Held, head: str) -> None:
    """The rows of `docker ps`. A row that was wrapped goes on in the next line."""
    rows: list[str] = []
    for line in page.take_while(lambda text: not is_noise(text.strip()) and not begins_part(text.strip())):
        if _PS_ROW.match(line.text.strip()) or not rows:
            rows.append(line.text)
        else:
            rows[-1] += f" {line.text.strip()}"
    at = head.find("NAMES") if head.rstrip().endswith("NAMES") else -1
    for text in rows:
        if not (row := _PS_ROW.match(text.strip())):
            continue
        status = _STATUS.search(row["rest"])
        state = next((_WORDS[kind] for kind, found in status.groupdict().items() if found), "") if status else ""
        name = text[at:].strip() if 0 <= at < len(text) and text[at - 1 : at] in (" ", "\t") and " " not in text[at:].strip() else ""
        held.containers.setdefault(
            name or text.split()[-1],
            RunningContainer(name or text.split()[-1], row["id"], row["image"], state, ports=tuple(published(row["rest"]))),
        )


def published(text: str) -> Iterator[Published]:
    """The ports in the words of `docker ps`.

    >>> [str(port) for port in published("0.0.0.0:8000-8001->80-81/tcp, 443/tcp")]
    ['0.0.0.0:8000->80/tcp', '0.0.0.0:8001->81/tcp']
    """
    for found in _PORTS.finditer(text):
        if not found["first"]:
            continue
        address = found["address"].strip("[]").replace("*", "") or ANY_ADDRESS
        inner, outer = int(found["inner"]), int(found["first"])
        width = min(int(found["last"] or outer) - outer, _MOST_OF_A_RANGE)
        for step in range(max(0, width) + 1):
            yield Published(inner + step if found["inner_last"] else inner, outer + step, found["protocol"], address, version_of(address))


# --- JSON ---------------------------------------------------------------------------------------------------------------------


def read_item(item: Mapping[str, Any], held: Held) -> bool:
    """Reads an element of the list that `inspect` prints, or what `ps --format json` does; False for anything else."""
    if "NetworkSettings" in item:
        container = _container(item)
        held.containers[container.name] = container
    elif "IPAM" in item or ("subnets" in item and "driver" in item):
        network = _network(item)
        held.networks[network.name] = network
        for one in _mappings(item.get("Containers")):
            _join(held, _text(one.get("Name")), _member(network.name, one))
    else:
        return False
    return True


def _container(item: Mapping[str, Any]) -> RunningContainer:
    settings, state = _mapping(item.get("NetworkSettings")), _mapping(item.get("State"))
    networks = tuple(_attached(name, _mapping(held)) for name, held in _mapping(settings.get("Networks")).items())
    if not networks and settings.get("IPAddress"):
        networks = (_attached("bridge", settings),)
    return RunningContainer(
        _text(item.get("Name")).lstrip("/") or _text(item.get("Id"))[:12],
        _text(item.get("Id")),
        _text(_mapping(item.get("Config")).get("Image") or item.get("ImageName")),
        _text(state.get("Status")) or ("running" if state.get("Running") else ""),
        _text(_mapping(item.get("HostConfig")).get("NetworkMode")),
        networks,
        tuple(_bindings(_mapping(settings.get("Ports")) or _mapping(_mapping(item.get("HostConfig")).get("PortBindings")))),
        state["Pid"] if isinstance(state.get("Pid"), int) else 0,
    )


def _bindings(ports: Mapping[str, Any]) -> Iterator[Published]:
    for inner, outer in ports.items():
        number, _, protocol = inner.partition("/")
        for one in _mappings(outer):
            port = _text(one.get("HostPort"))
            if number.isdecimal() and port.isdecimal():
                address = _text(one.get("HostIp")) or ANY_ADDRESS
                yield Published(int(number), int(port), protocol or "tcp", address, version_of(address))


def _attached(name: str, held: Mapping[str, Any]) -> Attached:
    addresses = (("IPAddress", "IPPrefixLen"), ("GlobalIPv6Address", "GlobalIPv6PrefixLen"))
    cidrs = tuple(f"{held[key]}/{held[length]}" if held.get(length) else _text(held[key]) for key, length in addresses if held.get(key))
    gateways = tuple(_text(held[key]) for key in ("Gateway", "IPv6Gateway") if held.get(key))
    return Attached(name, cidrs, gateways, _text(held.get("MacAddress")))


def _member(network: str, held: Mapping[str, Any]) -> Attached:
    """A container as `network inspect` lists it; Podman has its addresses by its interfaces."""
    found = [_text(held[key]) for key in ("IPv4Address", "IPv6Address") if held.get(key)]
    for interface in _mappings(held.get("interfaces")):
        found += [_text(one.get("ipnet")) for one in _mappings(interface.get("subnets"))]
    return Attached(network, tuple(filter(None, found)), mac=_text(held.get("MacAddress")))


def _join(held: Held, name: str, attached: Attached) -> None:
    if not name:
        return
    known = held.containers.get(name) or RunningContainer(name, state="running")
    others = tuple(one for one in known.networks if one.network != attached.network)
    mine = next((one for one in known.networks if one.network == attached.network), attached)
    fields = {field: getattr(known, field) for field in RunningContainer.__struct_fields__}
    held.containers[name] = RunningContainer(**{**fields, "networks": (*others, mine if mine.addresses else attached)})


def _network(item: Mapping[str, Any]) -> ContainerNetwork:
    if "subnets" in item:  # Podman 4 and later
        pools = _mappings(item["subnets"])
        subnets, gateways = ([_text(pool.get(key)) for pool in pools if pool.get(key)] for key in ("subnet", "gateway"))
        name, driver = _text(item.get("name")), _text(item.get("driver"))
        bridge = _text(item.get("network_interface"))
        return ContainerNetwork(
            name,
            _text(item.get("id")),
            driver,
            bridge,
            tuple(subnets),
            tuple(gateways),
            bool(item.get("internal")),
            _texts(item.get("options")),
        )
    pools = _mappings(_mapping(item.get("IPAM")).get("Config"))
    subnets, gateways = ([_text(pool.get(key)) for pool in pools if pool.get(key)] for key in ("Subnet", "Gateway"))
    name, id_, options = _text(item.get("Name")), _text(item.get("Id")), _texts(item.get("Options"))
    usual = {"bridge": "docker0", "docker_gwbridge": "docker_gwbridge"}.get(name, f"br-{id_[:12]}" if id_ else "")
    bridge = options.get(_BRIDGE_OPTION) or (usual if _text(item.get("Driver")) == "bridge" else "")
    return ContainerNetwork(
        name, id_, _text(item.get("Driver")), bridge, tuple(subnets), tuple(gateways), bool(item.get("Internal")), options
    )


def _text(value: object) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _texts(value: object) -> dict[str, str]:
    return {str(key): _text(held) for key, held in _mapping(value).items()}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: object) -> Sequence[Mapping[str, Any]]:
    """The objects of a list, or of another object."""
    held = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return [one for one in held if isinstance(one, Mapping)]
