"""Reads the words of a `docker …` statement as docker's own command line takes them.

A lab runs no image. What docker has and the lab has no use for (`--restart`, `-v`, a command behind the image) is taken and told, so that
lines of tutorials work as they are; whether a release has an option, and whether names exist, is found out when the statement is planned.
"""

import re
from collections.abc import Mapping
from ipaddress import ip_network

from netlab_magic.errors import Word
from netlab_magic.language import docker_options as o
from netlab_magic.language import docker_statements as d
from netlab_magic.language.docker_run import read_exec, read_run
from netlab_magic.language.statements import Statement
from netlab_magic.language.word_reader import Reader, not_reserved, port_number, valid_name, wrong
from netlab_magic.text import suggest

__all__ = ["DOCKER_FORM", "DOCKER_FORMS", "DOCKER_VALUES", "read_docker"]

DOCKER_FORM = "docker install|network|run|exec|start|stop|rm|ps|inspect|uninstall …"
_NEWEST = "29"
"""What `docker install` installs without `--version`."""

_FORMS = {
    "install": "docker install [--version V] [--userland-proxy false] [--firewall-backend nftables] [--ip-forward-no-drop]"
    " [--ipv6 [--fixed-cidr-v6 CIDR]] [--ip6tables false]",
    "uninstall": "docker uninstall",
    "network": "docker network create|connect|disconnect|inspect|ls|rm|prune …",
    "run": "docker run [-d] [--name NAME] [--network N|host|none|container:NAME] [-p [IP:][HOST:]CTR[/udp]]… [-P] [--ip IP]"
    " [--ip6 IP] IMAGE",
    "create": "docker create [--name NAME] … IMAGE",
    "exec": "docker exec CONTAINER COMMAND…",
    "start": "docker start|stop|restart|kill|pause|unpause CONTAINER…",
    "rm": "docker rm [-f] CONTAINER…",
    "rename": "docker rename CONTAINER NEW",
    "ps": "docker ps [-a] [-q]",
    "port": "docker port CONTAINER [PORT[/udp]]",
    "inspect": "docker inspect [--format TEMPLATE] CONTAINER|NETWORK…",
    "logs": "docker logs CONTAINER",
    "pull": "docker pull IMAGE",
    "container": "docker container run|create|exec|start|stop|restart|kill|pause|unpause|rm|rename|ls|port|inspect|logs|prune …",
    "system": "docker system prune",
}
_NETWORK_FORMS = {
    "create": "docker network create NAME [CIDR]… [--ipv6] [--ipv4=false] [--gateway IP]… [--ip-range CIDR]… [--internal] [--icc false]"
    " [--gateway-mode MODE] [-o KEY=VALUE]…",
    "connect": "docker network connect [--ip IP] [--ip6 IP] NETWORK CONTAINER",
    "disconnect": "docker network disconnect NETWORK CONTAINER",
    "inspect": "docker network inspect [--format TEMPLATE] NETWORK…",
    "ls": "docker network ls",
    "rm": "docker network rm NAME…",
    "prune": "docker network prune",
}

DOCKER_FORMS = (*_FORMS.values(), *_NETWORK_FORMS.values())
"""All forms of the statement."""

_KEYS = {
    "com.docker.network.bridge.name": "bridge",
    "com.docker.network.bridge.enable_icc": "icc",
    "com.docker.network.bridge.enable_ip_masquerade": "masquerade",
    "com.docker.network.bridge.gateway_mode_ipv4": "mode",
    "com.docker.network.bridge.gateway_mode_ipv6": "mode6",
    "com.docker.network.bridge.host_binding_ipv4": "binding",
    "com.docker.network.host_ipv4": "source",
    "com.docker.network.host_ipv6": "source6",
    "com.docker.network.enable_ipv4": "ipv4",
    "com.docker.network.enable_ipv6": "ipv6",
}
"""Docker's own names for what a bridge network can be told with `-o`."""

_IGNORED_KEYS = (
    "com.docker.network.driver.mtu",
    "com.docker.network.container_iface_prefix",
    "com.docker.network.bridge.inhibit_ipv4",
)
"""Keys that docker has and that change no rule and no address here."""

_MODES = ("nat", "nat-unprotected", "routed", "isolated")
_BACKENDS = ("iptables", "nftables")
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}

DOCKER_VALUES = {"mode": _MODES, "backend": _BACKENDS, "boolean": ("true", "false")}
"""What the values of options may be, by their kind."""

_LIFE = ("start", "stop", "restart", "kill", "pause", "unpause")
_OF_CONTAINERS = ("run", "create", "exec", *_LIFE, "rm", "rename", "ps", "port", "inspect", "logs")
_COMMANDS = ("install", "network", *_OF_CONTAINERS, "pull", "container", "system", "uninstall")
_SAME = {"ls": "ps", "list": "ps", "remove": "rm"}
"""Other spellings, in `docker container …` and `docker network …`."""


def read_docker(r: Reader) -> Statement:
    """docker = "docker" ( "install" | "network" … | "run" … | "exec" … | "start" … | "rm" … | "ps" | … | "uninstall" )"""
    subcommand = str(r.choice("docker command of the lab", _COMMANDS))
    r.form = _FORMS["start" if subcommand in _LIFE else subcommand]
    match subcommand:
        case "install":
            return _install(r)
        case "uninstall":
            return d.DockerUninstall()
        case "network":
            return _network(r)
        case "pull":
            names, _ = o.read_names(r, o.PLAIN, "image")
            return d.DockerNote("pull", o.one_of(r, names, "image"))
        case "system":
            r.choice("docker system command of the lab", ("prune",))
            o.read_names(r, o.PLAIN, "")
            return d.DockerPrune(("containers", "networks"))
        case "container":
            words = (*(word for word in _OF_CONTAINERS if word != "ps"), "ls", "prune")
            for word in words:
                r.peek(word)
            given = r.take("docker container command of the lab")
            subcommand = _SAME.get(given, str(given))
            if subcommand == "prune":
                o.read_names(r, o.PLAIN, "")
                return d.DockerPrune(("containers",))
            if subcommand not in _OF_CONTAINERS:
                wrong(f"{given} is not a docker container command of the lab{suggest(given, words)}", given)
            r.form = _FORMS["start" if subcommand in _LIFE else subcommand]
    return _of_container(r, subcommand)


def _of_container(r: Reader, subcommand: str) -> Statement:
    """The commands that stand behind `docker` and behind `docker container` alike."""
    match subcommand:
        case "run" | "create":
            return read_run(r, start=subcommand == "run")
        case "exec":
            return read_exec(r)
        case "ps":
            _, given = o.read_names(r, o.PLAIN, "")
            return d.DockerList("containers", given.has("-a", "--all"), given.has("-q", "--quiet"))
        case "rm":
            names, given = o.read_names(r, o.PLAIN, "container")
            return d.DockerRemove(o.some_of(r, names, "container"), given.has("-f", "--force"))
        case "inspect":
            names, given = o.read_names(r, o.Options({"-f": "template", "--format": "template", "--type": "value"}), "container")
            kind = given.last("--type")
            if kind is not None and kind not in ("container", "network"):
                wrong(f"the lab has no {kind} to inspect; write container or network", kind)
            return d.DockerInspect(o.some_of(r, names, "container or network"), str(kind or ""), given.last("-f", "--format"))
        case "port":
            return _port(r)
        case "rename":
            names, _ = o.read_names(r, o.NO_OPTIONS, "container")
            old, new = o.two_of(r, names, "container", "new name")
            return d.DockerRename(old, not_reserved(o.docker_name(new, "container"), "container"))
        case "logs":
            names, _ = o.read_names(r, o.PLAIN, "container")
            return d.DockerNote("logs", o.one_of(r, names, "container"))
    names, _ = o.read_names(r, o.PLAIN, "container")
    return d.DockerLifecycle(subcommand, o.some_of(r, names, "container"))


def _boolean(word: Word | None, default: bool) -> bool:
    if word is None:
        return default
    if word.lower() not in _BOOLEANS:
        wrong(f"{word} is neither true nor false", word)
    return _BOOLEANS[word.lower()]


def _subnet(word: Word) -> Word:
    six = ":" in word
    try:
        network = ip_network(str(word))
    except ValueError:
        example = "fd00:1::/64" if six else "172.20.0.0/16"
        wrong(f"{word} is no IPv{6 if six else 4} network, such as {example} (its host bits must be 0)", word)
    return Word(str(network), word.place)


# --- the daemon and its networks --------------------------------------------------------------------------------------------


def _install(r: Reader) -> Statement:
    _, given = o.read_names(r, o.INSTALL, "")
    backend, fixed = given.last("--firewall-backend"), given.last("--fixed-cidr-v6")
    if backend is not None and backend not in _BACKENDS:
        wrong(f"{backend} is not a firewall backend{suggest(backend, _BACKENDS)}", backend)
    ip6tables = given.last("--ip6tables")
    return d.DockerInstall(
        given.last("--version") or _NEWEST,
        _boolean(given.last("--userland-proxy"), True),
        backend or "iptables",
        not given.has("--ip-forward-no-drop"),
        given.has("--ipv6"),
        _of_version(_subnet(fixed), 6) if fixed else None,
        _boolean(ip6tables, True) if ip6tables is not None else None,
        _boolean(given.last("--experimental"), False),
    )


def _of_version(word: Word, version: int) -> Word:
    if (":" in word) != (version == 6):
        wrong(f"{word} is not of IPv{version}", word)
    return word


def _network(r: Reader) -> Statement:
    for word in _NETWORK_FORMS:
        r.peek(word)
    given_action = r.take("docker network command of the lab")
    action = {"list": "ls", "remove": "rm"}.get(given_action, str(given_action))
    if action not in _NETWORK_FORMS:
        wrong(f"{given_action} is not a docker network command of the lab{suggest(given_action, _NETWORK_FORMS)}", given_action)
    r.form = _NETWORK_FORMS[action]
    match action:
        case "create":
            return _create(r)
        case "ls":
            _, given = o.read_names(r, o.PLAIN, "")
            return d.DockerList("networks", quiet=given.has("-q", "--quiet"))
        case "rm":
            names, _ = o.read_names(r, o.PLAIN, "docker network")
            return d.DockerRemoveNetwork(o.some_of(r, names, "docker network"))
        case "prune":
            o.read_names(r, o.PLAIN, "")
            return d.DockerPrune(("networks",))
        case "inspect":
            options = o.Options({"-f": "template", "--format": "template"}, {"-v": None, "--verbose": None})
            names, given = o.read_names(r, options, "docker network")
            return d.DockerInspect(o.some_of(r, names, "docker network"), "network", given.last("-f", "--format"))
        case "connect":
            return _connect(r)
    names, _ = o.read_names(r, o.PLAIN, "docker network")
    return d.DockerDisconnect(*o.two_of(r, names, "docker network", "container"))


def _connect(r: Reader) -> Statement:
    given = o.Given()
    o.read_options(r, o.CONNECT, given, kind="docker network")
    network = r.take("docker network")
    o.read_options(r, o.CONNECT, given, kind="container")
    container = r.take("container")
    o.read_options(r, o.CONNECT, given)
    address, address6 = given.last("--ip"), given.last("--ip6")
    return d.DockerConnect(
        network,
        container,
        o.ipv4_address(address) if address else None,
        o.ipv6_address(address6) if address6 else None,
        tuple(given.undone),
    )


def _create(r: Reader) -> Statement:
    alone, given = o.read_names(r, o.NETWORK, "new network")
    if not alone or len(alone) > 3:
        o.wrong_number(r, alone, 3 if alone else 1, "network")
    driver = given.last("-d", "--driver")
    if driver is not None and driver != "bridge":
        wrong(f"the lab has networks of the driver bridge only, not {driver}", driver)
    keys, ignored = _keys(given.every("-o", "--opt"))
    bridge, binding = keys.get("bridge"), keys.get("binding")
    ipv4 = _boolean(given.last("--ipv4") or keys.get("ipv4"), True)
    ipv6 = _boolean(given.last("--ipv6") or keys.get("ipv6"), False)
    if not ipv4 and not ipv6:
        wrong("a network has IPv4 or IPv6 or both; add --ipv6", given.last("--ipv4") or keys["ipv4"])
    asked = {
        "cidr": [_roomy(_subnet(word)) for word in (*alone[1:], *given.every("--subnet"))],
        "gateway": [o.any_address(word) for word in given.every("--gateway")],
        "ip_range": [_subnet(word) for word in given.every("--ip-range")],
    }
    for version in [version for version, has in ((4, ipv4), (6, ipv6)) if not has]:
        _refuse_addresses(asked, version)
    four = {"mode": given.last("--gateway-mode") or keys.get("mode"), "source": keys.get("source")}
    six = {"mode": keys.get("mode6"), "source": keys.get("source6")}
    return d.DockerNetwork(
        o.docker_name(alone[0], "network"),
        ipv4=_asked(asked, 4, four) if ipv4 else None,
        ipv6=_asked(asked, 6, six) if ipv6 else None,
        bridge=not_reserved(valid_name(bridge, "bridge"), "bridge") if bridge else None,
        internal=given.has("--internal"),
        icc=_boolean(given.last("--icc") or keys.get("icc"), True),
        masquerade=_boolean(keys.get("masquerade"), True),
        binding=o.any_address(binding) if binding else None,
        ignored=(*given.ignored, *ignored),
    )


def _of(words: list[Word], version: int) -> list[Word]:
    return [word for word in words if (":" in word) == (version == 6)]


def _asked(asked: Mapping[str, list[Word]], version: int, options: Mapping[str, Word | None]) -> d.AskedSubnet:
    """What is asked of an IP version."""
    found = {key: _of(words, version) for key, words in asked.items()}
    for words in found.values():
        if len(words) > 1:
            wrong(f"{words[1]} is one too many: a bridge network has one subnet of IPv{version}", words[1])
    mode, source = options["mode"], options["source"]
    if mode is not None and mode not in _MODES:
        wrong(f"{mode} is not a gateway mode{suggest(mode, _MODES)}", mode)
    address = o.ipv6_address if version == 6 else o.ipv4_address
    first = {key: words[0] if words else None for key, words in found.items()}
    return d.AskedSubnet(**first, mode=mode, source=address(source) if source else None)


def _refuse_addresses(asked: Mapping[str, list[Word]], version: int) -> None:
    """Refuses addresses of an IP version that the network does not have."""
    for word in (word for words in asked.values() for word in _of(words, version)):
        remedy = "add --ipv6" if version == 6 else "leave out --ipv4=false"
        wrong(f"{word} is of IPv{version}, which this network does not have; {remedy}", word)


def _roomy(word: Word) -> Word:
    network = ip_network(str(word))
    if network.max_prefixlen - network.prefixlen < 2:
        wrong(f"{word} has no room for a gateway and a container", word)
    return word


def _keys(words: list[Word]) -> tuple[dict[str, Word], list[str]]:
    """The values of `-o KEY=VALUE`, by the names that they have here, and the keys that have no effect."""
    found: dict[str, Word] = {}
    ignored = []
    for word in words:
        key, _, value = word.partition("=")
        if key in _IGNORED_KEYS:
            ignored.append(key)
        elif key in _KEYS:
            found[_KEYS[key]] = Word(value, word.place)
        else:
            wrong(f"{key} is not a network option that the lab knows{suggest(key, (*_KEYS, *_IGNORED_KEYS))}", word)
    return found, ignored


# --- containers -------------------------------------------------------------------------------------------------------------


def _port(r: Reader) -> Statement:
    names, _ = o.read_names(r, o.NO_OPTIONS, "container")
    if len(names) == 1:
        return d.DockerPort(names[0])
    container, port = o.two_of(r, names, "container", "port")
    number, slash, protocol = port.partition("/")
    if slash and not re.fullmatch("tcp|udp|sctp", protocol):
        wrong(f"/{protocol} is not a protocol; write {number}/tcp or {number}/udp", port)
    return d.DockerPort(container, port_number(number, port), protocol or "tcp")
