"""Frames as a capture file, which Wireshark and tcpdump read."""

import struct
from collections.abc import Sequence

from netlab_magic.model.capture.frame import ETHERNET, Frame

__all__ = ["pcap"]

_NANOSECONDS, _VERSION, _LONGEST = 0xA1B23C4D, (2, 4), 262144
"""The magic number of files with times in nanoseconds (https://www.tcpdump.org/manpages/pcap-savefile.5.html)."""


def pcap(frames: Sequence[Frame]) -> bytes:
    """The file. All frames begin alike: those of one device do."""
    link = frames[0].link if frames else ETHERNET
    head = struct.pack("<IHHiIII", _NANOSECONDS, *_VERSION, 0, 0, _LONGEST, link)
    return head + b"".join(_record(frame) for frame in frames)


def _record(frame: Frame) -> bytes:
    return struct.pack("<IIII", *divmod(frame.nanoseconds, 10**9), len(frame.data), frame.length) + frame.data
