"""Captures frames at devices, with a packet socket and a ring that the kernel fills by itself, see packet(7) and packet_mmap.rst.

A ring holds the first frames that pass and is read when the capture ends: no thread, no program, and a bound that the kernel keeps.
tcpdump would have to be there, print its files somewhere, and say when it begins to listen. It also makes the device promiscuous: a bridge
then passes each frame between its ports up to the host as well, which routes those whose destination NAT has changed a second time. This
capture changes nothing of what it shows.
"""

import errno
import mmap
import socket
import struct
import time
from collections.abc import Iterator

from netlab_magic.engines.host.state.observe import Namespaces
from netlab_magic.engines.protocol import Captured
from netlab_magic.model.capture.frame import ETHERNET, NO_LINK_LAYER, Frame
from netlab_magic.model.topology import End

__all__ = ["Captures"]

_FRAMES, _FRAME_SIZE = 1024, 2048
"""How many frames a capture holds, and the bytes for each, which are more than an MTU of 1500 needs."""

_MOST = 16
"""Captures at once: each has 2 MB of the kernel's memory."""

_QUIET_SECONDS, _PATIENCE_SECONDS = 0.03, 0.3
"""A capture ends when nothing came for so long, and after that at the latest: answers of the last probe may still be on their way."""

# linux/if_packet.h, linux/if_ether.h, linux/if_arp.h
_ETH_P_ALL, _SOL_PACKET, _PACKET_RX_RING, _PACKET_STATISTICS, _PACKET_VERSION = 3, 263, 5, 6, 10
_TPACKET_V2, _TP_STATUS_USER, _TP_STATUS_VLAN_VALID, _TP_STATUS_VLAN_TPID_VALID = 1, 1, 1 << 4, 1 << 6
_PACKET_OUTGOING = 4
_ARPHRD_ETHER, _ARPHRD_LOOPBACK = 1, 772
_HEAD = struct.Struct("=IIIHHIIHH4x")  # struct tpacket2_hdr
_ADDRESS = struct.Struct("=HHiHBB8x")  # struct sockaddr_ll
_VLAN = 0x8100


class _Capture:
    """Frames that pass a device; made in its namespace."""

    def __init__(self, at: End) -> None:
        self.at = at
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
        try:
            self._socket.setsockopt(_SOL_PACKET, _PACKET_VERSION, _TPACKET_V2)
            request = struct.pack("=IIII", _FRAMES * _FRAME_SIZE // 32, 32, _FRAME_SIZE, _FRAMES)
            self._socket.setsockopt(_SOL_PACKET, _PACKET_RX_RING, request)
            self._ring = mmap.mmap(self._socket.fileno(), _FRAMES * _FRAME_SIZE, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
            self._socket.bind((at.interface, _ETH_P_ALL))
        except BaseException:
            self._socket.close()
            raise

    def count(self) -> int:
        """How many frames there are by now."""
        held = range(0, _FRAMES * _FRAME_SIZE, _FRAME_SIZE)
        return next((number for number, start in enumerate(held) if not self._ring[start] & _TP_STATUS_USER), _FRAMES)

    def end(self) -> tuple[list[Frame], int]:
        """The frames, and how many more there were."""
        frames = [frame for number in range(self.count()) for frame in self._frame(number * _FRAME_SIZE)]
        _, missed = struct.unpack("=II", self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8))
        self._ring.close()
        self._socket.close()
        return frames, missed

    def _frame(self, start: int) -> Iterator[Frame]:
        """The frame in a slot; loopback shows each packet twice, and of those the one that came in is kept, as tcpdump does."""
        status, length, taken, begins, _, seconds, nanoseconds, tag, ether_type = _HEAD.unpack_from(self._ring, start)
        _, _, _, hardware, direction, _ = _ADDRESS.unpack_from(self._ring, start + _HEAD.size)
        if hardware == _ARPHRD_LOOPBACK and direction == _PACKET_OUTGOING:
            return
        data = self._ring[start + begins : start + begins + taken]
        if status & _TP_STATUS_VLAN_VALID:  # the kernel has taken the tag off
            kind = ether_type if status & _TP_STATUS_VLAN_TPID_VALID else _VLAN
            data, length = data[:12] + struct.pack("!HH", kind, tag) + data[12:], length + 4
        link = ETHERNET if hardware in (_ARPHRD_ETHER, _ARPHRD_LOOPBACK) else NO_LINK_LAYER
        yield Frame(self.at, data, length, direction == _PACKET_OUTGOING, seconds * 10**9 + nanoseconds, link)


class Captures:
    """All captures of a lab."""

    def __init__(self) -> None:
        self._held: list[_Capture] = []

    def start(self, namespaces: Namespaces, at: End) -> None:
        """Captures at a device from now on. Raises OSError."""
        if len(self._held) >= _MOST:
            raise OSError(errno.EMFILE, f"a cell can capture at {_MOST} places at most")
        if at.namespace not in namespaces.descriptors:
            raise FileNotFoundError(errno.ENOENT, f"there is no namespace {at.namespace}")
        with namespaces.inside(at.namespace):
            self._held.append(_Capture(at))

    def end(self) -> Captured:
        """Ends all captures. The frames are in the order of the kernel's clock; those of one moment in the order of the captures."""
        self._settle()
        ended = [(capture.at, *capture.end()) for capture in self._held]
        self._held.clear()
        frames = sorted((frame for _, frames, _ in ended for frame in frames), key=lambda frame: frame.nanoseconds)
        return Captured(tuple(frames), tuple((at, missed) for at, _, missed in ended if missed))

    def _settle(self) -> None:
        until = time.monotonic() + _PATIENCE_SECONDS
        before = -1
        while self._held and time.monotonic() < until:
            count = sum(capture.count() for capture in self._held)
            if count == before:
                return
            before = count
            time.sleep(_QUIET_SECONDS)
