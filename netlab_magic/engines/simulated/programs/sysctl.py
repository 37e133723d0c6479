"""sysctl: reads and writes the network sysctls of a namespace."""

from netlab_magic.engines.simulated import sysctls
from netlab_magic.engines.simulated.change import INVALID, KernelSaysNo
from netlab_magic.engines.simulated.programs.call import Call, Ended
from netlab_magic.model.changes import SetSysctl

__all__ = ["sysctl"]

_LONG = {"--write": "w", "--values": "n", "--names": "N", "--quiet": "q", "--all": "a", "--ignore": "e"}


def sysctl(call: Call) -> int:
    """See sysctl(8)."""
    options, keys = "", []
    for word in call.words:
        if word in _LONG:
            options += _LONG[word]
        elif word.startswith("-"):
            options += word[1:]
        else:
            keys.append(word)
    if "a" in options or "A" in options:
        keys = list(sysctls.keys(call.here))
    if not keys:
        raise Ended(1, 'sysctl: no variables specified\nTry `sysctl --help\' for more information.\n')
    return max([_one(call, key, options) for key in keys])


def _one(call: Call, word: str, options: str) -> int:
    name, equals, value = word.partition("=")
    key = name.strip().replace("/", ".") if "/" in name and "." not in name else name.strip()
    shown = key
    if sysctls.read(call.here, key) is None:
        if "e" in options:
            return 0
        call.err(f"sysctl: cannot stat /proc/sys/{key.translate(str.maketrans('./', '/.'))}: No such file or directory\n")
        return 1
    if equals:
        try:
            call.change(SetSysctl(call.namespace, key, value.strip()))
        except KernelSaysNo as refusal:
            reason = "Invalid argument" if refusal.errno == INVALID[0] else refusal.message
            call.err(f'sysctl: setting key "{key}": {reason}\n')
            return 1
    elif "w" in options:
        call.err(f'sysctl: "{key}" must be of the form name=value\n')
        return 1
    if "q" in options:
        return 0
    found = (value.strip() if equals else sysctls.read(call.here, key) or "").replace(" ", "\t")
    call.out(f"{found}\n" if "n" in options else f"{shown}\n" if "N" in options else f"{shown} = {found}\n")
    return 0
