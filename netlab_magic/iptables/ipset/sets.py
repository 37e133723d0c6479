"""Sets of ipset as values: their types, and their entries as ipset writes them."""

import msgspec

__all__ = ["KINDS", "Entry", "IpSet", "family_of"]

KINDS: dict[str, tuple[str, ...]] = {
    "bitmap:ip": ("ip",),
    "bitmap:ip,mac": ("ip", "mac"),
    "bitmap:port": ("port number",),
    "hash:ip": ("ip",),
    "hash:ip,mac": ("ip", "mac"),
    "hash:ip,mark": ("ip", "mark"),
    "hash:ip,port": ("ip", "port"),
    "hash:ip,port,ip": ("ip", "port", "ip"),
    "hash:ip,port,net": ("ip", "port", "net"),
    "hash:mac": ("mac",),
    "hash:net": ("net",),
    "hash:net,iface": ("net", "iface"),
    "hash:net,net": ("net", "net"),
    "hash:net,port": ("net", "port"),
    "hash:net,port,net": ("net", "port", "net"),
    "list:set": ("set",),
}
"""The types of sets, each with the dimensions of its entries (ipset(8)). A `port` has a protocol, a `port number` has none."""


class Entry(msgspec.Struct, frozen=True):
    """One entry: `element` as ipset writes it (10.0.0.0/8,tcp:80).

    `timeout` are the seconds it has left, 0 for no end, None in a set without timeouts. `rest` are other words, such as counters.
    """

    element: str
    timeout: int | None = None
    nomatch: bool = False
    wildcard: bool = False
    rest: str = ""

    def __str__(self) -> str:
        """The entry as a member of a listing."""
        timeout = "" if self.timeout is None else f"timeout {self.timeout}"
        words = self.element, timeout, "nomatch" * self.nomatch, "wildcard" * self.wildcard, self.rest
        return " ".join(filter(None, words))


class IpSet(msgspec.Struct, frozen=True):
    """A set: its type (hash:ip), and the words behind it as ipset prints them (family inet hashsize 1024 …)."""

    name: str
    kind: str
    header: str = ""
    entries: tuple[Entry, ...] = ()

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Of what its entries are made; () for a type that is not known."""
        return KINDS.get(self.kind, ())

    @property
    def family(self) -> str:
        """ipv4 or ipv6; "" for a set that serves both."""
        return family_of(self.kind, self.option("family"))

    def option(self, name: str) -> str:
        """The word behind a word of the header; "" without it."""
        words = self.header.split()
        return words[words.index(name) + 1] if name in words[:-1] else ""

    def has(self, name: str) -> bool:
        """Whether a word is in the header."""
        return name in self.header.split()


def family_of(kind: str, word: str) -> str:
    """The family of a set; `word` is what stands behind `family`."""
    if kind in ("bitmap:port", "list:set", "hash:mac"):
        return ""
    return "ipv6" if word == "inet6" else "ipv4"
