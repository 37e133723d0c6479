"""Random rules of nft that see frames: of the bridge family, and of devices (netdev)."""

from collections.abc import Callable

from agreement.nft_words import NftWords

__all__ = ["FrameWords"]

_PORTS = ('"br-veth0"', '"br-veth1"', '"br-veth*"', '"br-veth2"', '"eth0"', '"docker1"', '"lo"')


class FrameWords(NftWords):
    """Rules of one table whose chains see frames. There are no connections in them, no routes, and nothing is rejected."""

    def condition(self) -> str:
        """See NftWords."""
        kinds: list[Callable[[], str]] = [
            *(self.address, self.address, self.ports, self.ports, self.mark, self.layer4, self.icmp, self.flags, self.ether, self.plain),
        ]
        kinds += [lambda: self.device("i")] if self.use.has_input else []
        kinds += [lambda: self.device("o")] if self.use.has_output else []
        return self.pick(kinds)()

    def device(self, end: str) -> str:
        """A port of a bridge, or another device."""
        apart = tuple(one for one in _PORTS if "*" not in one)
        return f"{end}ifname {self.compared(_PORTS, 'ifname', apart)}"

    def ether(self) -> str:
        """The protocol above Ethernet."""
        return f"meta protocol {self.pick((self.version, '!= ip', '!= ip6', '!= arp'))}"

    def change(self) -> str:
        """See NftWords."""
        pick, version = self.pick, self.version
        return pick(
            (
                f"meta mark set {pick(('0', '1', '2', '0x4'))}",
                f"meta mark set meta mark {pick(('or 0x4', 'and 0x3', 'xor 0x1'))}",
                f"{'ip6 hoplimit' if version == 'ip6' else 'ip ttl'} set {pick(('60', '2', '64'))}",
                f"{version} dscp set {pick(('cs0', 'cs2', '0x04'))}",
            )
        )

    def verdict_map(self) -> str:
        """See NftWords."""
        verdicts = ["accept", "drop", "continue", "return", *(f"{way} {chain}" for chain in self.callable for way in ("jump", "goto"))]
        said = self.said
        return self.pick(
            (
                lambda: f"meta l4proto vmap {self.map_of(('tcp', 'udp', said.icmp_name), verdicts, 'inet_proto', 'verdict')}",
                lambda: f"{self.version} saddr vmap {self.map_of(said.addresses, verdicts, self.address_type(), 'verdict')}",
                lambda: f"meta mark vmap {self.map_of(('0', '1', '2'), verdicts, 'mark', 'verdict')}",
            )
        )()
