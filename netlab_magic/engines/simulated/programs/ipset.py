"""ipset, as far as dockerd's firewall needs it: the set of 28.0.0."""

import msgspec

from netlab_magic.engines.simulated.programs.call import Call, Ended

__all__ = ["ipset"]


def ipset(call: Call) -> int:
    """See ipset(8): `restore`, `destroy` and `list`."""
    words = [word for word in call.words if not word.startswith("-")]
    sets = dict(call.world.sets)
    if words == ["restore"]:
        for line in call.given.splitlines():
            action, name, *more = line.split()
            held = sets.get(name, ())
            sets[name] = () if action == "flush" else (*held, more[0]) if action == "add" else held
    elif words[:1] == ["destroy"] and words[1:2]:
        if sets.pop(words[1], None) is None:
            raise Ended(1, "ipset v7.17: The set with the given name does not exist\n")
    elif words[:1] == ["list"]:
        call.out("".join(f"Name: {name}\nMembers:\n{''.join(f'{one}{chr(10)}' for one in held)}" for name, held in sets.items()))
    else:
        raise Ended(1, "ipset: in a simulated lab there are restore, list and destroy\n")
    call.world = msgspec.structs.replace(call.world, sets=sets)
    return 0
