"""Who asks for a neighbour's address by IPv6 asks through firewalls: which rules lose the question, and which the answer."""

import pytest
from support.networks import built

from netlab_magic.forwarding.links import Ahead, links_of
from netlab_magic.forwarding.neighbour_discovery import lost_question
from netlab_magic.iptables.save_format import parse
from netlab_magic.model.topology import End

LINK = """
bridge br0 fd00:1::1/64
ns a fd00:1::2/64 on br0
ns b fd00:1::3/64 on br0
"""

CASES = [
    # where, rules of ip6tables' filter table, what is lost
    ("host", "", None),
    ("host", "-A FORWARD -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j DROP", "rule 1 of FORWARD in host (ip6tables) drops the question"),
    ("host", "-A FORWARD -p ipv6-icmp -m icmp6 --icmpv6-type 136 -j DROP", "rule 1 of FORWARD in host (ip6tables) drops the answer"),
    ("host", "-A FORWARD -p tcp -j DROP", None),
    ("host", "-A FORWARD -m conntrack --ctstate UNTRACKED -j DROP", "rule 1 of FORWARD in host (ip6tables) drops the question"),
    ("host", "-A FORWARD -m conntrack --ctstate NEW -j DROP", None),
    ("host", "-A FORWARD -d ff02::1:ff00:3/128 -j DROP", "rule 1 of FORWARD in host (ip6tables) drops the question"),
    ("host", "-A INPUT -j DROP", None),
    ("a", "-A OUTPUT -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j DROP", "rule 1 of OUTPUT in a (ip6tables) drops the question"),
    ("b", "-A INPUT -p ipv6-icmp -j DROP", "rule 1 of INPUT in b (ip6tables) drops the question"),
    ("b", "-A OUTPUT -p ipv6-icmp -j DROP", "rule 1 of OUTPUT in b (ip6tables) drops the answer"),
]


@pytest.mark.parametrize(("where", "rule", "lost"), CASES)
def test_what_is_lost(where: str, rule: str, lost: str | None) -> None:
    links = links_of(built(LINK))
    chains = "".join(f":{chain} ACCEPT [0:0]\n" for chain in ("INPUT", "FORWARD", "OUTPUT"))
    rulesets = {where: parse(f"*filter\n{chains}{rule}\nCOMMIT\n", family="ipv6")}
    sender = End("a", "eth0")
    ahead = Ahead("eth0", "fd00:1::3", "fd00:1::2", links.cables(sender, "fd00:1::3", "fd00:1::2"))
    found = lost_question(links, rulesets, {}, "a", ahead)
    assert (found is None) == (lost is None)
    if found is not None and lost is not None:
        assert lost in found.text.format(**found.values)


def test_a_bridge_that_shows_nothing_to_ip6tables_loses_nothing() -> None:
    links = links_of(built(f"{LINK}sysctl net.bridge.bridge-nf-call-ip6tables=0\n"))
    rulesets = {"host": parse("*filter\n:FORWARD DROP [0:0]\nCOMMIT\n", family="ipv6")}
    ahead = Ahead("eth0", "fd00:1::3", "fd00:1::2", links.cables(End("a", "eth0"), "fd00:1::3", "fd00:1::2"))
    assert lost_question(links, rulesets, {}, "a", ahead) is None
