"""The `docker …` statements of a cell as values."""

from typing import ClassVar

import msgspec

from netlab_magic.language.statements import Command, Effect, Statement

__all__ = [
    "AskedSubnet",
    "Docker",
    "DockerConnect",
    "DockerDisconnect",
    "DockerExec",
    "DockerInspect",
    "DockerInstall",
    "DockerLifecycle",
    "DockerList",
    "DockerLook",
    "DockerNetwork",
    "DockerNote",
    "DockerPort",
    "DockerPrune",
    "DockerRemove",
    "DockerRemoveNetwork",
    "DockerRename",
    "DockerRun",
    "DockerUninstall",
    "Publish",
]


class Docker(Statement, frozen=True):
    """Base of the `docker …` statements."""


class DockerInstall(Docker, frozen=True):
    """`docker install`; `drop_forward` is false with `--ip-forward-no-drop`.

    `ipv6` gives docker0 IPv6 too, with `fixed_cidr_v6` as its subnet; `ip6tables` None is what the release does by itself.
    """

    version: str
    userland_proxy: bool = True
    backend: str = "iptables"
    drop_forward: bool = True
    ipv6: bool = False
    fixed_cidr_v6: str | None = None
    ip6tables: bool | None = None
    experimental: bool = False


class DockerUninstall(Docker, frozen=True):
    """`docker uninstall`"""


class AskedSubnet(msgspec.Struct, frozen=True):
    """What `docker network create` says of one IP version; `mode` is the gateway mode, `source` the address for SNAT."""

    cidr: str | None = None
    gateway: str | None = None
    ip_range: str | None = None
    mode: str | None = None
    source: str | None = None


class DockerNetwork(Docker, frozen=True):
    """`docker network create NAME [CIDR…]`; `ipv4` and `ipv6` are None where the network has none.

    `binding` is the host's address at which ports are published by default; `ignored` are options that change nothing here.
    """

    name: str
    ipv4: AskedSubnet | None = AskedSubnet()
    ipv6: AskedSubnet | None = None
    bridge: str | None = None
    internal: bool = False
    icc: bool = True
    masquerade: bool = True
    binding: str | None = None
    ignored: tuple[str, ...] = ()


class DockerRemoveNetwork(Docker, frozen=True):
    """`docker network rm NAME…`"""

    names: tuple[str, ...]


class DockerPrune(Docker, frozen=True):
    """`docker container prune`, `docker network prune` and `docker system prune`: `what` holds containers, networks, or both."""

    what: tuple[str, ...]


class Publish(msgspec.Struct, frozen=True):
    """`-p [HOST-ADDRESS:][HOST:]CTR[/udp]`: `host_port` 0 leaves the choice to Docker.

    `host_port_end` is the end of a range to choose from, 0 where there is none. `word` is the text as it was written.
    """

    word: str
    container_port: int
    host_port: int = 0
    protocol: str = "tcp"
    host_address: str | None = None
    host_port_end: int = 0


class DockerRun(Docker, frozen=True):
    """`docker run` and `docker create`, which does not start what it makes.

    `network` is a network's name, `host`, `none` or `container:NAME`. `exposed` are ports as `PORT/PROTOCOL`. `command` is what follows
    the image: the lab runs no image. Without `--name`, `named` is false, and the name is the image's. `ignored` are options that do not
    matter to the network, `undone` those that do but are not done here. `further` are the networks of more than one `--network`.
    """

    name: str
    image: str = ""
    network: str | None = None
    publish: tuple[Publish, ...] = ()
    address: str | None = None
    address6: str | None = None
    publish_all: bool = False
    exposed: tuple[str, ...] = ()
    hostname: str | None = None
    removed_at_stop: bool = False
    start: bool = True
    command: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    undone: tuple[str, ...] = ()
    named: bool = True
    further: "tuple[DockerConnect, ...]" = ()


class DockerRemove(Docker, frozen=True):
    """`docker rm NAME…`; `force` removes running ones too."""

    names: tuple[str, ...]
    force: bool = False


class DockerLifecycle(Docker, frozen=True):
    """`docker start|stop|restart|kill|pause|unpause NAME…`"""

    action: str
    names: tuple[str, ...]


class DockerRename(Docker, frozen=True):
    """`docker rename NAME NEW`"""

    name: str
    new: str


class DockerConnect(Docker, frozen=True):
    """`docker network connect NETWORK CONTAINER`; the addresses are those of `--ip` and `--ip6`, `undone` is what is not done here."""

    network: str
    container: str
    address: str | None = None
    address6: str | None = None
    undone: tuple[str, ...] = ()


class DockerDisconnect(Docker, frozen=True):
    """`docker network disconnect NETWORK CONTAINER`"""

    network: str
    container: str


class DockerLook(Docker, frozen=True):
    """Base of those that only look."""

    usually: ClassVar[Effect] = Effect.LOOKS


class DockerList(DockerLook, frozen=True):
    """`docker ps` and `docker network ls`: `what` is containers or networks; `quiet` gives names only, `all` stopped containers too."""

    what: str
    all: bool = False
    quiet: bool = False


class DockerInspect(DockerLook, frozen=True):
    """`docker inspect NAME…`: `what` is container or network, or "" for either; `template` is that of `--format`."""

    names: tuple[str, ...]
    what: str = ""
    template: str | None = None


class DockerPort(DockerLook, frozen=True):
    """`docker port NAME [PORT[/PROTOCOL]]`"""

    name: str
    port: int = 0
    protocol: str = "tcp"


class DockerNote(DockerLook, frozen=True):
    """What docker does with images, for which a lab has only a sentence: `docker pull IMAGE`, `docker logs NAME`."""

    action: str
    name: str


class DockerExec(Command, frozen=True):
    """`docker exec CONTAINER COMMAND`: a command line that is run in the container's namespace.

    `run` makes the container first, which lives as long as the command does: `docker run IMAGE COMMAND` in the foreground.
    """

    container: str = ""
    run: DockerRun | None = None
