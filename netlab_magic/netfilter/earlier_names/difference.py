"""`netlab_magic.difference`, the earlier name of `iptables/diff`."""

from netlab_magic.iptables.diff import apply, diff, invert

__all__ = ["apply", "diff", "invert"]
