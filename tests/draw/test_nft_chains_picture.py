"""Pictures of nft's own tables: chains, the sets and maps that rules look into, and a path over them."""

import re
import time

import pytest
from support.nft_corpus import read

from netlab_magic.draw import chains_picture
from netlab_magic.model.packet_path import RulePath, RuleStep
from netlab_magic.nftables import parse

FW = """\
table inet fw {
	set blocked {
		type ipv4_addr
		flags interval
		elements = { 10.9.0.0/16 }
	}

	map ways {
		type inet_service : verdict
		elements = { 22 : jump admin, 80 : goto web }
	}

	chain own {
		type filter hook forward priority filter; policy drop;
		ip saddr @blocked counter packets 2 bytes 168 drop comment "<b>bad</b>"
		tcp dport vmap @ways
		tcp dport vmap { 443 : jump web, 8080 : accept }
		counter packets 5 bytes 420 reject
		log prefix "late "
	}

	chain admin {
		return
	}

	chain web {
		accept
	}

	chain lost {
	}
}
"""


def test_a_table_of_nft_as_text():
    assert chains_picture(parse(FW), "inet fw").words.splitlines() == [
        "Chain own (inet fw · type filter hook forward priority filter (0) · 5 rules · policy ✕ drop)",
        "  num  pkts  target                                    match",
        '    1     2  ✕ drop                                    ip saddr @blocked /* <b>bad</b> */',
        "    2        → vmap @ways                              tcp dport",
        "    3        → vmap { 443 : jump web, 8080 : accept }  tcp dport",
        "    4     5  ✕ reject                                  every packet",
        "  ⊘ no packet gets past rule 4",
        '    5        • log prefix "late "                      every packet',
        "             ✕ drop                                    policy: no packet reaches it",
        "  jumps: 2 → admin, 2 → web, 3 → web",
        "  @blocked (set · ipv4_addr · flags interval · 1 element)",
        "    10.9.0.0/16",
        "  @ways (map · inet_service : verdict · 2 elements)",
        "    22 : jump admin",
        "    80 : goto web",
        "",
        "Chain admin (regular chain · 1 rule · 1 reference)",
        "  num  pkts  target             match",
        "    1        ↩ return (to own)  every packet",
        "             ↩                  end of chain: back to own",
        "",
        "Chain web (regular chain · 1 rule · 2 references)",
        "  num  pkts  target    match",
        "    1        ✓ accept  every packet",
        "             ↩         no packet reaches this end",
        "",
        "Chain lost (regular chain · 0 rules · no rule jumps here)",
        "  num  pkts  target  match",
        "             ↩       end of chain: back to its caller",
    ]


def test_arrows_lead_from_rules_to_maps_and_from_their_elements_to_chains():
    dot = chains_picture(parse(FW), "inet fw").dot
    arrows = re.findall(r"(c\w+):(\w+):e -> (c\w+):head:e", dot)
    assert arrows == [
        ("c0", "r1", "c0s0"), ("c0", "r2", "c0s1"), ("c0", "r3", "c2"), ("c0s1", "e0", "c1"), ("c0s1", "e1", "c2"),
    ]  # fmt: skip


def test_what_users_wrote_is_escaped():
    dot = chains_picture(parse(FW), "inet fw").dot
    assert "<b>bad" not in dot
    assert "&lt;b&gt;bad&lt;/b&gt;" in dot


def test_one_chain_with_what_it_reaches():
    picture = chains_picture(parse(FW), "inet fw", "own")
    assert re.findall(r"^Chain (\S+)", picture.words, re.MULTILINE) == ["own", "admin", "web"]
    assert "Not reached from own: 1 chain: lost." in picture.words
    assert "Table inet fw has no chain nowhere" in chains_picture(parse(FW), "inet fw", "nowhere").words
    with pytest.raises(LookupError):
        chains_picture(parse(FW), "ip fw")


def test_a_path_through_a_map_marks_the_chain_that_was_taken():
    path = RulePath((RuleStep("inet fw", "own", 3, "web"), RuleStep("inet fw", "web", 1, "accept")), "a packet")
    picture = chains_picture(parse(FW), "inet fw", path=path)
    assert re.search(r"\[1\] +3 +→ vmap", picture.words)
    assert re.search(r"\[2\] +1 +✓ accept", picture.words)
    heavy = [line for line in picture.dot.splitlines() if "head:e" in line and "penwidth=3.2" in line]
    assert len(heavy) == 1
    assert "c0:r3:e -> c2:head:e" in heavy[0]


def test_hovering_shows_the_rule_as_nft_prints_it():
    picture = chains_picture(parse(FW), "inet fw", explain=lambda table, chain, number: f"{table} {chain} {number}")
    assert 'TITLE="tcp dport vmap @ways\u2028inet fw own 2"' in picture.dot


def test_large_tables_are_folded_quickly():
    rules = "".join(f"\t\tip saddr 10.{number >> 8}.{number & 255}.0/24 jump k{number % 40}\n" for number in range(5000))
    chains = "".join(f"\n\tchain k{number} {{\n\t\tdrop\n\t}}\n" for number in range(40))
    found = parse(f"table ip big {{\n\tchain own {{\n{rules}\t}}\n{chains}}}\n")
    start = time.process_time()
    picture = chains_picture(found, "ip big")
    assert time.process_time() - start < 10  # it takes half a second; what grows with the square of the rules took half a minute
    assert re.search(r"… 4,9\d\d more rules · 4,9\d\d jump to k…", picture.words)


def test_elements_that_are_many_are_counted():
    elements = ", ".join(f"10.0.{number >> 8}.{number & 255}" for number in range(1000))
    text = f"table ip fw {{\n\tset many {{\n\t\ttype ipv4_addr\n\t\telements = {{ {elements} }}\n\t}}\n\n"
    text += "\tchain own {\n\t\tip saddr @many drop\n\t}\n}\n"
    words = chains_picture(parse(text), "ip fw").words
    assert "@many (set · ipv4_addr · 1,000 elements)" in words
    assert "… 992 more elements" in words


@pytest.mark.parametrize("name", ["programs-1.0.6", "firewalld-1.1.7", "expressions-1.1.7", "blocks-1.1.7"])
def test_whatever_nft_lists_can_be_drawn(name):
    found = read(f"{name}.plain.nft")
    for table in found.tables:
        picture = chains_picture(found, table.title)
        assert picture.title == f"Table {table.title}"
        assert all(chain.name in picture.words for chain in table.chains[:3])
