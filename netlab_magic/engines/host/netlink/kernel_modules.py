"""Whether this kernel has a module, loaded or built in. Asking over netlink for what a module does would load it."""

import os
import re
from functools import cache

__all__ = ["has_module"]

_SYMBOLS = {"nf_tables": "nft_do_chain", "tcp_diag": "tcp_diag_get_info"}
"""A function of each module that is asked for, by which /proc/kallsyms tells whether it is built in."""


def has_module(name: str) -> bool:
    """Whether a module is there. One that is not has no state either: no tables, for nf_tables."""
    return _is_built_in(name) or _is_loaded(name)


def _is_loaded(name: str) -> bool:
    with open("/proc/modules") as file:
        return any(line.startswith(f"{name} ") for line in file)


@cache
def _is_built_in(name: str) -> bool:
    """Whether it is a part of the kernel itself, as all are where modules cannot be loaded."""
    if not os.path.exists("/proc/modules"):
        return True
    listed = f"/lib/modules/{os.uname().release}/modules.builtin"
    if os.path.exists(listed):
        with open(listed) as file:
            return any(line.rstrip().endswith(f"/{name}.ko") for line in file)
    with open("/proc/kallsyms") as file:
        return any(re.search(rf" {_SYMBOLS[name]}$", line) for line in file)
