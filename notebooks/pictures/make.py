"""`python notebooks/pictures/make.py`: makes the README's pictures, each from a lab as the kernel has it."""

from collections.abc import Callable
from pathlib import Path

from netlab_magic import Lab
from netlab_magic.draw import Picture

BETWEEN_THE_FIRST_RULE_AND_THE_LAST = """
bridge docker1 172.18.0.1/16
ns ns0 172.18.0.2/16 on docker1
ns ns1 172.18.0.3/16 on docker1
internet 8.8.8.8
masquerade 172.18.0.0/16 except docker1
policy FORWARD DROP
forward -i docker1 -o docker1 -j ACCEPT
expect ns1 ns0 ok
expect ns1 internet blocked
"""
A_PORT_PUBLISHED_BY_DOCKER = """
internet 8.8.8.8
docker install --version 27
docker run web -p 8080:80
docker run c1
expect c1 web ok
expect c1 internet ok
expect internet host:8080 ok
"""
A_REPLY_THAT_NO_RULE_LETS_BACK = BETWEEN_THE_FIRST_RULE_AND_THE_LAST + "forward -i docker1 ! -o docker1 -j ACCEPT"


def make(name: str, cell: str, drawn: Callable[[Lab], Picture]) -> None:
    """Runs a cell in a lab of its own, and writes what is drawn then."""
    with Lab() as lab:
        lab.run(cell)
        svg = drawn(lab).svg()
    if svg is None:
        raise SystemExit("the pictures need the program dot: sudo apt-get install graphviz")
    Path(__file__).with_name(f"{name}.svg").write_text(svg)


make("one-rule", BETWEEN_THE_FIRST_RULE_AND_THE_LAST, lambda lab: lab.show("topology"))
make("docker-chains", A_PORT_PUBLISHED_BY_DOCKER, lambda lab: lab.show("chains"))
make("why", A_REPLY_THAT_NO_RULE_LETS_BACK, lambda lab: lab.why("ns1", "internet").pictures[0])
