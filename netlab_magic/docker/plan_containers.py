"""The statements about containers: `docker run|create|start|stop|restart|kill|pause|unpause|rm|rename`. Each gives the sentence to say."""

import shlex
from collections.abc import Iterator
from itertools import count

import msgspec

from netlab_magic.docker.events import DockerHost
from netlab_magic.docker.images import exposed_by
from netlab_magic.docker.known import container_called, gone, network_called
from netlab_magic.docker.ports import same_ports
from netlab_magic.docker.state import DEFAULT_NETWORK, Container, Daemon, Endpoint, Network
from netlab_magic.docker.topology import served_ports
from netlab_magic.errors import Word, place_of
from netlab_magic.language import docker_statements as d
from netlab_magic.language.plan_topology import refuse
from netlab_magic.model.topology import HOST

__all__ = [
    "life_changed",
    "namespace_to_enter",
    "note",
    "plain_endpoints",
    "pruned_containers",
    "ran",
    "removed",
    "renamed",
    "takes_address",
]


def ran(host: DockerHost, statement: d.DockerRun) -> str:
    """`docker run` and `docker create`. Raises StatementError."""
    daemon = host.daemon
    statement = _with_free_name(daemon, statement)
    name, asked = str(statement.name), _asked(daemon, statement)
    held = daemon.container(name)
    if held is None:
        if name in host.topology.namespaces:
            refuse(f"there is already a namespace {name}", statement.name, statement.place)
        if not statement.start:
            host.daemon = daemon.with_container(asked)
            return _told(host.daemon, asked, statement)
        host.start_container(asked)
        host.daemon = host.daemon.with_container(_without_places(container_called(host.daemon, name)))
    else:
        if not _is_as_asked(held, asked):
            other = f"there is a container {name} already, with other settings; take it away first: docker rm -f {name}"
            refuse(other, statement.name, statement.place)
        if held.is_running:
            host.restore(held)
        elif statement.start:
            _start(host, held, statement.name)
    return _told(host.daemon, container_called(host.daemon, name), statement)


def _with_free_name(daemon: Daemon, statement: d.DockerRun) -> d.DockerRun:
    """A container that is given no name gets that of its image, with a number when a container with other settings has it."""
    image = statement.image
    if statement.named or not (exposed_by(image) or ":" in image or "/" in image):
        return statement
    for number in count(1):
        name = str(statement.name) if number == 1 else f"{statement.name}-{number}"
        held, named = daemon.container(name), msgspec.structs.replace(statement, name=name)
        if held is None or _is_as_asked(held, _asked(daemon, named)):
            return statement if number == 1 else named
    raise AssertionError


def _asked(daemon: Daemon, statement: d.DockerRun) -> Container:
    """The container that a statement asks for, before it runs."""
    mode = str(statement.network or DEFAULT_NETWORK)
    addresses = statement.address, statement.address6
    endpoints: tuple[Endpoint, ...] = ()
    if mode.startswith("container:"):
        _shared(daemon, mode.partition(":")[2], statement)
    elif mode not in (HOST, "none"):
        for address in addresses:
            takes_address(network_called(daemon, statement.network or DEFAULT_NETWORK), address)
        first = Endpoint(mode, wanted=statement.address, wanted6=statement.address6)
        endpoints = tuple(sorted((first, *_further(daemon, statement)), key=lambda held: held.network))
    for address in addresses:
        if address is not None and not endpoints:
            option = "--ip6" if ":" in address else "--ip"
            refuse(f"with --network {mode} a container has no address of its own, so {option} makes no sense", address, statement.place)
    return Container(
        str(statement.name),
        mode,
        endpoints,
        statement.publish if endpoints else (),
        image=statement.image if statement.image != statement.name or exposed_by(statement.image) else "",
        exposed=statement.exposed,
        publish_all=statement.publish_all and bool(endpoints),
        hostname=str(statement.hostname or ""),
        removed_at_stop=statement.removed_at_stop,
    )


def _further(daemon: Daemon, statement: d.DockerRun) -> Iterator[Endpoint]:
    """The endpoints of more than one `--network`."""
    for one in statement.further:
        if not daemon.release.takes_networks:
            refuse(f"Docker Engine {daemon.release} takes one --network; for more: docker network connect", one.network, statement.place)
        for address in (one.address, one.address6):
            takes_address(network_called(daemon, one.network), address)
        yield Endpoint(str(one.network), wanted=one.address, wanted6=one.address6)


def _shared(daemon: Daemon, name: str, statement: d.DockerRun) -> None:
    word = statement.network or ""
    shared = container_called(daemon, Word(name, place) if (place := place_of(word)) else name)
    if statement.publish:
        refuse(f"publish ports on {name} itself: this container only shares its network", statement.publish[0].word)
    if not shared.is_running:
        refuse(f"{name} is not running, so it has no network to share; first: docker start {name}", word, statement.place)


def takes_address(network: Network, address: str | None) -> None:
    """Refuses an address of one's own choice where docker does: on networks whose subnet nobody has chosen."""
    if address is None:
        return
    option, version = ("--ip6", 6) if ":" in address else ("--ip", 4)
    subnet = network.subnet(version)
    if subnet is None:
        refuse(f"{network.name} has no IPv{version}, so {option} makes no sense", address)
    if not subnet.configured:
        reason = "this is the default network" if network.name == DEFAULT_NETWORK else f"{network.name} was created without --subnet"
        refuse(f"{option} needs a network that was created with --subnet, and {reason}", address)


def _is_as_asked(held: Container, asked: Container) -> bool:
    """Whether a container has the settings that are asked for; an address that is left open is any."""

    def is_there(endpoint: Endpoint) -> bool:
        found = held.endpoint(endpoint.network)
        return (
            found is not None
            and endpoint.wanted in (None, found.wanted, found.address)
            and endpoint.wanted6 in (None, found.wanted6, found.address6)
        )

    same = (held.mode, held.publish_all, held.exposed) == (asked.mode, asked.publish_all, asked.exposed)
    return same and all(map(is_there, asked.endpoints)) and same_ports(held, asked.wanted)


def _without_places(container: Container) -> Container:
    """What dockerd remembers of a statement's words is their text."""
    wanted = tuple(msgspec.structs.replace(one, word=str(one.word)) for one in container.wanted)
    return msgspec.structs.replace(container, endpoints=plain_endpoints(container), wanted=wanted)


def plain_endpoints(container: Container) -> tuple[Endpoint, ...]:
    """A container's endpoints with the addresses that they want as plain texts, which know no place in a cell."""

    def plain(word: str | None) -> str | None:
        return None if word is None else str(word)

    return tuple(
        msgspec.structs.replace(held, wanted=plain(held.wanted), wanted6=plain(held.wanted6)) for held in container.endpoints
    )


def _told(daemon: Daemon, container: Container, statement: d.DockerRun) -> str:
    """What has become of a container, what is assumed of its image, and what was taken without effect."""
    said = _running(daemon, container) if container.is_running else [f"{container.name} is created but not running"]
    exposed = exposed_by(container.image)
    if exposed:
        said.append(f"{container.image} is assumed to expose {', '.join(exposed)}")
    elif statement.publish_all:
        said.append(f"the ports that {container.image or 'the image'} exposes are not known; list them with --expose")
    if statement.publish and not container.wanted:
        said.append(f"nothing is published with --network {container.mode}")
    if statement.command:
        said.append(f"the lab runs no images, so {shlex.join(statement.command)} was not started")
    said += [f"no effect on the network: {' '.join(statement.ignored)}"] if statement.ignored else []
    said += [f"not supported in a lab: {' '.join(statement.undone)}"] if statement.undone else []
    return "; ".join(said)


def _running(daemon: Daemon, container: Container) -> list[str]:
    """Where a running container is, and what answers in it."""
    name = container.name
    if container.shares:
        said = [f"{name} shares the network of {container.shares}"]
    elif container.mode == HOST:
        said = [f"{name} is on the host's own network"]
    else:
        places = [f"{' and '.join(held.endpoint.addresses)} on {held.network.bridge}" for held in daemon.attached(container)]
        said = [f"{name} has {' and '.join(places)}" if places else f"{name} has only lo"]
    said += [", ".join(dict.fromkeys(map(str, container.ports)))] if container.ports else []
    inside = dict.fromkeys("http" if protocol == "tcp" else "echo" for _, protocol in served_ports(container))
    said += [f"small servers answer in it ({' and '.join(inside)})"] if inside else []
    networks = [daemon.network_of(at) for version in (4, 6) if (at := daemon.published_at(container, version)) is not None]
    if container.ports and networks and networks[0].internal:
        said.append("an internal network publishes nothing on the host")
    elif container.ports and not any(port.is_bound for port in container.ports):
        said.append("a routed network opens the port but binds nothing on the host")
    return said


def _start(host: DockerHost, container: Container, word: str) -> None:
    """Starts a container that does not run. Raises StatementError at `word`."""
    if container.has_own_namespace and container.name in host.topology.namespaces:
        refuse(f"there is already a namespace {container.name}", word)
    missing = next((held.network for held in container.endpoints if host.daemon.network(held.network) is None), None)
    user_made = container.mode not in (HOST, "none", DEFAULT_NETWORK) and not container.shares
    if missing is None and user_made and host.daemon.release.wants_first_network and host.daemon.network(container.mode) is None:
        missing = container.mode
    if missing is not None:
        refuse(f"the network {missing}, which {container.name} was on, is gone", word)
    if container.shares and not container_called(host.daemon, container.shares).is_running:
        refuse(f"{container.shares}, whose network {container.name} shares, is not running", word)
    host.start_container(container)


def life_changed(host: DockerHost, statement: d.DockerLifecycle) -> str:
    """`docker start|stop|restart|kill|pause|unpause`. Raises StatementError."""
    for name in statement.names:
        container_called(host.daemon, name)
    return "; ".join(_life_of(host, container_called(host.daemon, name), statement.action, name) for name in statement.names)


def _life_of(host: DockerHost, container: Container, action: str, word: str) -> str:
    name = container.name
    match action:
        case "pause" | "unpause":
            return _paused(host, container, action, word)
        case "kill" if not container.is_running:
            refuse(f"{name} is not running", word)
        case "stop" | "kill" if container.is_running:
            host.stop_container(name)
            left = "has stopped and is removed (--rm)" if container.removed_at_stop else "has stopped"
            return f"{name} {left}: its addresses and rules are gone, and its ports no longer answer"
        case "restart" if container.is_running:
            kept = msgspec.structs.replace(container, removed_at_stop=False)
            host.daemon = host.daemon.with_container(kept)
            host.stop_container(name)
            host.daemon = host.daemon.with_container(
                msgspec.structs.replace(container_called(host.daemon, name), removed_at_stop=container.removed_at_stop)
            )
            _start(host, container_called(host.daemon, name), word)
        case "start" | "restart" if not container.is_running:
            _start(host, container, word)
    if action == "stop":
        return f"{name} is not running"
    return "; ".join(_running(host.daemon, container_called(host.daemon, name)))


def _paused(host: DockerHost, container: Container, action: str, word: str) -> str:
    name, wanted = container.name, "running" if action == "pause" else "paused"
    if container.status != wanted:
        refuse(f"{name} is {container.status}, not {wanted}", word)
    host.set_status(name, "paused" if action == "pause" else "running")
    if action == "unpause":
        return f"{name} is running again"
    return f"{name} is paused: docker freezes its processes, not its network; the lab's small servers go on answering"


def removed(host: DockerHost, statement: d.DockerRemove) -> str:
    """`docker rm`. Raises StatementError for a container that runs or that there is not; with `-f` neither is an error, as in docker."""
    known = [name for name in statement.names if not statement.force or host.daemon.container(name)]
    for name in known:
        container = container_called(host.daemon, name)
        if container.is_running and not statement.force:
            refuse(f"{name} is running; stop it first, or remove it anyway: docker rm -f {name}", name)
        host.remove_container(container.name)
    said = [gone("container", known)] if known else []
    return "; ".join([*said, *(f"there is no container {name}" for name in statement.names if name not in known)])


def pruned_containers(host: DockerHost) -> str:
    """`docker container prune`: containers that do not run go."""
    stopped = [held.name for held in host.daemon.containers if not held.is_running]
    for name in stopped:
        host.remove_container(name)
    return gone("container", stopped) if stopped else "every container is running"


def renamed(host: DockerHost, statement: d.DockerRename) -> str:
    """`docker rename`. Raises StatementError for a name that is taken."""
    container = container_called(host.daemon, statement.name)
    taken = [held.name for held in host.daemon.containers]
    if str(statement.new) in (*taken, *host.topology.namespaces):
        refuse(f"the name {statement.new} is taken", statement.new, statement.place)
    host.rename(container.name, str(statement.new))
    recreated = "; its namespace was recreated under that name" if container.is_running and container.has_own_namespace else ""
    return f"{container.name} is now called {statement.new}{recreated}"


def namespace_to_enter(daemon: Daemon | None, statement: d.DockerExec) -> str | None:
    """The namespace in which `docker exec` runs its command, None for the host's own. Raises StatementError when there is none."""
    word = statement.container
    if daemon is None:
        refuse("Docker is not installed in this lab; begin with: docker install", "", statement.place)
    container = container_called(daemon, word)
    if container.status != "running":
        remedy = f"docker unpause {word}" if container.status == "paused" else f"docker start {word}"
        refuse(f"{word} is not running ({container.status}); first: {remedy}", word, statement.place)
    namespace = daemon.namespace_of(container)
    if namespace is None:
        refuse(f"{container.shares}, whose network {word} shares, is not running", word, statement.place)
    return None if namespace == HOST else namespace


def note(daemon: Daemon, statement: d.DockerNote) -> str:
    """What docker does with images, for which a lab has only a sentence."""
    if statement.action == "logs":
        container = container_called(daemon, statement.name)
        return f"{container.name} has logged nothing: the lab runs no images, only small servers that answer at its ports"
    return f"nothing was pulled: the lab runs no images, so docker run {statement.name} works without one"
