"""ip link: devices, as they are listed and changed."""

from collections.abc import Iterator

import msgspec

from netlab_magic.engines.simulated.change import KernelSaysNo, moved
from netlab_magic.engines.simulated.programs.call import Call, Ended
from netlab_magic.engines.simulated.programs.ip_common import Asked, attempt, known_device, operands, verb
from netlab_magic.model.changes import AddLink, AddVeth, DeleteLink, SetHairpin, SetLink
from netlab_magic.model.topology import HOST, End, Interface

__all__ = ["brief_line", "chosen", "head_lines", "link"]

_KINDS = ("bridge", "dummy", "veth")
_LONGEST_NAME = 15


def link(call: Call, asked: Asked) -> int:
    """See ip-link(8)."""
    match verb(call):
        case "show":
            return _show(call, asked)
        case "add":
            return _add(call)
        case "delete":
            return _delete(call)
        case "set" | "change":
            return _set(call)
    word = call.words[0] if call.words else ""
    raise Ended(255, f'Command "{word}" is unknown, try "ip link help".\n')


# --- listing --------------------------------------------------------------------------------------------------------------------


def chosen(call: Call) -> list[Interface]:
    """The devices that a `show` asks for."""
    found = operands(call, {"dev": "dev", "type": "type", "master": "master", "up": "", "vrf": "vrf"}, "dev")
    if name := found.get("dev"):
        device = call.here.interface(name)
        if device is None:
            raise Ended(1, f'Device "{name}" does not exist.\n')
        return [device]
    if (master := found.get("master")) and call.here.interface(master) is None:
        raise Ended(1, f'Device "{master}" does not exist.\n')
    return [
        device
        for device in call.here.interfaces
        if found.get("type", device.kind) == device.kind
        and (not master or device.master == master)
        and (device.up or "up" not in found)
    ]


def _show(call: Call, asked: Asked) -> int:
    for device in chosen(call):
        if asked.brief:
            call.out(f"{brief_line(device, call)}{device.mac} <{','.join(_flags(device, call))}> \n")
        else:
            lines = head_lines(call, device, mode=True)
            call.out("\\".join(lines) + "\n" if asked.oneline else "".join(f"{line}\n" for line in lines))
    return 0


def brief_line(device: Interface, call: Call) -> str:
    """The beginning of a line of `ip -br`: name and state."""
    return f"{_shown_name(device, call).ljust(17)}{_state(device, call).ljust(15)}"


def _shown_name(device: Interface, call: Call) -> str:
    far = call.world.topology.interface(device.peer) if device.peer else None
    if device.peer is None or far is None:
        return device.name
    return f"{device.name}@{far.name}" if device.peer.namespace == call.namespace else f"{device.name}@if{far.index}"


def _flags(device: Interface, call: Call) -> Iterator[str]:
    far = call.world.topology.interface(device.peer) if device.peer else None
    if device.up and not device.carrier:
        yield "NO-CARRIER"
    yield from ("LOOPBACK",) if device.kind == "loopback" else ("BROADCAST", *(("NOARP",) if device.kind == "dummy" else ("MULTICAST",)))
    if device.peer and device.peer.namespace == call.namespace and far and not far.up:
        yield "M-DOWN"
    if device.up:
        yield "UP"
        if device.carrier:
            yield "LOWER_UP"


def _state(device: Interface, call: Call) -> str:
    """The operational state (RFC 2863), as the kernel has it: a bridge that never had a port says that it does not know."""
    if not device.up:
        return "DOWN"
    if not device.carrier:
        return "LOWERLAYERDOWN" if device.kind == "veth" else "DOWN"
    return "UP" if device.kind == "veth" or (device.kind == "bridge" and call.here.ports(device.name)) else "UNKNOWN"


def head_lines(call: Call, device: Interface, mode: bool = False) -> list[str]:
    """The two lines about a device with which `ip link` and `ip addr` begin; `mode` is for link alone."""
    queue, state = "noqueue" if device.up else "noop", _state(device, call)
    master = f" master {device.master}" if device.master else ""
    flags = ",".join(_flags(device, call))
    first = f"{device.index}: {_shown_name(device, call)}: <{flags}> mtu {device.mtu} qdisc {queue}{master} state {state}"
    kind, broadcast = ("loopback", "00:00:00:00:00:00") if device.kind == "loopback" else ("ether", "ff:ff:ff:ff:ff:ff")
    return [
        f"{first}{' mode DEFAULT' if mode else ''} group default qlen 1000",
        f"    link/{kind} {device.mac} brd {broadcast}{_far_namespace(call, device)}",
    ]


def _far_namespace(call: Call, device: Interface) -> str:
    """Where the other end is: by name where the namespace has one, else by its number."""
    if device.peer is None or device.peer.namespace == call.namespace:
        return ""
    if device.peer.namespace != HOST:
        return f" link-netns {device.peer.namespace}"
    return f" link-netnsid {call.world.seen.get(call.namespace, {}).get(HOST, 0)}"


# --- changing -------------------------------------------------------------------------------------------------------------------


def _add(call: Call) -> int:
    words, peer = list(call.words), {}
    if "peer" in words:
        at = words.index("peer")
        call.words = words[at + 1 :]
        peer = operands(call, {"name": "name", "netns": "netns", "address": "address"}, "name")
        call.words = words[:at]
    takes = {"dev": "name", "name": "name", "type": "type", "netns": "netns", "address": "address", "up": "", "mtu": "mtu"}
    found = operands(call, takes, "name")
    kind, name = found.get("type", ""), found.get("name", "")
    if not kind:
        raise Ended(255, 'Not enough information: "type" argument is required\n')
    if kind not in _KINDS:
        raise Ended(2, f"the simulated engine has no devices of the type {kind}; there are {', '.join(_KINDS)}\n")
    for one in filter(None, (name, peer.get("name", ""))):
        if len(one) > _LONGEST_NAME or "/" in one:
            raise Ended(255, f'Error: argument "{one}" is wrong: "name" not a valid ifname\n')
    if kind != "veth":
        attempt(call, AddLink(call.namespace, name, kind), SetLink(call.namespace, name, None, up=False))
        return 0
    mine = End(found.get("netns", call.namespace), name or _free(call, "veth"))
    theirs = End(peer.get("netns", call.namespace), peer.get("name") or _free(call, "veth", mine.interface))
    for end in (mine, theirs):
        if end.namespace not in call.world.topology.namespaces:
            raise Ended(255, f'Error: argument "{end.namespace}" is wrong: Invalid "netns" value\n')
    made = (SetLink(end.namespace, end.interface, None, up=False) for end in (mine, theirs))
    return attempt(call, AddVeth(mine, theirs, right_up=False), *made)


def _free(call: Call, stem: str, taken: str = "") -> str:
    names = (f"{stem}{number}" for number in range(1000))
    return next(name for name in names if call.here.interface(name) is None and name != taken)


def _delete(call: Call) -> int:
    found = operands(call, {"dev": "dev", "type": "type"}, "dev")
    known_device(call, found.get("dev", ""))
    return attempt(call, DeleteLink(call.namespace, found.get("dev", "")))


def _set(call: Call) -> int:
    valued = ("dev", "master", "netns", "name", "address", "mtu", "type", "hairpin", "txqueuelen", "alias", "promisc", "multicast")
    found = operands(call, {**{word: word for word in valued}, **dict.fromkeys(("up", "down", "nomaster"), "")}, "dev")
    name = found.get("dev", "")
    if not name:
        raise Ended(255, 'Not enough of information: "dev" argument is required.\n')
    device = known_device(call, name)
    master = found.get("master") or (None if "nomaster" in found else device.master)
    if found.get("master") and call.here.interface(found["master"]) is None:
        raise Ended(255, f'Error: argument "{found["master"]}" is wrong: Device does not exist\n')
    up = True if "up" in found else False if "down" in found else device.up
    if (master, up) != (device.master, device.up):
        attempt(call, SetLink(call.namespace, name, master, up))
    if "hairpin" in found:
        attempt(call, SetHairpin(call.namespace, name, found["hairpin"] == "on"))
    if values := {key: found[word] for key, word in (("mac", "address"), ("mtu", "mtu")) if word in found}:
        changed = known_device(call, name)
        made = {key: int(value) if key == "mtu" else value for key, value in values.items()}
        call.world = call.world.with_device(call.namespace, msgspec.structs.replace(changed, **made))
    return _move(call, name, found)


def _move(call: Call, name: str, found: dict[str, str]) -> int:
    if "netns" not in found and "name" not in found:
        return 0
    namespace = found.get("netns", call.namespace)
    namespace = HOST if namespace == "1" else namespace
    if namespace not in call.world.topology.namespaces:
        raise Ended(255, f'Error: argument "{namespace}" is wrong: Invalid "netns" value\n')
    try:
        call.world = moved(call.world, End(call.namespace, name), End(namespace, found.get("name", name)))
    except KernelSaysNo as refusal:
        raise Ended(2, f"RTNETLINK answers: {refusal.message}\n") from None
    return 0
