"""What `why` suggests for nft's own tables does on the real kernel what the model said."""

import pytest

from netlab_magic import Lab

pytestmark = pytest.mark.kernel

DROPS = """nft -f - <<EOF
table inet fw {
	chain own {
		type filter hook forward priority filter + 5; policy accept;
		ct state established,related accept
		icmp type echo-request drop
	}
}
EOF
"""
ELSEWHERE = "nft 'add table ip mine; add chain ip mine c { type filter hook forward priority 0; }; add rule ip mine c accept'"


@pytest.mark.parametrize("words", ["nft insert rule", "nft delete rule", "sysctl net.bridge"])
def test_each_line_that_is_suggested_lets_the_packet_pass(seed: Lab, words: str) -> None:
    seed.run(f"{DROPS}{ELSEWHERE}\nexpect ns1 ns0 blocked")  # an accept in a table of one's own saves nothing
    offered = [remedy.statements for remedy in seed.why("ns1", "ns0").remedies if remedy.statements]
    chosen = next(lines for lines in offered if lines[0].startswith(words))
    seed.run("\n".join([*chosen, "expect ns1 ns0 ok"]))
