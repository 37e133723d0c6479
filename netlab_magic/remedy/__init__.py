"""The smallest changes that would let a lost packet pass, each tried in the model before it is offered."""

from netlab_magic.remedy.search import remedies
from netlab_magic.remedy.values import Fix, Remedy

__all__ = ["Fix", "Remedy", "remedies"]
