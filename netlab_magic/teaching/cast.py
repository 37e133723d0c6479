"""Who plays in a scenario: names, networks and addresses, drawn by a seed. The same seed always gives the same ones, on every machine."""

import random
import re
from collections.abc import Mapping
from ipaddress import IPv4Network

__all__ = ["Cast", "cast_of", "filled"]

Cast = Mapping[str, str]
"""A value for each word that a scenario may write in braces."""

_NAMES = ("web", "api", "db", "cache", "shop", "mail", "blog", "auth", "search", "queue", "wiki", "chat", "stats", "orders", "files")
_BRIDGES = ("br-app", "br-shop", "br-lab", "br-front", "br-back", "br-dev", "br-test", "docker1")
_INTERNET = ("8.8.8.8", "1.1.1.1", "9.9.9.9", "198.51.100.7", "192.0.2.53")
_PUBLISHED = (8080, 8081, 8443, 9000, 9090, 3000, 5000)
_LISTENED = (80, 8000, 5432, 6379, 9200, 4000)
_LETTERS = "abcde"


def cast_of(scenario: str, seed: int) -> Cast:
    """The cast of a scenario: `a` to `e` are containers, `br1` and `br2` bridges; `net1`, `gw1`, `len1` and `ip1a` to `ip1e` are the first
    bridge's network, its gateway, prefix length and addresses, `net2` … the second's; `outside` is an address of the internet; `port`,
    `port2` and `published`, `published2` are ports.
    """
    draw = random.Random(f"{scenario}/{seed}")  # noqa: S311 - not a secret
    found = dict(zip(_LETTERS, draw.sample(_NAMES, len(_LETTERS)), strict=True))
    found["br1"], found["br2"] = draw.sample(_BRIDGES, 2)
    for number, network in enumerate(draw.sample(_networks(draw), 2), 1):
        found[f"net{number}"], found[f"len{number}"] = str(network), str(network.prefixlen)
        found[f"gw{number}"] = str(network[1])
        hosts = draw.sample(range(2, 200), len(_LETTERS))
        found |= {f"ip{number}{letter}": str(network[host]) for letter, host in zip(_LETTERS, hosts, strict=True)}
    found["outside"] = draw.choice(_INTERNET)
    found["port"], found["port2"] = map(str, draw.sample(_LISTENED, 2))
    found["published"], found["published2"] = map(str, draw.sample(_PUBLISHED, 2))
    return found


def _networks(draw: random.Random) -> list[IPv4Network]:
    """One network of each private range (RFC 1918), none of them docker0's."""
    return [
        IPv4Network(f"172.{draw.randrange(18, 32)}.0.0/16"),
        IPv4Network(f"10.{draw.randrange(20, 100)}.{draw.randrange(1, 200)}.0/24"),
        IPv4Network(f"192.168.{draw.randrange(50, 100)}.0/24"),
    ]


def filled(text: str, cast: Cast) -> str:
    """A text with the cast's values for the words in braces; other braces, such as those of nft's sets, stay.

    >>> filled("ping {a} {b} { 80 }", {"a": "web", "b": "db"})
    'ping web db { 80 }'
    """
    return re.sub(r"\{(\w+)\}", lambda found: cast.get(found[1], found[0]), text)
