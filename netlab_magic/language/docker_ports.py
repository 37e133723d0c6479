"""Reads the ports of `docker run`: `-p [IP:][HOST:]CTR[/PROTOCOL]` with ranges, an IPv6 address in brackets, and `--expose`."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address

from netlab_magic.errors import Word
from netlab_magic.language.docker_statements import Publish
from netlab_magic.language.word_reader import port_number, wrong

__all__ = ["ports_of_expose", "publishes_of"]

_PROTOCOLS = ("tcp", "udp", "sctp")


def publishes_of(word: Word) -> tuple[Publish, ...]:
    """What a `-p` stands for: one port, or as many as its range has (nat.ParsePortSpec of docker/go-connections).

    Ranges of the same length on both sides are pairs; a range of the host before one port of the container is a choice.
    """
    if "=" in word:
        return _long_form(word)
    ports, slash, protocol = word.partition("/")
    host, _, container = ports.rpartition(":")
    bracketed = re.fullmatch(r"(\[[^]]*\])(:?)([^:]*)", host)
    if bracketed:
        address, colon, host_ports = bracketed.groups()
    else:
        address, colon, host_ports = host.rpartition(":") if ":" in host or "." in host else ("", "", host)
    if not container:
        wrong(f"{word} has no container port; write {host}:80", word)
    if "." in host_ports:
        wrong(f"{word} has no container port; write {host_ports}:{container}:80", word)
    return _pairs(word, host_ports, container, _protocol(word, ports, protocol if slash else "tcp"), _address(word, address, bool(colon)))


def _long_form(word: Word) -> tuple[Publish, ...]:
    """`-p target=80,published=8080,protocol=tcp,mode=host`"""
    fields = dict(part.partition("=")[::2] for part in word.split(","))
    unknown = [key for key in fields if key not in ("target", "published", "protocol", "mode")]
    if unknown or "target" not in fields:
        wrong(f"{unknown[0] if unknown else 'target'} {'is not a field here' if unknown else 'is missing'}; write 8080:80", word)
    protocol = _protocol(word, fields["target"], fields.get("protocol", "tcp"))
    return _pairs(word, fields.get("published", ""), fields["target"], protocol, None)


def _protocol(word: Word, ports: str, protocol: str) -> str:
    if protocol.lower() not in _PROTOCOLS:
        wrong(f"/{protocol} is not a protocol here; write {ports}, {ports}/tcp or {ports}/udp", word)
    return protocol.lower()


def _address(word: Word, address: str, given: bool) -> Word | None:
    if not given or not address:
        return None
    is_bracketed = address.startswith("[")
    try:
        found = ip_address(address.strip("[]"))
    except ValueError:
        found = None
    if isinstance(found, IPv4Address) and not is_bracketed:
        return Word(str(found), word.place)
    if isinstance(found, IPv6Address) and is_bracketed:
        return Word(str(found), word.place)
    if isinstance(found, IPv6Address) or is_bracketed:
        wrong(f"{address} is no IPv6 address in brackets, such as [::1]", word)
    return wrong(f"{address} is no IPv4 address, such as 127.0.0.1", word)


def _pairs(word: Word, host: str, container: str, protocol: str, address: Word | None) -> tuple[Publish, ...]:
    inside, outside = _range(word, container), _range(word, host) if host not in ("", "0") else None
    if outside is None:
        return tuple(Publish(word, port, 0, protocol, address) for port in inside)
    if len(inside) == 1 and len(outside) > 1:
        return (Publish(word, inside[0], outside[0], protocol, address, outside[-1]),)
    if len(inside) != len(outside):
        wrong(f"{host} has {len(outside)} ports and {container} has {len(inside)}; give ranges of the same length", word)
    return tuple(Publish(word, port, host_port, protocol, address) for port, host_port in zip(inside, outside, strict=True))


def _range(word: Word, text: str) -> range:
    """`80` or `80-90`."""
    begin, dash, end = text.partition("-")
    first = port_number(begin, word)
    last = port_number(end, word) if dash else first
    if last < first:
        wrong(f"the range {text} ends before it begins; write {last}-{first}", word)
    return range(first, last + 1)


def ports_of_expose(word: Word) -> tuple[str, ...]:
    """The ports of `--expose PORT[-PORT][/PROTOCOL]`, as `PORT/PROTOCOL`."""
    text, slash, protocol = word.partition("/")
    if not re.fullmatch(r"\d+(-\d+)?", text):
        wrong(f"{word} is not a port to expose; write 80, 80/udp or 8000-8010", word)
    kind = _protocol(word, text, protocol if slash else "tcp")
    return tuple(f"{port}/{kind}" for port in _range(word, text))
