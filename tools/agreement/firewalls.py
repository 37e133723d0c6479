"""Whose rules are compared: iptables and ip6tables of both variants, nft's own tables, and mixtures of the two."""

import msgspec

from agreement.world import IPV4, IPV6, Network

__all__ = ["FIREWALLS", "Firewall"]


class Firewall(msgspec.Struct, frozen=True):
    """The programs whose rules a case has: a variant of iptables, "" for none, and with `native` nft's own tables."""

    name: str
    variant: str
    six: bool
    native: bool

    @property
    def network(self) -> Network:
        """The addresses of its family."""
        return IPV6 if self.six else IPV4

    @property
    def restore(self) -> str:
        """The program that loads the rules of iptables."""
        return f"ip{'6' * self.six}tables-{self.variant}-restore"


FIREWALLS = {
    (name := "+".join(filter(None, (f"ip{'6' * six}tables-{variant}" if variant else "", f"nft{'6' * six}" if native else "")))): Firewall(
        name, variant, six, native
    )
    for native in (False, True)
    for variant in ("legacy", "nft", "")
    for six in (False, True)
    if variant or native
}
"""By name: `iptables-legacy`, `ip6tables-nft`, `nft`, `nft6`, `iptables-legacy+nft` and so on; 6 stands for IPv6."""
