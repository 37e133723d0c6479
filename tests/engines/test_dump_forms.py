"""The forms in which people paste a host, each with the facts that it must give, and none else of their kinds.

A form in tests/data/pasted/ begins with `######## NAME`; then a fact a line, each behind `% `; then the text, as it was pasted. Facts are
what `facts` makes of a dump. A kind of fact that a form names (rule, device …) is complete there.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from netlab_magic.engines.dump.host_dump import HostDump, Source
from netlab_magic.engines.dump.read import read
from netlab_magic.iptables.save_format import parse

FOLDER = Path(__file__).parents[1] / "data" / "pasted"


class Form(NamedTuple):
    """A text as it was pasted, and what it must give."""

    name: str
    facts: tuple[str, ...]
    text: str


def forms() -> list[Form]:
    found = []
    for path in sorted(FOLDER.glob("*.txt")):
        for part in path.read_bytes().decode().split("######## ")[1:]:
            name, _, rest = part.partition("\n")
            lines = rest.split("\n")
            count = next((at for at, line in enumerate(lines) if not line.startswith("% ")), len(lines))
            facts = [line[2:] for line in lines[:count]]
            found.append(Form(f"{path.stem}: {name}", tuple(facts), _bytes_as_written("\n".join(lines[count:]))))
    return found


def _bytes_as_written(text: str) -> str:
    r"""What an editor would not keep is written as \xNN or \uNNNN there."""
    return re.sub(r"\\x([0-9a-f]{2})|\\u([0-9a-f]{4})", lambda found: chr(int(found[1] or found[2], 16)), text)


FORMS = forms()


def facts(dump: HostDump, where: str = "") -> Iterator[str]:
    """What was read, a line each."""
    for text in (dump.rules, dump.rules6):
        if text:
            yield from (f"{where}{fact}" for fact in _of_rules(text, dump.rules6 == text))
    for interface in dump.interfaces:
        if interface.name != "lo":
            state = "" if interface.up and interface.carrier else " no-carrier" if interface.up else " down"
            master = f" master {interface.master}" if interface.master else ""
            yield f"{where}device {interface.name}{f' {interface.kind}' if interface.kind else ''}{state}{master}"
            yield from (f"{where}address {interface.name} {cidr}" for cidr in interface.addresses)
    for listed in dump.listed_routes:
        if listed.type not in ("local", "broadcast", "anycast", "multicast"):
            extra = f"{' metric ' + str(listed.metric) if listed.metric else ''}{' linkdown' if listed.is_linkdown else ''}"
            yield f"{where}route {'' if listed.table == 'main' else f'[{listed.table}] '}{listed.route}{extra}"
    for one in dump.routing_rules or ():
        selectors = (one.rule.source, one.rule.destination, one.rule.input, hex(one.rule.mark) if one.rule.mask else "", one.unjudged)
        yield f"{where}ip-rule {one.rule.priority}{' -6' if one.rule.six else ''} {' '.join(filter(None, selectors)) or 'all'} {one.table}"
    for title, text in dump.native.items():
        yield f"{where}nft {title}"
        yield from (f"{where}nft-line {line.strip()}" for line in text.split("\n")[1:] if line.strip() not in ("", "}"))
    for key, value in dump.sysctls.items():
        yield f"{where}sysctl {key}={value}"
    for held in dump.sets.values():
        yield f"{where}set {held.name} {held.kind} {'; '.join(held.members)}".rstrip()
    for listener in dump.listeners or ():
        yield f"{where}listens {listener.protocol} {listener.address or '*'} {listener.port} {listener.process}".rstrip()
    for neighbour in dump.neighbours:
        yield f"{where}neighbour {neighbour.address} {neighbour.device} {neighbour.mac}".rstrip()
    for container in dump.containers:
        addresses = " ".join(cidr for joined in container.networks for cidr in joined.addresses)
        yield f"{where}container {container.name} {container.state} {addresses} {' '.join(map(str, container.ports))}".strip()
    for network in dump.networks:
        yield f"{where}network {network.name} {network.driver} {network.bridge} {' '.join(network.subnets)}".strip()
    for program, text in dump.programs.items():
        yield f"{where}program {program} {len(text.splitlines())} lines"
    yield from (f"{where}elsewhere {framework}" for framework in dump.elsewhere)
    for remark in dump.remarks:
        yield f"{where}remark {remark.line} {remark.reason or remark.text.strip()}"
    for note in dump.notes:
        yield f"{where}note {note}"
    for name, held_inside in dump.inside.items():
        yield from facts(held_inside, f"{where}in {name}: ")


def _of_rules(text: str, six: bool) -> Iterator[str]:
    for table in parse(text, strict=False, family="ipv6" if six else "ipv4").tables:
        for chain in table.chains:
            place = f"{'-6 ' if six else ''}{table.name} {chain.name}"
            if chain.policy and (chain.policy != "ACCEPT"):
                yield f"policy {place} {chain.policy}"
            yield from (f"rule {place} {rule.spec}".rstrip() for rule in chain.rules)


def kind_of(fact: str) -> str:
    words = re.sub(r"^in \S+: ", "", fact).split()
    return fact[: fact.index(words[0])] + words[0]


@pytest.mark.parametrize("form", FORMS, ids=[form.name for form in FORMS])
def test_a_pasted_form_gives_its_facts(form: Form) -> None:
    found = list(facts(read([Source("pasted", form.text)])))
    named = {kind_of(fact) for fact in form.facts} | {"remark"}
    assert [fact for fact in found if kind_of(fact) in named] == sorted(form.facts, key=[*found, *form.facts].index)


def test_there_are_many_forms() -> None:
    assert len(FORMS) >= 60
