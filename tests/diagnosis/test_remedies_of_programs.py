"""Where a program owns the rules, its own command comes first; and every remedy says what else it opens."""

from pathlib import Path

import pytest

from netlab_magic import Lab
from netlab_magic.diagnosis.remedies import Remedy
from netlab_magic.session.results.why import Why

HOSTS = Path(__file__).parents[1] / "data" / "loaded"
UFW = (HOSTS / "ufw.host").read_text().partition("---\n")[2]
ROUTES = """default via 203.0.113.1 dev eth0
203.0.113.0/24 dev eth0 proto kernel scope link src 203.0.113.2
172.17.0.0/16 dev docker0 proto kernel scope link src 172.17.0.1
net.ipv4.ip_forward = 1
"""
OPEN = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n"
JAIL = """*filter
:INPUT ACCEPT [0:0]
:f2b-sshd - [0:0]
-A INPUT -p tcp -m multiport --dports 22 -j f2b-sshd
-A f2b-sshd -s 198.51.100.9/32 -j REJECT --reject-with icmp-port-unreachable
-A f2b-sshd -j RETURN
COMMIT
"""
JAIL_OF_NFT = """table inet f2b-table {
	set addr-set-sshd {
		type ipv4_addr
		elements = { 198.51.100.9, 198.51.100.11 }
	}

	chain f2b-chain {
		type filter hook input priority filter - 1; policy accept;
		tcp dport 22 ip saddr @addr-set-sshd reject with icmp port-unreachable
	}
}
"""
FIREWALLD = """table inet firewalld {
	chain filter_INPUT {
		type filter hook input priority filter + 10; policy accept;
		ct state { established, related } accept
		jump filter_INPUT_dispatch
		reject with icmpx admin-prohibited
	}

	chain filter_INPUT_dispatch {
		jump filter_IN_public
	}

	chain filter_IN_public {
		jump filter_IN_public_deny
		jump filter_IN_public_allow
	}

	chain filter_IN_public_deny {
	}

	chain filter_IN_public_allow {
		tcp dport 22 accept
	}

	chain filter_FORWARD {
		type filter hook forward priority filter + 10; policy accept;
		ct state { established, related } accept
		jump filter_FORWARD_dispatch
		reject with icmpx admin-prohibited
	}

	chain filter_FORWARD_dispatch {
	}
}
"""
FLUSHED = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\nCOMMIT\n*nat\n-A POSTROUTING -s 172.17.0.0/16 -j MASQUERADE\nCOMMIT\n"
RICH = """'rule family="ipv4" source address="198.51.100.9"{to} port port="{port}" protocol="tcp" accept'"""
PERMANENT = "firewall-cmd --permanent"


def offered(text: str, question: str) -> tuple[Remedy, ...]:
    lab = Lab()
    lab.load(text=f"{text}{ROUTES}")
    why = lab.run(f"why {question}")
    assert isinstance(why, Why)
    return why.remedies


@pytest.mark.parametrize(
    ("text", "question", "expected"),
    [
        (UFW, "198.51.100.9 host:8081", ("ufw allow proto tcp from 198.51.100.9 to any port 8081",)),
        (UFW, "203.0.113.9 host:8080", ("ufw prepend allow proto tcp from 203.0.113.9 to any port 8080",)),
        (UFW, "198.51.100.50 172.17.0.2:81", ("ufw route allow proto tcp from 198.51.100.50 to 172.17.0.2 port 81",)),
        (JAIL, "198.51.100.9 host:22", ("fail2ban-client set sshd unbanip 198.51.100.9",)),
        (OPEN + JAIL_OF_NFT, "198.51.100.9 host:22", ("fail2ban-client set sshd unbanip 198.51.100.9",)),
        (
            OPEN + FIREWALLD,
            "198.51.100.9 host:8080",
            (f"{PERMANENT} --zone=public --add-rich-rule={RICH.format(to='', port=8080)}", "firewall-cmd --reload"),
        ),
        (
            OPEN + FIREWALLD,
            "198.51.100.9 172.17.0.2:80",
            (
                f"{PERMANENT} --new-policy=allow-tcp-80",
                f"{PERMANENT} --policy=allow-tcp-80 --add-ingress-zone=ANY",
                f"{PERMANENT} --policy=allow-tcp-80 --add-egress-zone=ANY",
                PERMANENT + " --policy=allow-tcp-80 --add-rich-rule=" + RICH.format(to=' destination address="172.17.0.2"', port=80),
                "firewall-cmd --reload",
            ),
        ),
        (FLUSHED, "172.17.0.2 8.8.8.8:53/udp", ("systemctl restart docker",)),
    ],
)
def test_the_programs_own_command_comes_first(text, question, expected):
    assert offered(text, question)[0].commands == expected


@pytest.mark.parametrize(
    ("text", "question"),
    [
        (UFW, "198.51.100.9 host:8081"),
        (UFW, "203.0.113.9 host:8080"),
        (JAIL, "198.51.100.9 host:22"),
        (OPEN + FIREWALLD, "198.51.100.9 host:81"),
    ],
)
def test_nothing_of_a_program_is_deleted_and_a_rule_beside_it_does_not_last(text, question):
    found = offered(text, question)
    assert not [remedy for remedy in found if remedy.scope in ("delete rule", "policy", "interfaces")]
    plain = [remedy for remedy in found if any(line.startswith("iptables") for line in remedy.commands)]
    assert all("This rule does not last" in remedy.sentence() for remedy in plain)


INPUT = "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n-A INPUT -j REJECT\nCOMMIT\n"


def test_each_remedy_says_what_else_it_opens():
    found = {remedy.scope: remedy.sentence() for remedy in offered(INPUT, "198.51.100.9 host:8080")}
    assert "This also opens" not in found["flow"]
    assert found["interfaces"].endswith("This also opens the same from other sources (such as 198.51.100.8).")
    assert found["delete rule"].endswith("the same from other sources (such as 198.51.100.8) and other ports (such as 3306).")


def test_a_policy_opens_sources_ports_and_destinations():
    found = {remedy.scope: remedy.sentence() for remedy in offered(FLUSHED, "172.17.0.2 8.8.8.8:53/udp")}
    others = "other ports (such as 22) and other destinations (such as 8.8.8.9)."
    assert found["policy"].endswith(f"This also opens the same from other sources (such as 172.17.0.3), {others}")


def test_a_remedy_for_replies_says_that_connections_back_pass_too():
    outwards = FLUSHED.replace("COMMIT", "-A FORWARD -i docker0 -j ACCEPT\nCOMMIT", 1)
    found = {remedy.scope: remedy.sentence() for remedy in offered(outwards, "172.17.0.2 8.8.8.8:53/udp")}
    assert "This also opens" not in found["reply"]
    assert found["policy"].endswith("This also opens new connections from 8.8.8.8 to 172.17.0.2.")
