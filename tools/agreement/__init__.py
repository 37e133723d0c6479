"""Does the walk agree with the kernel? Random rulesets and connections, each walked in the model and sent in the kernel.

Both must agree which rules matched, in which order, for every packet of the connection, and whether its answers arrive.
"""

from agreement.firewalls import FIREWALLS
from agreement.runner import Tally, agreement

__all__ = ["FIREWALLS", "Tally", "agreement"]
