"""nft and ipset, as far as dockerd's firewall needs them: its own table, and the set of 28.0.0."""

import re

import msgspec

from netlab_magic.docker.nft_writer import TABLE
from netlab_magic.engines.simulated.nft import made
from netlab_magic.engines.simulated.programs.call import Call, Ended
from netlab_magic.model.topology import HOST

__all__ = ["ipset", "nft"]

_LIMIT = "nft: the simulated engine supports only Docker's table\n"


def nft(call: Call) -> int:
    """See nft(8): `-f -`, `list table`, `list tables` and `list ruleset`."""
    if call.words == ["-f", "-"]:
        return _read(call, call.given)
    if call.words[:1] == ["list"]:
        return _list(call, call.words[1:])
    raise Ended(1, _LIMIT)


def _read(call: Call, text: str) -> int:
    """A script that takes dockerd's tables away and makes them anew, if it has any."""
    gone = re.match(rf"(?:table (ip6?) {TABLE}\ndelete table \1 {TABLE}\n)+", text)
    if gone is None:
        raise Ended(1, _LIMIT)
    native = made(text[gone.end() :])
    if native is None:
        raise Ended(1, _LIMIT)
    call.world = msgspec.structs.replace(call.world, native=native)
    return 0


def _list(call: Call, words: list[str]) -> int:
    there = [f"{table.family} {table.name}" for table in call.world.native.tables] if call.namespace == HOST else []
    if words == ["tables"]:
        is_nft = call.world.variant == "nft"
        held = [f"ip {table.name}" for table in call.world.ruleset(call.namespace).tables] if is_nft else []
        call.out("".join(f"table {name}\n" for name in (*held, *there)))
    elif words[:1] == ["table"] and " ".join(words[1:]) in there:
        table = call.world.native.tables[there.index(" ".join(words[1:]))]
        call.out(str(msgspec.structs.replace(call.world.native, tables=(table,))))
    elif words == ["ruleset"] and call.world.variant == "legacy":
        call.out(str(call.world.native) if there else "")
    elif words[:1] == ["table"]:
        raise Ended(1, "Error: No such file or directory\n")
    else:
        raise Ended(1, _LIMIT)
    return 0


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
