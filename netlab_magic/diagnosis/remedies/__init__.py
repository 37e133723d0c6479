"""The smallest changes that would let a lost packet through, each tried in the model before it is offered."""

from netlab_magic.diagnosis.remedies.remedy import Fix, Remedy
from netlab_magic.diagnosis.remedies.search import remedies

__all__ = ["Fix", "Remedy", "remedies"]
