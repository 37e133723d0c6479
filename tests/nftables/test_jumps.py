"""Which chains lead to which."""

import pytest
from support.nft_corpus import LISTED, read

from netlab_magic.errors import StatementError
from netlab_magic.nftables import parse
from netlab_magic.nftables.jumps import entered, loop

LISTING = """\
table ip filter {
	map ports {
		type inet_service : verdict
		elements = { 22 : jump admin, 80 : goto web }
	}

	chain input {
		type filter hook input priority filter; policy accept;
		tcp dport vmap @ports
		ip saddr vmap { 192.0.2.1 : drop, 192.0.2.2 : jump friends }
		jump friends
	}

	chain admin {
		accept
	}

	chain web {
		RULE
	}

	chain friends {
	}
}
"""


def test_rules_and_maps_lead_to_chains():
    table = parse(LISTING.replace("RULE", "drop")).tables[0]
    assert entered(table.chain("input"), table) == ("admin", "web", "friends")
    assert entered(table.chain("web"), table) == ()
    assert loop(table) == ()


def test_a_circle_is_refused_and_told():
    text = LISTING.replace("RULE", "tcp dport vmap @ports")
    with pytest.raises(StatementError, match="these chains of ip filter lead to each other in a circle: web → web"):
        parse(text)
    found = parse(text, strict=False)
    assert loop(found.tables[0]) == ("web",)
    assert "in a circle" in found.problems[0]


@pytest.mark.parametrize("name", LISTED)
def test_no_listing_of_the_kernel_has_a_circle(name):
    assert all(loop(table) == () for table in read(f"{name}.plain.nft").tables)
