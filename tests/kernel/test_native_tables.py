"""Tables of nft in cells: made by commands, shown, remembered, compared, and brought back."""

import pytest

from netlab_magic import Lab, NftListing, StatementError

pytestmark = pytest.mark.kernel

FW = """\
table inet fw {
	comment "<b>mine</b>"
	set blocked {
		type ipv4_addr
		flags interval
		elements = { 10.9.0.0/16 }
	}

	chain forward {
		type filter hook forward priority filter; policy accept;
		ip saddr @blocked counter packets 0 bytes 0 drop
	}
}
"""
MADE = f"nft -f - <<EOF\n{FW}EOF\n"


def test_the_ruleset_is_shown_as_nft_prints_it(lab: Lab) -> None:
    assert str(lab.show("nft")) == "nft has no tables here."
    lab.run(f"{MADE}nft add table ip other\nforward -j ACCEPT")
    shown = lab.show("nft")
    assert isinstance(shown, NftListing)
    ran = lab.run("nft list ruleset", stream=lambda *_: None)
    assert shown.text == ran.output
    assert shown.tables[:2] == ("inet fw", "ip other")
    assert ("ip filter" in shown.tables) == (lab.engine.ready.firewall == "nft")
    assert str(lab.run("show nft inet fw")) == str(lab.show("nft", "inet:fw")) == FW.rstrip()
    assert "&lt;b&gt;mine" in lab.run("show nft").html()
    with pytest.raises(StatementError, match="there is no table ip fw; did you mean inet fw"):
        lab.run("show nft fw")
