"""What the commands of ip share: options, abbreviations, and how it prints the kernel's errors."""

from collections.abc import Mapping

import msgspec

from netlab_magic.engines.simulated.change import KernelSaysNo
from netlab_magic.engines.simulated.programs.call import Call, Ended
from netlab_magic.model.changes import Change
from netlab_magic.model.topology import Interface

__all__ = ["Asked", "attempt", "known_device", "operands", "verb"]


class Asked(msgspec.Struct):
    """What was asked for before the object: a family (4, 6, or 0 for both), short lines, one line for each."""

    family: int = 0
    brief: bool = False
    oneline: bool = False


_VERBS = ("add", "append", "change", "delete", "show", "list", "set", "get", "flush", "replace", "exec", "identify", "help")


_SHORT = {"lst": "list", "ls": "list", "s": "show", "sh": "show", "l": "list", "del": "delete", "a": "add", "d": "delete", "r": "replace"}


def verb(call: Call) -> str:
    """The command behind the object, taken off the words: `show` where none is given, abbreviations written out."""
    if not call.words:
        return "show"
    word = call.words.pop(0)
    found = _SHORT.get(word) or next((one for one in _VERBS if len(word) > 1 and one.startswith(word)), "")
    if not found:
        call.words.insert(0, word)
    return "show" if found == "list" else found


def operands(call: Call, takes: Mapping[str, str], rest: str = "") -> dict[str, str]:
    """The words as what they are: a word of `takes` has a value behind it, under the name that it stands for; a bare word is the `rest`.

    Raises Ended for one that is neither.
    """
    found: dict[str, str] = {}
    words = list(call.words)
    while words:
        word = words.pop(0)
        if word in takes:
            name = takes[word]
            if not name:
                found[word] = "yes"
            elif not words:
                raise Ended(255, 'Command line is not complete. Try option "help"\n')
            else:
                found[name] = words.pop(0)
        elif rest and rest not in found:
            found[rest] = word
        else:
            raise Ended(255, f'Error: either "{rest or "dev"}" is duplicate, or "{word}" is a garbage.\n')
    return found


def known_device(call: Call, name: str) -> Interface:
    """A device of the namespace. Raises Ended, as ip does."""
    found = call.here.interface(name)
    if found is None:
        raise Ended(1, f'Cannot find device "{name}"\n')
    return found


def attempt(call: Call, *changes: Change) -> int:
    """Makes changes. Raises Ended with what ip says where the kernel refuses."""
    for change in changes:
        try:
            call.change(change)
        except KernelSaysNo as refusal:
            said = f"Error: {refusal.detail}." if refusal.detail else f"RTNETLINK answers: {refusal.message}"
            raise Ended(2, f"{said}\n") from None
    return 0
