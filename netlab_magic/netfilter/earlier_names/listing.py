"""`netlab_magic.listing`, the earlier name of `iptables/listing`."""

import sys
from types import ModuleType

from netlab_magic.iptables.listing import listing

__all__ = ["listing"]


class _Callable(ModuleType):
    """`netlab_magic.listing` is a public function too: whichever of the two a program imports first, the name can be called."""

    __call__ = staticmethod(listing)


sys.modules[__name__].__class__ = _Callable
