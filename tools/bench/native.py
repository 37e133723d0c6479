"""How long it takes to see what nft lists: 5,000 rules read and drawn, a set of 100,000 elements read, a packet's address found in it.

Except for drawing, which waits for dot, it is the processor's time, as in `walking`.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import count

from drawing import DRAWING, draw
from measure import Contestant, unavailable

from netlab_magic.iptables.ruleset import Ruleset as IptablesRuleset
from netlab_magic.model.packet import Packet
from netlab_magic.model.topology import Route
from netlab_magic.netfilter import Device, Host, walk
from netlab_magic.nftables import parse
from netlab_magic.nftables.ruleset import Ruleset

__all__ = ["FEW", "INTERVALS", "SETS", "finding", "large_ruleset", "reading_sets"]

_SERVICES = 1000
_KUBE_PROXY = "ip kube-proxy"
_ELEMENTS, _SOME = 100_000, 100
_TIMES = 2000
_FORMS = {"nft list ruleset": "", "nft -j list ruleset": "-j"}

SETS = tuple(f"{kind}, {form}" for kind in ("addresses", "intervals") for form in _FORMS)
INTERVALS = "an interval"
FEW, _FEW_INTERVALS = f"of {_SOME}", f"an interval of {_SOME}"


@contextmanager
def large_ruleset(quick: bool) -> Iterator[Sequence[Contestant]]:
    """Five rules a service, as kube-proxy writes them with nft: the listing read in both forms, and the table drawn."""
    script = _services(_SERVICES)
    ruleset = parse(script)
    drawn = Contestant(DRAWING, lambda: draw(ruleset, _KUBE_PROXY), "to SVG") if shutil.which("dot") else unavailable(DRAWING, "no dot")
    yield [*_readers(script, dict(zip(_FORMS, _FORMS, strict=True)), f"{5 * _SERVICES:,} rules"), drawn]


@contextmanager
def reading_sets(quick: bool) -> Iterator[Sequence[Contestant]]:
    """A set of addresses, and one of intervals, in both forms in which nft lists them."""
    yield [
        contestant
        for kind, script in (("addresses", _addresses(_ELEMENTS)), ("intervals", _intervals(_ELEMENTS)))
        for contestant in _readers(script, {form: f"{kind}, {form}" for form in _FORMS}, f"{_ELEMENTS:,} elements")
    ]


def _readers(script: str, names: dict[str, str], note: str) -> Iterator[Contestant]:
    """A contestant for each form of what a script makes."""
    missing = "no nft" if shutil.which("nft") is None else "" if os.geteuid() == 0 else "only root may give nft so much at once"
    if missing:
        yield from (unavailable(name, missing) for name in names.values())
        return
    for form, name in names.items():
        yield Contestant(name, partial(_milliseconds, _listed(script, _FORMS[form])), note)


def _listed(script: str, option: str) -> str:
    """What nft lists once it has run a script in a namespace of its own (not a user's: SO_SNDBUFFORCE would be refused there)."""
    words = ["unshare", "--net", "sh", "-ec", f"nft -f -; nft {option} list ruleset"]
    return subprocess.run(words, input=script, capture_output=True, text=True, check=True).stdout


_anew = count()


def _milliseconds(text: str) -> float:
    text += "\n" * (next(_anew) % 2 + 1)  # not the same text as before, should what was read once be remembered
    started = time.process_time()
    found = parse(text)
    taken = (time.process_time() - started) * 1000
    if not found.tables or found.not_understood():
        raise AssertionError("what nft lists was not understood")
    return taken


@contextmanager
def finding(quick: bool) -> Iterator[Sequence[Contestant]]:
    """A walk through one rule that looks an address up in a set; the set is indexed when the first packet comes."""
    contestants = {
        "an address": _addresses(_ELEMENTS),
        FEW: _addresses(_SOME),
        INTERVALS: _intervals(_ELEMENTS),
        _FEW_INTERVALS: _intervals(_SOME),
    }
    yield [Contestant(name, _finder(parse(script))) for name, script in contestants.items()]


def _finder(native: Ruleset) -> Callable[[], float]:
    host = Host((Device("eth1", ("172.18.0.1/16",)), Device("eth0", ("192.168.0.5/24",))), (Route("default", "192.168.0.1", "eth0"),))
    packet = Packet("172.18.0.2", "10.0.0.99", "tcp", 40000, 80, flags=frozenset(("SYN",)), input="eth1")
    none = IptablesRuleset()

    def microseconds() -> float:
        started = time.process_time()
        for _ in range(_TIMES):
            found = walk(packet, none, host, native=native)
        if found.outcome != "dropped":
            raise AssertionError(f"an element of the set should match: {found.why}")
        return (time.process_time() - started) * 1e6 / _TIMES

    return microseconds


def _with_set(flags: str, elements: Sequence[str]) -> str:
    lines = ["type ipv4_addr", *([f"flags {flags}"] if flags else []), f"elements = {{ {', '.join(elements)} }}"]
    inner = "\n".join(f"\t\t{line}" for line in lines)
    chain = "\t\ttype filter hook forward priority filter; policy accept;\n\t\tip daddr @many drop"
    return f"table inet filter {{\n\tset many {{\n{inner}\n\t}}\n\n\tchain forward {{\n{chain}\n\t}}\n}}\n"


def _addresses(number: int) -> str:
    return _with_set("", [f"10.{at >> 16}.{at >> 8 & 255}.{at & 255}" for at in range(number)])


def _intervals(number: int) -> str:
    heads = [f"{10 + (at >> 16)}.{at >> 8 & 255}.{at & 255}" for at in range(number)]
    return _with_set("interval", [f"{head}.0-{head}.99" for head in heads])


def _services(number: int) -> str:
    """Each service has an address, a chain of three rules and one endpoint of two."""
    elements, chains = [], []
    for at in range(number):
        service, pod = (f"10.{net}.{at >> 8}.{at & 255}" for net in (96, 244))
        elements.append(f"{service} . tcp . 80 : goto service-{at}")
        chains += [
            f"chain service-{at} {{",
            f"ip daddr {service} tcp dport 80 ip saddr != 10.244.0.0/16 jump mark-for-masquerade",
            f'ct state established counter return comment "web-{at}"',
            f"numgen random mod 1 vmap {{ 0 : goto endpoint-{at} }}",
            "}",
            f"chain endpoint-{at} {{",
            f"ip saddr {pod} jump mark-for-masquerade",
            f"meta l4proto tcp dnat to {pod}:8080",
            "}",
        ]
    first = [f"table {_KUBE_PROXY} {{", "chain mark-for-masquerade {", "mark set mark or 0x4000", "}"]
    mapping = ["map service-ips {", "type ipv4_addr . inet_proto . inet_service : verdict", f"elements = {{ {', '.join(elements)} }}", "}"]
    entry = ["chain services {", "type nat hook prerouting priority dstnat", "ip daddr . meta l4proto . th dport vmap @service-ips", "}"]
    return "\n".join([*first, *chains, *mapping, *entry, "}", ""])
