"""ip netns: the named namespaces."""

import msgspec

from netlab_magic.engines.simulated.programs.call import Call, Ended
from netlab_magic.engines.simulated.programs.ip_common import Asked, attempt, verb
from netlab_magic.engines.simulated.world import loopback
from netlab_magic.model.changes import AddNamespace, DeleteNamespace
from netlab_magic.model.topology import HOST

__all__ = ["netns"]


def netns(call: Call, _: Asked) -> int:
    """See ip-netns(8); exec is the shell's, which runs what is behind it."""
    match verb(call):
        case "show":
            call.out("".join(f"{name}{_number(call, name)}\n" for name in _youngest_first(call)))
            return 0
        case "add":
            return _add(call)
        case "delete":
            return _delete(call)
        case "identify":
            call.out("" if call.namespace == HOST else f"{call.namespace}\n")
            return 0
    word = call.words[0] if call.words else ""
    raise Ended(255, f'Command "{word}" is unknown, try "ip netns help".\n')


def _youngest_first(call: Call) -> list[str]:
    return [name for name in reversed(list(call.world.topology.namespaces)) if name != HOST]


def _number(call: Call, name: str) -> str:
    number = call.world.seen.get(call.namespace, {}).get(name)
    return "" if number is None else f" (id: {number})"


def _add(call: Call) -> int:
    if not call.words:
        raise Ended(255, "No netns name specified\n")
    name = call.words[0]
    if "/" in name or name in (".", "..", HOST):
        raise Ended(255, f'"{name}" is not a valid netns name\n' if name != HOST else f"the name {HOST} is that of the lab host itself\n")
    if name in call.world.topology.namespaces:
        raise Ended(1, f'Cannot create namespace file "/run/netns/{name}": File exists\n')
    attempt(call, AddNamespace(name))
    made = call.world.topology.namespaces[name]
    call.world = call.world.with_namespace(msgspec.structs.replace(made, interfaces=(loopback(up=False),)))
    return 0


def _delete(call: Call) -> int:
    for name in call.words:
        if name == HOST or name not in call.world.topology.namespaces:
            raise Ended(1, f'Cannot remove namespace file "/run/netns/{name}": No such file or directory\n')
        attempt(call, DeleteNamespace(name))
    return 0
