"""`netlab_magic.savefile`, the earlier name of `iptables/save_format`."""

from netlab_magic.iptables.save_format import parse

__all__ = ["parse"]
