"""Reads the words of a `docker …` statement: a subcommand, then names and options in any order, as docker itself takes them.

What docker has and the lab has no use for (`-d`, `--rm`, an image, a command) is passed over, so that lines of tutorials work as they
are; whether a release has an option, and whether names exist, is found out when the statement is planned.
"""

import re
from collections.abc import Mapping
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from typing import NoReturn

from netlab_magic.errors import StatementError, Word
from netlab_magic.language import statements as s
from netlab_magic.language.statements import Publish, Statement
from netlab_magic.language.word_reader import Reader, new_name, not_reserved, port_number, valid_name, wrong
from netlab_magic.text import suggest

__all__ = ["DOCKER_FORM", "DOCKER_FORMS", "read_docker"]

DOCKER_FORM = "docker install|network|run|rm|ps|uninstall …"
_NEWEST = "29"
"""What `docker install` installs without `--version`."""

_FORMS = {
    "install": "docker install [--version V] [--userland-proxy false] [--firewall-backend nftables] [--ip-forward-no-drop]",
    "uninstall": "docker uninstall",
    "network": "docker network create|rm|ls …",
    "create": "docker network create NAME [CIDR] [--gateway IP] [--internal] [--icc false] [--gateway-mode MODE] [-o KEY=VALUE]",
    "run": "docker run NAME [--network N] [-p [IP:][HOST:]CTR[/udp]]… [--ip IP]",
    "rm": "docker rm NAME…",
    "ps": "docker ps",
}
_REMOVE_NETWORK, _LIST_NETWORKS = "docker network rm NAME…", "docker network ls"

DOCKER_FORMS = (*(_FORMS[key] for key in ("install", "create", "run", "ps", "rm")), _LIST_NETWORKS, _REMOVE_NETWORK, _FORMS["uninstall"])
"""All forms of the statement."""

_KEYS = {
    "com.docker.network.bridge.name": "bridge",
    "com.docker.network.bridge.enable_icc": "icc",
    "com.docker.network.bridge.enable_ip_masquerade": "masquerade",
    "com.docker.network.bridge.gateway_mode_ipv4": "mode",
    "com.docker.network.host_ipv4": "source",
}
"""Docker's own names for what a bridge network can be told with `-o`."""

_MODES = ("nat", "nat-unprotected", "routed")
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}

Options = dict[str, list[Word]]


def read_docker(r: Reader) -> Statement:
    """docker = "docker" ( "install" | "network" … | "run" … | "rm" … | "ps" | "uninstall" )"""
    subcommand = r.choice("docker command of the lab", ("install", "network", "run", "rm", "ps", "uninstall"))
    r.form = _FORMS[subcommand]
    match subcommand:
        case "install":
            return _install(r)
        case "network":
            return _network(r)
        case "run":
            return _run(r)
        case "rm":
            names, _ = _words(r, "container", {"-f": None, "--force": None})
            return s.DockerRemove(_some(r, names, "container"))
        case "ps":
            _words(r, "", {"-a": None, "--all": None})
            return s.DockerList("containers")
    return s.DockerUninstall()


def _words(r: Reader, kind: str, options: Mapping[str, str | None]) -> tuple[list[Word], Options]:
    """The remaining words: those that stand alone, and the options with their values; `kind` is what may stand alone ("" for nothing).

    `options` maps each option to the kind of its value, or to None when it has none.
    """
    alone: list[Word] = []
    found: Options = {}
    while True:
        for option in options:
            r.peek(option)
        word = r.peek(f"<{kind}>")
        if word is None:
            return alone, found
        if not word.startswith("-"):
            if not kind:
                return alone, found
            alone.append(r.take(kind))
            continue
        name, equals, value = word.partition("=")
        if name not in options:
            wrong(f"{name} is no option here{suggest(name, options)}", word)
        r.at += 1
        taking = options[name]
        given = Word(value, word.place) if equals else r.take(taking) if taking else Word("true", word.place)
        found.setdefault(name, []).append(given)


def _some(r: Reader, names: list[Word], kind: str) -> tuple[Word, ...]:
    if not names:
        raise StatementError(f"{kind} is missing: {r.form}", r.end)
    return tuple(names)


def _last(found: Options, *names: str) -> Word | None:
    """The value of an option that was given last, under any of its names."""
    return next((found[name][-1] for name in names if name in found), None)


def _boolean(word: Word | None, default: bool) -> bool:
    if word is None:
        return default
    if word.lower() not in _BOOLEANS:
        wrong(f"{word} is neither true nor false", word)
    return _BOOLEANS[word.lower()]


def _install(r: Reader) -> Statement:
    options = {"--version": "version", "--userland-proxy": "boolean", "--firewall-backend": "backend", "--ip-forward-no-drop": None}
    _, found = _words(r, "", options)
    backend = _last(found, "--firewall-backend")
    if backend is not None and backend not in ("iptables", "nftables"):
        wrong(f"{backend} is no firewall backend{suggest(backend, ('iptables', 'nftables'))}", backend)
    return s.DockerInstall(
        _last(found, "--version") or _NEWEST,
        _boolean(_last(found, "--userland-proxy"), True),
        backend or "iptables",
        not _boolean(_last(found, "--ip-forward-no-drop"), False),
    )


def _network(r: Reader) -> Statement:
    action = r.choice("docker network command of the lab", ("create", "rm", "ls"))
    if action == "ls":
        r.form = _LIST_NETWORKS
        return s.DockerList("networks")
    if action == "rm":
        r.form = _REMOVE_NETWORK
        names, _ = _words(r, "docker network", {})
        return s.DockerRemoveNetwork(_some(r, names, "docker network"))
    r.form = _FORMS["create"]
    return _create(r)


def _create(r: Reader) -> Statement:
    options = {
        "--subnet": "CIDR",
        "--gateway": "address",
        "--internal": None,
        "--icc": "boolean",
        "--gateway-mode": "mode",
        "-o": "option",
        "--opt": "option",
        "-d": "driver",
        "--driver": "driver",
    }
    alone, found = _words(r, "new network", options)
    if not alone or len(alone) > 2:
        _wrong_number(r, alone, 2, "network")
    driver = _last(found, "-d", "--driver")
    if driver is not None and driver != "bridge":
        wrong(f"the lab has networks of the driver bridge only, not {driver}", driver)
    keys = _keys([*found.get("-o", []), *found.get("--opt", [])])
    cidr = alone[1] if len(alone) > 1 else _last(found, "--subnet")
    gateway, bridge, source = _last(found, "--gateway"), keys.get("bridge"), keys.get("source")
    mode = _last(found, "--gateway-mode") or keys.get("mode")
    if mode is not None and mode not in _MODES:
        wrong(f"{mode} is no gateway mode{suggest(mode, _MODES)}", mode)
    return s.DockerNetwork(
        new_name(Reader([alone[0]], r.form, r.end), "network"),
        cidr=_subnet(cidr) if cidr else None,
        gateway=_address(gateway) if gateway else None,
        bridge=not_reserved(valid_name(bridge, "bridge"), "bridge") if bridge else None,
        internal=_boolean(_last(found, "--internal"), False),
        icc=_boolean(_last(found, "--icc") or keys.get("icc"), True),
        mode=mode,
        masquerade=_boolean(keys.get("masquerade"), True),
        source=_address(source) if source else None,
    )


def _keys(words: list[Word]) -> dict[str, Word]:
    """The values of `-o KEY=VALUE`, by the names that they have here."""
    found: dict[str, Word] = {}
    for word in words:
        key, _, value = word.partition("=")
        if key not in _KEYS:
            wrong(f"{key} is no network option that the lab knows{suggest(key, _KEYS)}", word)
        found[_KEYS[key]] = Word(value, word.place)
    return found


def _subnet(word: Word) -> Word:
    try:
        network = IPv4Network(str(word))
    except (AddressValueError, ValueError):
        wrong(f"{word} is no IPv4 network, such as 172.20.0.0/16 (its host bits must be 0)", word)
    if network.prefixlen > 30:
        wrong(f"{word} has no room for a gateway and a container", word)
    return Word(str(network), word.place)


def _address(word: Word) -> Word:
    try:
        return Word(str(IPv4Address(str(word))), word.place)
    except AddressValueError:
        return wrong(f"{word} is no IPv4 address, such as 172.20.0.1", word)


def _run(r: Reader) -> Statement:
    options = {
        "--network": "docker network",
        "--net": "docker network",
        "-p": "port",
        "--publish": "port",
        "--ip": "address",
        "--name": "new name",
        **dict.fromkeys(("-d", "--detach", "--rm", "-i", "-t", "-it", "-dit", "-itd", "--interactive", "--tty")),
    }
    name, found = _name_and_options(r, options)
    address = _last(found, "--ip")
    return s.DockerRun(
        not_reserved(new_name(Reader([name], r.form, r.end), "container"), "container"),
        _last(found, "--network", "--net"),
        tuple(_publish(word) for word in (*found.get("-p", []), *found.get("--publish", []))),
        _address(address) if address else None,
    )


def _name_and_options(r: Reader, options: Mapping[str, str | None]) -> tuple[Word, Options]:
    """The container's name: the one word that stands alone; or `--name`, and then an image and a command may follow."""
    if any(word.partition("=")[0] == "--name" for word in r.words):
        _, found = _words(r, "", options)
        r.rest("image")
        return found["--name"][-1], found
    alone, found = _words(r, "new name", options)
    if len(alone) != 1:
        _wrong_number(r, alone, 1, "name")
    return alone[0], found


def _wrong_number(r: Reader, alone: list[Word], most: int, kind: str) -> NoReturn:
    if not alone:
        raise StatementError(f"{kind} is missing: {r.form}", r.end)
    wrong(f"{alone[most]} is one word too many: {r.form}", alone[most])


def _publish(word: Word) -> Publish:
    """`[IP:][HOST:]CTR[/PROTOCOL]`, as docker reads it; an empty HOST leaves the choice to Docker."""
    ports, slash, protocol = word.partition("/")
    if slash and protocol not in ("tcp", "udp"):
        wrong(f"/{protocol} is no protocol here; write {ports}, {ports}/tcp or {ports}/udp", word)
    if re.search(r"\d-\d", ports):
        wrong(f"{word} is a range; give each port with a -p of its own", word)
    host, _, container = ports.rpartition(":")
    address, colon, host_port = host.rpartition(":") if ":" in host or "." in host else ("", "", host)
    if "." in host_port:
        wrong(f"{word} has no container port; write {host_port}:{container}:80", word)
    return Publish(
        word,
        port_number(container, word),
        port_number(host_port, word) if host_port else 0,
        protocol or "tcp",
        _address(Word(address, word.place)) if colon else None,
    )
