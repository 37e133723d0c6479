"""Lets setgroups(2) succeed without effect in the lab of an ordinary user.

In a user namespace created by an ordinary user, the kernel always refuses setgroups (user_namespaces(7)); programs that drop
privileges, such as tcpdump, then exit. There are no other groups to drop, so doing nothing is the right result.
"""

import ctypes
import platform
import struct

from netlab_magic.engines.host.process.isolation import libc

__all__ = ["ignore_setgroups"]

_SETGROUPS = {"x86_64": (0xC000003E, 116), "aarch64": (0xC00000B7, 159)}
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _ERRNO_0 = 0x7FFF0000, 0x00050000
_PR_SET_SECCOMP, _FILTER_MODE = 22, 2


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def ignore_setgroups() -> None:
    """Installs the filter in this process and what it starts; does nothing on a processor it does not know."""
    if platform.machine() not in _SETGROUPS:
        return
    audit, number = _SETGROUPS[platform.machine()]
    steps = (
        (_LOAD, 0, 0, 4),
        (_JUMP_IF_EQUAL, 0, 3, audit),
        (_LOAD, 0, 0, 0),
        (_JUMP_IF_EQUAL, 0, 1, number),
        (_RETURN, 0, 0, _ERRNO_0),
        (_RETURN, 0, 0, _ALLOW),
    )
    code = b"".join(struct.pack("=HBBI", *step) for step in steps)
    program = _Program(len(steps), code)
    libc.prctl(_PR_SET_SECCOMP, _FILTER_MODE, ctypes.byref(program), 0, 0)
