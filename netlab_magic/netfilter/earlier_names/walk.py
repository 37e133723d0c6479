"""`netlab_magic.walk`, the earlier name of `netfilter`."""

import sys
from types import ModuleType

from netlab_magic.netfilter import Conversation, Device, Host, converse, host_of, walk

__all__ = ["Conversation", "Device", "Host", "converse", "host_of", "walk"]


class _Callable(ModuleType):
    """`netlab_magic.walk` is a public function too: whichever of the two a program imports first, the name can be called."""

    __call__ = staticmethod(walk)


sys.modules[__name__].__class__ = _Callable
