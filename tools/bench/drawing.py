"""How long it takes to see a large firewall: 5,000 rules of kube-proxy, read and drawn; beside it, a few of them not folded."""

import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count, pairwise
from shutil import which

from measure import Contestant, unavailable

from netlab_magic.draw import chains_picture
from netlab_magic.draw.base import render
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.iptables.save_format import parse
from netlab_magic.nftables.ruleset import Ruleset as NftRuleset

__all__ = ["DRAWING", "EVERY_RULE", "READING", "draw", "large_picture"]

READING, DRAWING, EVERY_RULE = "reading", "drawing", "dot, a node a rule"
_SERVICES = 1000
_FEW = 50
"""What dot still draws in a second when it is given every rule; of 100 services it takes 15 seconds, of 1,000 more than two minutes."""

_DOT_SECONDS = 60


@contextmanager
def large_picture(quick: bool) -> Iterator[Sequence[Contestant]]:
    """Five rules a service: reading the dump, drawing its nat table, and a twentieth of the rules in dot without folding."""
    text = _dump(_SERVICES)
    ruleset, few, anew = parse(text), parse(_dump(_FEW)), count()  # a dump that has just been read would not be read again
    if which("dot") is None:
        yield [Contestant(READING, lambda: _milliseconds(lambda: parse(f"{text}# {next(anew)}\n"))), unavailable(DRAWING, "no dot")]
        return
    yield [
        Contestant(READING, lambda: _milliseconds(lambda: parse(f"{text}# {next(anew)}\n")), f"{_rules(ruleset):,} rules"),
        Contestant(DRAWING, lambda: draw(ruleset, "nat"), "to SVG"),
        Contestant(EVERY_RULE, lambda: _milliseconds(lambda: _draw_every_rule(few)), f"only {_rules(few):,} of the rules"),
    ]


def _rules(ruleset: Ruleset) -> int:
    return sum(len(chain.rules) for chain in ruleset.table("nat").chains)


def _milliseconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def draw(ruleset: Ruleset | NftRuleset, table: str) -> float:
    """The milliseconds until a table is drawn."""
    render._rendered.cache_clear()
    started = time.perf_counter()
    if not chains_picture(ruleset, table).svg():
        raise AssertionError("nothing was drawn")
    return (time.perf_counter() - started) * 1000


def _draw_every_rule(ruleset: Ruleset) -> None:
    """What one would write in an afternoon: a node for each rule, an edge to the next one and to the chain that it enters."""
    lines = ["digraph {", "node [shape=box]"]
    for chain in ruleset.table("nat").chains:
        names = [chain.name, *(f"{chain.name} {number}" for number in range(1, len(chain.rules) + 1))]
        lines += [f'"{above}" -> "{below}"' for above, below in pairwise(names)]
        lines += [f'"{name}" -> "{rule.jump}"' for name, rule in zip(names[1:], chain.rules, strict=True) if rule.jump]
    subprocess.run(["dot", "-Tsvg"], input="\n".join([*lines, "}"]), text=True, capture_output=True, check=True, timeout=_DOT_SECONDS)


def _dump(services: int) -> str:
    """The nat table of a cluster: each service has an address, a chain and one endpoint."""
    built_in = ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING")
    own = ("KUBE-SERVICES", "KUBE-POSTROUTING", "KUBE-MARK-MASQ")
    names = [f"{number * 2654435761 % 2**32:08X}" for number in range(services)]
    heads = [f":{chain} ACCEPT [0:0]" for chain in built_in]
    heads += [f":{chain} - [0:0]" for chain in (*own, *(f"KUBE-{kind}-{name}" for name in names for kind in ("SVC", "SEP")))]
    rules = [f"-A {chain} -j KUBE-SERVICES" for chain in ("PREROUTING", "OUTPUT")]
    rules += ["-A POSTROUTING -j KUBE-POSTROUTING", "-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000"]
    for number, name in enumerate(names):
        service, pod = (f"10.{net}.{number >> 8}.{number & 255}" for net in (96, 244))
        comment = f'-m comment --comment "default/web-{number}:http"'
        rules += [
            f"-A KUBE-SERVICES -d {service}/32 -p tcp {comment} -m tcp --dport 80 -j KUBE-SVC-{name}",
            f"-A KUBE-SVC-{name} ! -s 10.244.0.0/16 -d {service}/32 -p tcp {comment} -m tcp --dport 80 -j KUBE-MARK-MASQ",
            f"-A KUBE-SVC-{name} {comment} -j KUBE-SEP-{name}",
            f"-A KUBE-SEP-{name} -s {pod}/32 {comment} -j KUBE-MARK-MASQ",
            f"-A KUBE-SEP-{name} -p tcp {comment} -m tcp -j DNAT --to-destination {pod}:8080",
        ]
    return "\n".join(["*nat", *heads, *rules, "COMMIT", ""])
