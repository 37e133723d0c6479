"""Two states of nft's tables side by side, as `diff` shows them."""

from netlab_magic import Compared
from netlab_magic.nftables import parse
from netlab_magic.session.nft_diff import native_differences
from netlab_magic.session.results.diff import Comparison

BEFORE = """\
table inet fw {
	set blocked {
		type ipv4_addr
		flags interval
		elements = { 10.9.0.0/16, 192.0.2.1 }
	}

	counter old {
		packets 3 bytes 180
	}

	chain forward {
		type filter hook forward priority filter; policy accept;
		ct state established,related counter packets 5 bytes 300 accept
		ip saddr @blocked drop
	}
}
table ip gone {
}
"""
AFTER = """\
table inet fw {
	flags dormant
	set blocked {
		type ipv4_addr
		flags interval
		elements = { 10.9.0.0/16, 198.51.100.0/24 }
	}

	map ports {
		type inet_service : verdict
		elements = { 22 : accept }
	}

	chain forward {
		type filter hook forward priority filter; policy drop;
		ct state established,related counter packets 9 bytes 999 accept
		tcp dport vmap @ports
		ip saddr @blocked log prefix "<i>" drop
	}

	chain late {
		type filter hook forward priority filter + 5; policy accept;
	}
}
"""


def compared(before: str, after: str, namespace: str = "host") -> Compared:
    chains, blocks = native_differences({namespace: parse(before)}, {namespace: parse(after)})
    return Compared(Comparison(chains, blocks=blocks), "before", "after")


def test_what_differs_is_told_chain_by_chain_and_element_by_element():
    assert str(compared(BEFORE, AFTER)).splitlines() == [
        "before → after",
        "table inet fw",
        "  the table itself",
        "    +          flags dormant",
        "  set blocked",
        "    -          192.0.2.1",
        "    +          198.51.100.0/24",
        "  map ports: new",
        "    +          type inet_service : verdict",
        "    +          22 : accept",
        "  counter old: gone",
        "  chain forward: policy accept → drop",
        "        1   1  ct state established,related counter accept",
        "    -   2      ip saddr @blocked drop",
        "    +       2  tcp dport vmap @ports",
        '    +       3  ip saddr @blocked log prefix "<i>" drop',
        "  chain late: new, type filter hook forward priority filter + 5; policy accept, no rules",
        "table ip gone: gone",
    ]


def test_the_page_escapes_what_users_wrote():
    page = compared(BEFORE, AFTER).html()
    assert "<i>" not in page
    assert "log prefix &quot;&lt;i&gt;&quot; drop" in page
    assert "198.51.100.0/24" in page


def test_counters_are_no_difference_and_of_many_elements_the_first_are_shown():
    assert not compared(BEFORE, BEFORE.replace("packets 5", "packets 6").replace("packets 3", "packets 4")).changed
    many = ", ".join(f"10.0.{number}.1" for number in range(100))
    told = str(compared(BEFORE, BEFORE.replace("192.0.2.1", many), "ns0"))
    assert "table inet fw in ns0" in told
    assert "    +          … and 80 more" in told
