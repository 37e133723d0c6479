"""What else filters packets in a namespace, besides its iptables rules."""

import msgspec

from netlab_magic.nftables.ruleset import Ruleset

__all__ = ["NOTHING_BESIDE", "Beside"]


class Beside(msgspec.Struct, frozen=True):
    """A namespace's own nft tables; `unread` says why other filters there cannot be followed, or is "" if there are none.

    With `ordered`, nft's base chains run before iptables' of the same priority, as in a simulated lab; otherwise that order is unknown.
    """

    native: Ruleset = Ruleset()
    unread: str = ""
    ordered: bool = False


NOTHING_BESIDE = Beside()
