"""What filters in a namespace beside the rules of iptables."""

import msgspec

from netlab_magic.nftables.ruleset import Ruleset

__all__ = ["NOTHING_BESIDE", "Beside"]


class Beside(msgspec.Struct, frozen=True):
    """The tables of nft, and in `unread` why something else there cannot be followed; "" where nothing is.

    With `ordered`, of base chains with one priority nft's are asked first, as in a simulated lab; else nobody knows.
    """

    native: Ruleset = Ruleset()
    unread: str = ""
    ordered: bool = False


NOTHING_BESIDE = Beside()
