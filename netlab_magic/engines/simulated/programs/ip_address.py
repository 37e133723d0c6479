"""ip address: the addresses of devices."""

from collections.abc import Iterator
from ipaddress import ip_interface

from netlab_magic.engines.simulated.programs.call import Call, Ended
from netlab_magic.engines.simulated.programs.ip_common import Asked, attempt, known_device, operands, verb
from netlab_magic.engines.simulated.programs.ip_link import brief_line, chosen, head_lines
from netlab_magic.engines.simulated.sysctls import read
from netlab_magic.engines.simulated.world import link_local
from netlab_magic.model.changes import AddAddress, DeleteAddress
from netlab_magic.model.topology import Interface

__all__ = ["address"]


def address(call: Call, asked: Asked) -> int:
    """See ip-address(8)."""
    match verb(call):
        case "show":
            return _show(call, asked)
        case "add" | "replace":
            return _change(call, AddAddress)
        case "delete":
            return _change(call, DeleteAddress)
        case "flush":
            name = operands(call, {"dev": "dev", "scope": "scope"}, "dev").get("dev", "")
            device = known_device(call, name)
            return attempt(call, *(DeleteAddress(call.namespace, name, cidr) for cidr in device.addresses))
    word = call.words[0] if call.words else ""
    raise Ended(255, f'Command "{word}" is unknown, try "ip address help".\n')


def _show(call: Call, asked: Asked) -> int:
    for device in chosen(call):
        held = list(_held(call, device, asked.family))
        if asked.family and not held:
            continue
        if asked.brief:
            call.out(f"{brief_line(device, call)}{''.join(f'{cidr} ' for cidr, _ in held)}\n")
            continue
        lines = head_lines(call, device)
        lines = lines[:1] if asked.family else lines
        for cidr, scope in held:
            version = "inet6" if ":" in cidr else "inet"
            named = "" if version == "inet6" else device.name
            lines += [f"    {version} {cidr} scope {scope} {named}", "       valid_lft forever preferred_lft forever"]
        if asked.oneline:
            for cidr, scope in held:
                version, named = ("inet6", "") if ":" in cidr else ("inet", device.name)
                lifetime = "\\       valid_lft forever preferred_lft forever"
                call.out(f"{device.index}: {device.name}    {version} {cidr} scope {scope} {named}{lifetime}\n")
        else:
            call.out("".join(f"{line}\n" for line in lines))
    return 0


def _held(call: Call, device: Interface, family: int) -> Iterator[tuple[str, str]]:
    """Each address with its scope; those that IPv6 gives a device by itself too."""
    if family != 6:
        yield from ((cidr, "host" if cidr.startswith("127.") else "global") for cidr in device.addresses if ":" not in cidr)
    if family == 4 or read(call.here, "net.ipv6.conf.all.disable_ipv6") == "1":
        return
    if device.kind == "loopback" and device.up:
        yield "::1/128", "host"
    yield from ((cidr, "global") for cidr in device.addresses if ":" in cidr)
    if device.up and device.carrier and device.kind != "loopback":
        yield f"{link_local(device.mac)}/64", "link"


def _change(call: Call, change: type[AddAddress | DeleteAddress]) -> int:
    takes = {"dev": "dev", "local": "cidr", "broadcast": "broadcast", "brd": "broadcast", "scope": "scope", "label": "label", "nodad": ""}
    found = operands(call, takes, "cidr")
    text = found.get("cidr", "")
    try:
        cidr = str(ip_interface(text))
    except ValueError:
        raise Ended(1, f'Error: any valid prefix is expected rather than "{text}".\n') from None
    if "dev" not in found:
        raise Ended(255, 'Not enough information: "dev" argument is required.\n')
    known_device(call, found["dev"])
    return attempt(call, change(call.namespace, found["dev"], cidr))
