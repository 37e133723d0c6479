"""A frame as it was captured at one device."""

import msgspec

from netlab_magic.model.topology import End

__all__ = ["ETHERNET", "NO_LINK_LAYER", "Frame"]

ETHERNET, NO_LINK_LAYER = 1, 101
"""What a frame begins with, as pcap numbers it: LINKTYPE_ETHERNET and LINKTYPE_RAW (https://www.tcpdump.org/linktypes.html)."""


class Frame(msgspec.Struct, frozen=True):
    """A frame that passed a device.

    `nanoseconds` is the time of the kernel's clock (0 in a simulated lab), `length` how many bytes it had on the wire, of which `data` are
    the first ones. `outgoing` is set if the device sent it.
    """

    at: End
    data: bytes
    length: int
    outgoing: bool
    nanoseconds: int = 0
    link: int = ETHERNET
