"""The names of a chain: the program that keeps it, its table, and its own. Pure."""

import msgspec

from netlab_magic.iptables.ruleset import PROGRAM_OF

__all__ = ["FORWARD", "NFT", "ChainPlace"]

NFT = "nft"
"""The program that keeps the tables that iptables does not read."""

_FAMILIES = {program: family for family, program in PROGRAM_OF.items()}


class ChainPlace(msgspec.Struct, frozen=True):
    """A chain of the lab's host, named as its `program` names it: iptables, ip6tables or nft, whose tables have a family: `inet fw`."""

    program: str
    table: str
    name: str

    @property
    def family(self) -> str:
        """The family of iptables' rules, ipv4 or ipv6; "" for a chain of nft."""
        return _FAMILIES.get(self.program, "")

    @property
    def six(self) -> bool:
        """Whether it is a chain of ip6tables."""
        return self.family == "ipv6"

    @property
    def option(self) -> str | None:
        """The table as statements take it behind `-t`; None for the one that they mean without it."""
        return None if self.family and self.table == "filter" else self.table.replace(" ", ":", 1)

    def __str__(self) -> str:
        """As a sentence names it, with what is usual left out.

        >>> str(FORWARD), str(ChainPlace("ip6tables", "nat", "OUTPUT")), str(ChainPlace("nft", "inet fw", "forward"))
        ('FORWARD', 'ip6tables nat OUTPUT', 'inet fw forward')
        """
        program = [self.program] if self.six else []
        table = [self.table] if self.option else []
        return " ".join([*program, *table, self.name])


FORWARD = ChainPlace("iptables", "filter", "FORWARD")
"""What filters forwarded packets where nothing else does."""
