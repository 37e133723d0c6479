"""Every notebook gives the same outcomes on both engines: what its cells say, the rules that they leave, and what these have counted."""

import argparse
import re
from collections.abc import Iterator
from itertools import combinations_with_replacement, zip_longest
from pathlib import Path

import nbformat
import pytest
from support.cells import answers

from netlab_magic import Lab
from netlab_magic.iptables import save_format
from netlab_magic.jupyter.magics import split_options

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks/en").glob("*.ipynb"))
_BY_CHANCE = 4
"""How many packets of one rule a busy machine may count more or less."""

OPTIONS = argparse.ArgumentParser()
OPTIONS.add_argument("--lab", default="lab")
OPTIONS.add_argument("--quiet", action="store_true")


def cells_of(path: Path) -> Iterator[tuple[str, str, bool]]:
    """The cells for labs of a notebook, in order: which lab, the cell's text, and whether it is to be quiet."""
    for cell in nbformat.read(path, as_version=4).cells:
        found = re.fullmatch(r"(%%netlab(?P<line>[^\n]*)\n(?P<body>.*))|(%netlab (?P<statement>.*))", cell.source, re.DOTALL)
        if cell.cell_type != "code" or not found:
            continue
        line, rest = split_options(found["line"] or found["statement"] or "")
        options = OPTIONS.parse_args(line.split())
        text = found["body"] or rest
        if text != "panel":
            yield options.lab, text, options.quiet


def counted(lab: Lab) -> Iterator[str]:
    """The rules of a lab, each with what it has counted; real bridges send packets of their own, which only policies see."""
    if lab.is_up:
        for table in save_format.parse(lab.engine.save(), strict=False).tables:
            for chain in table.chains:
                yield f"{table.name} {chain.name} {chain.policy}"
                for rule in chain.rules:
                    yield f"{rule.counters} {rule.spec}"


def played(path: Path, engine: str, firewall: str) -> Iterator[str]:
    labs: dict[str, Lab] = {}
    try:
        for name, text, quiet in cells_of(path):
            lab = labs.setdefault(name, Lab(name, firewall, engine=engine))
            if text.split()[0] not in ("up", "status"):
                yield from answers(lab, text, quiet=quiet)
                yield from counted(lab)
    finally:
        for lab in labs.values():
            lab.down()


def alike(one: str, other: str) -> bool:
    """Whether two lines say the same.

    A host that closes a TCP connection sends one acknowledgement (52 bytes) more, or less; an unanswered SYN or SYN/ACK (60 bytes) is sent
    again while time passes, and a reset (40 bytes) answers what comes too late, as it does on the kernel alone.
    """
    one, other = (re.sub(r":(3[2-9]|[4-6]\d)\d{3}\b", ":a port of the kernel's choice", line) for line in (one, other))
    found = [re.fullmatch(r"\[(\d+):(\d+)\] (.*)", line) for line in (one, other)]
    if one == other or None in found:
        return one == other
    (packets, size, rule), (others, other_size, other_rule) = ((int(each[1]), int(each[2]), each[3]) for each in found if each)
    more = combinations_with_replacement((40, 52, 60), abs(packets - others))
    return rule == other_rule and abs(packets - others) <= _BY_CHANCE and abs(size - other_size) in map(sum, more)


@pytest.mark.long("the notebooks on both engines")
@pytest.mark.kernel
@pytest.mark.parametrize("firewall", ["legacy", "nft"])
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_both_engines_play_it_alike(path, firewall):
    model, real = (list(played(path, engine, firewall)) for engine in ("simulated", "kernel"))
    assert [pair for pair in zip_longest(model, real, fillvalue="") if not alike(*pair)] == []
