"""Summarises a list of changes in a few words."""

from collections.abc import Iterator, Sequence

from netlab_magic.model import changes as c
from netlab_magic.model.topology import HOST, End

__all__ = ["parts", "summary"]


def summary(changes: Sequence[c.Change]) -> str:
    """One line of text; "already so" if there are no changes."""
    if not changes:
        return "already so"
    return "; ".join(parts(changes))


def parts(changes: Sequence[c.Change]) -> Iterator[str]:
    """The net changes, object by object."""
    added = _by_end(changes, c.AddAddress)
    removed = _by_end(changes, c.DeleteAddress)
    masters = {End(change.namespace, change.name): change for change in changes if isinstance(change, c.SetLink)}
    told: set[End] = set()
    for change in changes:
        match change:
            case c.AddNamespace(name):
                yield f"new namespace {name}"
            case c.DeleteNamespace(name):
                yield f"namespace {name} is gone"
            case c.AddLink(namespace, name, kind):
                end = End(namespace, name)
                told.add(end)
                yield f"new {kind} {name}{_with(added.get(end))}"
            case c.AddVeth(left, right, _):
                told.update((left, right))
                yield f"{_end(left, added, masters)} ⇄ {_end(right, added, masters)}"
            case c.DeleteLink(namespace, name):
                yield f"{_name(End(namespace, name))} is gone"
            case c.AddAddress(namespace, name, _) | c.DeleteAddress(namespace, name, _):
                end = End(namespace, name)
                if end not in told:
                    told.add(end)
                    yield _readdressed(end, removed.get(end), added.get(end))
            case c.SetLink(namespace, name, master, up):
                if End(namespace, name) not in told:
                    yield f"{_name(End(namespace, name))} {_state(name, master, up)}"
            case c.SetHairpin(namespace, name, on):
                yield f"hairpin {'on' if on else 'off'} at {_name(End(namespace, name))}"
            case c.AddRoute(_, route):
                yield f"route {route.destination} via {route.via or route.device}"
            case c.DeleteRoute(_, route):
                yield f"no more route {route.destination} via {route.via or route.device}"
            case c.SetSysctl(namespace, key, value):
                yield f"{key} = {value}{'' if namespace == HOST else f' in {namespace}'}"
            case c.StartServer(server):
                yield f"{server.kind} server on {server}"
            case c.StopServer(server):
                yield f"the server on {server} is stopped"


def _by_end(changes: Sequence[c.Change], kind: type) -> dict[End, list[str]]:
    found: dict[End, list[str]] = {}
    for change in changes:
        if isinstance(change, c.AddAddress | c.DeleteAddress) and isinstance(change, kind):
            found.setdefault(End(change.namespace, change.name), []).append(change.cidr)
    return found


def _name(end: End) -> str:
    return end.interface if end.namespace == HOST else str(end)


def _with(addresses: Sequence[str] | None) -> str:
    return f" with {', '.join(addresses)}" if addresses else ""


def _end(end: End, added: dict[End, list[str]], masters: dict[End, c.SetLink]) -> str:
    addresses = f" {', '.join(added[end])}" if end in added else ""
    master = masters[end].master if end in masters else None
    return f"{_name(end)}{addresses}{f' in {master}' if master else ''}"


def _state(name: str, master: str | None, up: bool) -> str:
    """What becomes of an interface that is set up or down, and put in a bridge or out of it."""
    if master:
        return f"joins {master}"
    if not up:
        return "down"
    return "up" if name == "lo" else "leaves its bridge"


def _readdressed(end: End, removed: Sequence[str] | None, added: Sequence[str] | None) -> str:
    if removed and added:
        return f"{_name(end)}: {', '.join(removed)} becomes {', '.join(added)}"
    if added:
        return f"{_name(end)} gets {', '.join(added)}"
    return f"{_name(end)} loses {', '.join(removed or ())}"
