"""Prefix-preserving pseudonyms for addresses: two that share N bits before share N bits afterwards, so networks contain their hosts.

Whether a bit is flipped depends on a keyed hash of the bits before it, as in Crypto-PAn (Xu, Fan, Ammar, Moon: Prefix-preserving IP
address anonymization, 2002). Nothing is flipped on the way to ranges with a meaning, such as private ones, nor on the way to the first and
the last address of a known network: so a network address stays one, and a broadcast address too.
"""

from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

__all__ = ["Address", "Network", "PrefixMap"]

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_MEANT = {
    4: ("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/3"),
    6: ("::/64", "64:ff9b::/96", "::ffff:0:0/96", "fd00::/8", "fc00::/7", "fe80::/64", "fe80::/10", "ff00::/8", "2000::/3"),
}
"""The ranges whose meaning a pseudonym keeps (the IANA registries of special-purpose addresses, RFC 6890)."""

_UNTOUCHED = {4: ("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3"), 6: ("::/64", "ff00::/8")}
"""The ranges whose addresses tell nothing about whose they are: unspecified, loopback, multicast, and netmasks."""


class PrefixMap:
    """The pseudonyms of one version of IP, for a secret key and the networks that are known."""

    def __init__(self, key: bytes, version: int, networks: Iterable[Network]) -> None:
        self.version = version
        self.width = 32 if version == 4 else 128
        self._key = key
        self._untouched = [ip_network(text) for text in _UNTOUCHED[version]]
        self._still: set[tuple[int, int]] = set()
        for text in _MEANT[version]:
            held = ip_network(text)
            self._keep(int(held.network_address), 0, held.prefixlen)
        for network in networks:
            if network.version == version:
                self._keep(int(network.network_address), network.prefixlen, self.width)
                self._keep(int(network.broadcast_address), network.prefixlen, self.width)
        self._flips = lru_cache(65536)(self._hashed)

    def _keep(self, value: int, start: int, stop: int) -> None:
        """Nothing is flipped on the way to `value`, from bit `start` until before `stop`."""
        self._still.update((length, value >> (self.width - length)) for length in range(start, stop))

    def _hashed(self, length: int, prefix: int) -> int:
        told = f"{self.version} {length} {prefix}".encode()
        return 0 if (length, prefix) in self._still else blake2b(told, key=self._key, digest_size=1).digest()[0] & 1

    def pseudonym(self, address: Address) -> Address:
        """What stands for an address."""
        return self._mapped(address, back=False)

    def original(self, pseudonym: Address) -> Address:
        """The address that a pseudonym stands for."""
        return self._mapped(pseudonym, back=True)

    def _mapped(self, address: Address, *, back: bool) -> Address:
        if any(address in network for network in self._untouched):
            return address
        given, before, after = int(address), 0, 0
        for length in range(self.width):
            bit = given >> (self.width - 1 - length) & 1
            other = bit ^ self._flips(length, after if back else before)
            before, after = before << 1 | bit, after << 1 | other
        return type(address)(after)
