"""What filters packets in a namespace besides its iptables rules."""

import msgspec

from netlab_magic.netfilter import NO_SETS, IpSets
from netlab_magic.nftables.ruleset import Ruleset

__all__ = ["NO_OTHER_FILTERS", "OtherFilters"]


class OtherFilters(msgspec.Struct, frozen=True):
    """The tables of nft that a namespace has; `unread` says why others there cannot be followed, or is "" if there are none.

    `settled_by` is the command whose output is missing. With `ordered`, base chains of nft run before those of iptables with the same
    priority, as in a simulated lab; otherwise that order is unknown. `sets` are those of ipset that rules of iptables ask for.
    """

    native: Ruleset = Ruleset()
    unread: str = ""
    settled_by: str = ""
    ordered: bool = False
    sets: IpSets = NO_SETS


NO_OTHER_FILTERS = OtherFilters()
