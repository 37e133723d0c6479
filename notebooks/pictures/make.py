"""`python notebooks/pictures/make.py`: makes the README's picture, from a lab as it is between the first rule and the last."""

from pathlib import Path

from netlab_magic import Lab

CELL = """
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

with Lab() as lab:
    lab.run(CELL)
    svg = lab.show("topology").svg()
if svg is None:
    raise SystemExit("the picture needs the program dot: sudo apt-get install graphviz")
Path(__file__).with_name("one-rule.svg").write_text(svg)
