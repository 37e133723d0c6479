"""Reads `docker run`, `docker create` and `docker exec`: options, an image or a container, and a command."""

from netlab_magic.errors import StatementError, Word
from netlab_magic.language import docker_options as o
from netlab_magic.language import docker_statements as d
from netlab_magic.language.docker_ports import ports_of_expose, publishes_of
from netlab_magic.language.statements import Statement
from netlab_magic.language.word_reader import Reader, not_reserved, wrong

__all__ = ["read_exec", "read_run"]


def read_run(r: Reader, *, start: bool) -> Statement:
    """`docker run` and `docker create`. Without `--name` the image's word is the container's name too, and options may follow it."""
    given = o.Given()
    o.read_options(r, o.RUN, given, kind="new name")
    named = given.last("--name")
    image = r.take("new name" if named is None else "image") if named is None or r.peek("<image>") is not None else None
    if named is None:
        o.read_options(r, o.RUN, given)
        named = given.last("--name")
    name = not_reserved(o.docker_name(named or Word(_short_name(image or ""), (image or r.words[-1]).place), "container"), "container")
    command = r.rest("command")
    in_foreground = start and command[:1] and command[0].rpartition("/")[2] in _TOOLS and not {"-d", "--detach"} & given.ignored.keys()
    networks = [_network(word, name) for word in given.every("--network", "--net")]
    address, address6, hostname = given.last("--ip"), given.last("--ip6"), given.last("-h", "--hostname")
    made = d.DockerRun(
        name,
        str(image or ""),
        networks[0].network if networks else None,
        tuple(one for word in given.every("-p", "--publish") for one in publishes_of(word)),
        o.ipv4_address(address) if address else networks[0].address if networks else None,
        o.ipv6_address(address6) if address6 else networks[0].address6 if networks else None,
        given.has("-P", "--publish-all"),
        tuple(text for word in given.every("--expose") for text in ports_of_expose(word)),
        hostname,
        given.has("--rm"),
        start,
        () if in_foreground else tuple(map(str, command)),
        tuple(option for option in given.ignored if option not in _AS_EXPECTED),
        tuple(given.undone),
        named is not None,
        tuple(networks[1:]),
    )
    return d.DockerExec(_as_typed(command[0]), container=name, run=made) if in_foreground else made


_TOOLS = frozenset(
    [
        "arp",
        "arping",
        "cat",
        "conntrack",
        "curl",
        "dig",
        "echo",
        "env",
        "false",
        "hostname",
        "ifconfig",
        "ip",
        "iptables",
        "iptables-save",
        "ls",
        "nc",
        "ncat",
        "netstat",
        "nft",
        "nslookup",
        "ping",
        "ping6",
        "route",
        "ss",
        "sysctl",
        "tcpdump",
        "traceroute",
        "true",
        "wget",
    ]
)
"""Programs that a lab has, if the machine has them, and that end by themselves: `docker run IMAGE ping …` runs one in the container."""


def _as_typed(command: Word) -> str:
    """The rest of the line from a word on, with its quotes."""
    return command.place.source[command.place.column :]


_AS_EXPECTED = ("-d", "--detach", "-i", "--interactive", "-t", "--tty", "-q", "--quiet")
"""Of these nobody expects an effect on the network, so that nothing is said of them."""


def _short_name(image: str) -> str:
    """An image's name without registry, tag and digest: what a container is called that is given no name."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0]


def _network(word: Word, container: Word) -> d.DockerConnect:
    """`--network NAME`, or `--network name=NAME,ip=ADDRESS,ip6=ADDRESS,alias=…`"""
    if "=" not in word:
        return d.DockerConnect(word, container)
    fields = dict(part.partition("=")[::2] for part in word.split(","))
    unknown = [key for key in fields if key not in ("name", "ip", "ip6", "alias")]
    if unknown or not fields.get("name"):
        wrong(f"{unknown[0]} is not a field here" if unknown else f"{word} names no network; write name=NETWORK", word)
    address, address6 = (Word(fields[key], word.place) if key in fields else None for key in ("ip", "ip6"))
    return d.DockerConnect(
        Word(fields["name"], word.place),
        container,
        o.ipv4_address(address) if address else None,
        o.ipv6_address(address6) if address6 else None,
    )


def read_exec(r: Reader) -> Statement:
    """`docker exec`: the command keeps its quotes, for the shell that runs it."""
    o.read_options(r, o.EXEC, o.Given(), kind="container")
    container = r.take("container")
    command = r.peek("<command>")
    if command is None:
        raise StatementError(f"command is missing: {r.form}", r.end)
    r.rest("command")
    return d.DockerExec(_as_typed(command), container=container)
