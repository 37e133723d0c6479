"""The lines of a cell that take a rule out of a chain and put one in, for the program that keeps the chain. Pure."""

import shlex

from netlab_magic.iptables.words import split
from netlab_magic.jupyter.panel.chain_place import ChainPlace
from netlab_magic.session.program_output import nft_command

__all__ = ["putting_in", "taking_out"]


def taking_out(chain: ChainPlace, number: int, spec: str | None) -> str:
    """Takes out the rule with that number: by its text, as people write it, or without one by the number.

    nft deletes by handle, which a rule loses when it is put back; the statement finds it by the number.
    """
    if not chain.family:
        return f"rule -t {shlex.quote(chain.option or '')} {shlex.quote(chain.name)} delete {number}"
    return f"{_iptables(chain)} -D {shlex.quote(chain.name)} {number if spec is None else _written(spec)}"


def putting_in(chain: ChainPlace, number: int | None, spec: str) -> str:
    """Puts a rule in so that it gets that number, or as the last one."""
    if not chain.family:
        verb, place = ("add", "") if number is None else ("insert", f" index {number - 1}")
        return nft_command(f"{verb} rule {chain.table} {chain.name}{place} {spec}")
    place = f"-A {shlex.quote(chain.name)}" if number is None else f"-I {shlex.quote(chain.name)} {number}"
    return f"{_iptables(chain)} {place} {_written(spec)}"


def _iptables(chain: ChainPlace) -> str:
    return chain.program if chain.option is None else f"{chain.program} -t {chain.table}"


def _written(spec: str) -> str:
    """A rule of iptables for a command line: quoted for the shell, whatever a comment holds."""
    return " ".join(word if word == "!" else shlex.quote(word) for word in split(spec))
