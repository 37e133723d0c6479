"""Finds what tells whose host a dump is of, and replaces it: addresses, MACs and domain names anywhere; in what `collect` writes, also
the names of containers, their networks, namespaces and processes; in rules, comments.

The names of interfaces, chains and sets are kept: rules are written in terms of them, and they tell which program wrote a rule.
"""

import json
import re
from collections.abc import Iterator
from hashlib import blake2b
from ipaddress import ip_address, ip_network
from typing import Any, NamedTuple

from netlab_magic.engines.anonymise.key import Key
from netlab_magic.engines.anonymise.prefixes import Network, PrefixMap
from netlab_magic.errors import StatementError

__all__ = ["Anonymised", "anonymised", "restored"]

_IPV4 = r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)"
_IPV6 = r"(?<![\w:.])(?=[0-9a-fA-F.]{0,4}:)[0-9a-fA-F:]+(?:\d+\.\d+\.\d+\.\d+)?(?![\w:]|\.\d)"
_ADDRESS = re.compile(rf"(?P<address>{_IPV4}|{_IPV6})(?P<length>/\d{{1,3}}(?!\d))?")
_RANGE = re.compile(rf"(?:{_IPV4})-(?:{_IPV4})|(?:{_IPV6})-(?:{_IPV6})")
_PREFIX = re.compile(rf'"local": ?"(?P<address>{_IPV4}|{_IPV6})", ?"prefixlen": ?(?P<length>\d+)')
_MAC = re.compile(r"(?<![\w:])[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5}(?![\w:])")
_DOMAIN = re.compile(
    r"(?<![\w./@-])(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?\.)+"
    r"(?:com|net|org|io|dev|app|cloud|co|edu|gov|mil|info|biz|eu|de|fr|uk|nl|ch|at|it|es|pl|ru|cn|jp|tw|kr|in|br|au|ca|us|local|lan|internal|"
    r"corp|home|localdomain|intra)(?![\w.-])"
)
_NAMES = re.compile(
    r'(?P<before>--comment |(?<!-m )(?<!--)\bcomment (?=")|\blink-netns |"link_netns": ?|"ifalias": ?|\balias |@@ name /\S*/'
    r'|@@ process \d+ |\(\()'
    r'(?P<name>"(?:[^"\\]|\\.)*"|(?<=\S[ /])[^\s"]+)'
)
_KEPT_MODES = ("", "host", "none", "default", "bridge", "private", "slirp4netns", "pasta")
_NAME_KEYS = frozenset(("Name", "NetworkMode"))
_LIST_KEYS = frozenset(("Aliases", "DNSNames", "Links"))
_PSEUDONYM = re.compile(r"\b(?:name|host|comment)-\d+\b")


class Anonymised(NamedTuple):
    """The text with pseudonyms, and the ranges of addresses in it: pseudonyms keep no order, so what a range contains changes."""

    text: str
    ranges: tuple[str, ...]


def anonymised(text: str, key: Key) -> Anonymised:
    """The text with pseudonyms, which `key` remembers. Raises StatementError if a pseudonym would stand for two addresses."""
    networks = {str(network) for network in _networks_in(text)}
    key.networks = sorted({*key.networks, *networks})
    return Anonymised(_Replacement(key).of_text(text), tuple(dict.fromkeys(found[0] for found in _RANGE.finditer(text))))


def restored(text: str, key: Key) -> str:
    """A text about an anonymised host, such as somebody's advice, with the originals."""
    return _Return(key).of_text(text)


def _networks_in(text: str) -> Iterator[Network]:
    for found in (*_ADDRESS.finditer(text), *_PREFIX.finditer(text)):
        try:
            if found["length"]:
                yield ip_network(f"{found['address']}/{found['length'].lstrip('/')}", strict=False)
        except ValueError:
            continue


class _Replacement:
    """Replaces, and remembers what by what."""

    def __init__(self, key: Key) -> None:
        self.key = key
        self.words = key.words
        self.taken = {pseudonym: original for original, pseudonym in key.words.items()}
        self.maps = {version: PrefixMap(key.secret_bytes, version, key.known_networks()) for version in (4, 6)}

    def of_text(self, text: str) -> str:
        lines = (self._of_line(line) for line in text.split("\n"))
        text = "\n".join(lines)
        text = _MAC.sub(lambda found: self.mac(found[0]), text)
        text = _ADDRESS.sub(self._address, text)
        return _DOMAIN.sub(lambda found: self.name(found[0], "host"), text)

    def _of_line(self, line: str) -> str:
        """Names, which only some lines hold."""
        if line.startswith('{"') and ('"NetworkSettings"' in line or '"IPAM"' in line):
            try:
                return json.dumps(self._of_item(json.loads(line)), separators=(",", ":"))
            except ValueError:
                return "@@ err what stood here could not be read, and was left out"
        return _NAMES.sub(self._named, line)

    def _named(self, found: re.Match[str]) -> str:
        kind = "comment" if "comment" in found["before"] else "name"
        bare = found["name"].strip('"')
        quote = '"' if found["name"].startswith('"') else ""
        return f"{found['before']}{quote}{self.name(bare, kind)}{quote}"

    def _of_item(self, item: Any, key: str = "") -> Any:
        """An element of what a container engine prints."""
        if isinstance(item, dict):
            return {self._of_network(name) if key == "Networks" else name: self._of_item(held, name) for name, held in item.items()}
        if isinstance(item, list):
            return [self.name(one, "name") if key in _LIST_KEYS and isinstance(one, str) else self._of_item(one) for one in item]
        return self._of_network(item) if key in _NAME_KEYS and isinstance(item, str) else item

    def _of_network(self, word: str) -> str:
        """A network's name, or a container's, which begins with a slash; not a mode that every engine has."""
        if word in _KEPT_MODES or word.startswith("container:"):
            return word
        return f"{'/' if word.startswith('/') else ''}{self.name(word.removeprefix('/'), 'name')}"

    def name(self, original: str, kind: str) -> str:
        """What stands for a name: the kind and a number, in the order in which they were met."""
        if not original or _PSEUDONYM.fullmatch(original):
            return original
        if original not in self.words:
            number = 1 + sum(pseudonym.startswith(f"{kind}-") for pseudonym in self.words.values())
            self._remember(original, f"{kind}-{number}")
        return self.words[original]

    def mac(self, original: str) -> str:
        """What stands for a hardware address; its first byte, which tells whether it is one for groups, is kept."""
        first, told = original[:2].lower(), original.lower()
        if int(first, 16) & 1 or told == "00:00:00:00:00:00":
            return original
        if told not in self.words:
            hashed = blake2b(told.encode(), key=self.key.secret_bytes, digest_size=5).digest()
            self._remember(told, ":".join((first, *(f"{byte:02x}" for byte in hashed))))
        return self.words[told]

    def _address(self, found: re.Match[str]) -> str:
        try:
            address = ip_address(found["address"])
        except ValueError:
            return found[0]
        told = str(address)
        if told not in self.words:
            self._remember(told, str(self.maps[address.version].pseudonym(address)))
        return found[0] if self.words[told] == told else f"{self.words[told]}{found['length'] or ''}"

    def _remember(self, original: str, pseudonym: str) -> None:
        if self.taken.setdefault(pseudonym, original) != original:
            raise StatementError(
                f"the pseudonym {pseudonym} would stand for two addresses, because this file knows more networks than those that the key "
                "was used for before; use a new key for all of these files"
            )
        self.words[original] = pseudonym


class _Return:
    """Replaces back."""

    def __init__(self, key: Key) -> None:
        self.words = {pseudonym: original for original, pseudonym in key.words.items()}
        self.maps = {version: PrefixMap(key.secret_bytes, version, key.known_networks()) for version in (4, 6)}

    def of_text(self, text: str) -> str:
        text = _ADDRESS.sub(self._address, text)
        return _PSEUDONYM.sub(self._known, _MAC.sub(self._known, text))

    def _known(self, found: re.Match[str]) -> str:
        return self.words.get(found[0].lower(), found[0])

    def _address(self, found: re.Match[str]) -> str:
        try:
            address = ip_address(found["address"])
        except ValueError:
            return found[0]
        told = str(address)
        original = self.words.get(told) or str(self.maps[address.version].original(address))
        return found[0] if original == told else f"{original}{found['length'] or ''}"
