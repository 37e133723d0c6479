"""What builds the network: how its statements are read, with the rule of the grammar in each docstring, and their rows."""

import re

from netlab_magic.errors import Word
from netlab_magic.language import statements as s
from netlab_magic.language.grammar.row import Syntax
from netlab_magic.language.statements import Statement
from netlab_magic.language.word_reader import Reader, address, cidr, network, new_name, not_reserved, port_number, valid_name, wrong

__all__ = ["BUILD"]


def read_bridge(r: Reader) -> Statement:
    """bridge = "bridge" NAME { CIDR }"""
    name = not_reserved(new_name(r, "bridge"), "bridge")
    return s.Bridge(name, tuple(cidr(word) for word in r.rest("CIDR")))


def read_ns(r: Reader) -> Statement:
    """ns = "ns" NAME { CIDR } [ "on" BRIDGE ] [ "via" GATEWAY ]"""
    name = not_reserved(new_name(r, "namespace"), "namespace")
    cidrs = tuple(cidr(word) for word in r.many("CIDR", lambda word: word not in ("on", "via")))
    on = r.take("bridge") if r.keyword("on") else None
    via = address(r.take("gateway")) if r.keyword("via") else None
    return s.NetworkNamespace(name, cidrs, on, via)


def _link_end(r: Reader) -> s.LinkEnd:
    word = r.take("namespace")
    name, colon, device = word.partition(":")
    interface = valid_name(Word(device, word.place), "interface") if colon else None
    following = r.many("CIDR", lambda word: word != "--")
    return s.LinkEnd(Word(name, word.place), interface, tuple(map(cidr, following)))


def read_link(r: Reader) -> Statement:
    """link = "link" NS [":" DEV] { CIDR } "--" NS [":" DEV] { CIDR }"""
    left = _link_end(r)
    r.literal("--")
    return s.Link(left, _link_end(r))


def read_internet(r: Reader) -> Statement:
    """internet = "internet" { ADDRESS }"""
    return s.Internet(tuple(address(word) for word in r.rest("address")))


def read_route(r: Reader) -> Statement:
    """route = "route" NS DEST "via" GATEWAY"""
    namespace, target = r.take("namespace"), network(r.take("network"))
    r.literal("via")
    return s.RouteVia(namespace, target, address(r.take("gateway")))


def read_masquerade(r: Reader) -> Statement:
    """masquerade = "masquerade" CIDR [ "except" BRIDGE ]"""
    source = network(r.take("network"))
    return s.Masquerade(source, r.take("bridge") if r.keyword("except") else None)


def read_serve(r: Reader) -> Statement:
    """serve = "serve" NS PORT ["/udp"] [ "http" | "echo" ]"""
    namespace, word = r.take("namespace"), r.take("port")
    number, slash, protocol = word.partition("/")
    if slash and protocol not in ("tcp", "udp"):
        wrong(f"/{protocol} is not a protocol here; write {number}, {number}/tcp or {number}/udp", word)
    kind = r.keyword("http", "echo") or ("echo" if protocol == "udp" else "http")
    if kind == "http" and protocol == "udp":
        wrong("http needs tcp; over udp there is echo", word)
    return s.Serve(namespace, port_number(number, word), protocol or "tcp", kind)


def read_sysctl(r: Reader) -> Statement:
    """sysctl = "sysctl" KEY "=" VALUE [ "in" NS ]"""
    word = r.take("sysctl")
    key, equals, value = word.partition("=")
    if not equals or not value:
        wrong(f"{word} sets nothing; write KEY=VALUE, such as net.ipv4.ip_forward=1", word)
    key = key.replace("/", ".")
    if not re.fullmatch(r"net(\.[A-Za-z0-9_@-]+)+", key):
        wrong(f"{key} is not the lab's to set; its sysctls begin with net., such as net.ipv4.ip_forward", word)
    return s.Sysctl(Word(key, word.place), value, r.take("namespace") if r.keyword("in") else "host")


def read_delete(r: Reader) -> Statement:
    """delete = "delete" NAME { NAME }"""
    return s.Delete((r.take("thing"), *r.rest("thing")))


BUILD = (
    Syntax(
        "bridge NAME [CIDR…]",
        "a bridge in the lab host, with its addresses",
        read_bridge,
        ("bridge docker1 172.18.0.1/16",),
    ),
    Syntax(
        "ns NAME [CIDR…] [on BRIDGE] [via GATEWAY]",
        "a namespace; on a bridge it gets eth0 (a veth pair) and default routes to the bridge's first addresses, or via GATEWAY",
        read_ns,
        ("ns ns0 172.18.0.2/16 on docker1", "ns ns0 172.18.0.2/16 fd00::2/64 on docker1"),
    ),
    Syntax(
        "link NS[:DEV] [CIDR…] -- NS[:DEV] [CIDR…]",
        "a veth pair between two namespaces (or host)",
        read_link,
        ("link ns0 10.0.0.1/24 -- ns1 10.0.0.2/24",),
    ),
    Syntax(
        "internet [ADDRESS…]",
        "a namespace behind the host's eth0 that owns these addresses (by default 8.8.8.8 and 2001:4860:4860::8888)",
        read_internet,
        ("internet 8.8.8.8 1.1.1.1",),
    ),
    Syntax(
        "route NS DEST via GATEWAY",
        "a route in a namespace; DEST is a network or default",
        read_route,
        ("route ns0 10.9.0.0/16 via 172.18.0.1",),
    ),
    Syntax(
        "masquerade CIDR [except BRIDGE]",
        "source NAT for what leaves CIDR, except towards BRIDGE",
        read_masquerade,
        ("masquerade 172.18.0.0/16 except docker1", "masquerade fd00::/64 except docker1"),
    ),
    Syntax(
        "serve NS PORT[/udp] [http|echo]",
        "a small server in a namespace (http over tcp, echo over udp)",
        read_serve,
        ("serve ns0 80",),
    ),
    Syntax(
        "sysctl KEY=VALUE [in NS]",
        "a network sysctl of the lab host, or of a namespace",
        read_sysctl,
        ("sysctl net.ipv4.ip_forward=0",),
    ),
    Syntax(
        "delete NAME…",
        "namespaces, bridges, the host's interfaces, or servers (NS:PORT)",
        read_delete,
        ("delete ns0 docker1",),
    ),
)
