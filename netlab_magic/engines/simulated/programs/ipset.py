"""ipset, with the words of version 7.17."""

import msgspec

from netlab_magic.engines.simulated.ip_sets import sets_of
from netlab_magic.engines.simulated.programs.call import Call
from netlab_magic.iptables.ipset.commands import carried_out

__all__ = ["ipset"]


def ipset(call: Call) -> int:
    """See ipset(8)."""
    held = call.world.sets.get(call.namespace, ())
    rulesets = (call.world.ruleset(call.namespace, family) for family in ("ipv4", "ipv6"))
    used = [name for ruleset in rulesets for name in sets_of(ruleset)]
    sets, printed, said, status = carried_out(held, call.words, call.given, used)
    call.world = msgspec.structs.replace(call.world, sets={**call.world.sets, call.namespace: sets})
    call.out(printed)
    call.err(said)
    return status
