"""The machine's own nft loads the corpus in a namespace and lists it in every form: what is read is one value, and prints back."""

import json
import subprocess
from functools import cache

import pytest
from support.nft_corpus import DATA, without_moments, without_what_json_lacks

from netlab_magic.nftables import parse
from netlab_magic.nftables.listing import listing
from netlab_magic.nftables.reload import reloading, same_at_rest
from netlab_magic.nftables.ruleset import Ruleset
from netlab_magic.nftables.state import stateless

pytestmark = pytest.mark.kernel

LOADED = ["blocks-1.0.6", "expressions-1.0.6", "programs-1.0.6", "types-1.0.6", "varied-1.0.6"]
FORMS = {"plain": "", "handles": "-a", "numeric": "-n", "stateless": "-s", "json": "-j"}
IPTABLES = """
iptables-nft -N DOCKER
iptables-nft -A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
iptables-nft -A FORWARD -m comment --comment "a comment" -p tcp -m multiport --dports 22,80 -j DOCKER
iptables-nft -A INPUT -m recent --name x --set
iptables-nft -A INPUT -m hashlimit --hashlimit-above 5/sec --hashlimit-mode srcip --hashlimit-name h -j DROP
iptables-nft -A INPUT -m mark --mark 0x4000/0x4000 -j MARK --set-xmark 0x1/0x1
iptables-nft -A INPUT -m time --timestart 10:00 --timestop 11:00 -j ACCEPT
iptables-nft -A INPUT -p tcp --tcp-flags SYN,RST SYN -j REJECT --reject-with tcp-reset
iptables-nft -t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
iptables-nft -t nat -A POSTROUTING -j NETMAP --to 10.0.0.0/24
iptables-nft -t mangle -A PREROUTING -j TTL --ttl-set 5
ip6tables-nft -A INPUT -p ipv6-icmp --icmpv6-type 135 -j ACCEPT
"""


def in_namespace(script: str) -> str:
    done = subprocess.run(["unshare", "-Urn", "sh", "-ec", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@cache
def listed(name: str) -> dict[str, str]:
    """All forms of one ruleset, listed one after the other in one namespace."""
    lists = "; echo =====; ".join(f"nft {option} list ruleset" for option in FORMS.values())
    made = f"ip link add dummy0 type veth; nft -f {DATA / name}.plain.nft"
    return dict(zip(FORMS, in_namespace(f"{made}; {lists}").split("=====\n"), strict=True))


@cache
def release() -> str:
    said = json.loads(in_namespace("nft -j list ruleset"))["nftables"][0]["metainfo"]["version"]
    return "1.0.6" if said.startswith("1.0.") else said


@pytest.mark.parametrize("name", LOADED)
@pytest.mark.parametrize("form", ["plain", "handles", "numeric", "stateless"])
def test_every_form_prints_back(name, form):
    text = listed(name)[form]
    found = parse(text)
    assert str(found) == text
    assert found.not_understood() == ()


@pytest.mark.parametrize("name", LOADED)
def test_every_form_says_the_same(name):
    forms = {form: without_moments(parse(text)) for form, text in listed(name).items()}
    assert forms["handles"] == forms["plain"]
    assert forms["numeric"] == forms["plain"]
    assert forms["json"] == without_what_json_lacks(forms["plain"], release())
    assert stateless(forms["stateless"]) == stateless(forms["plain"])


@pytest.mark.parametrize("name", LOADED)
def test_what_is_printed_loads_again(name, tmp_path):
    """From the values alone: nft reads what is printed for its own JSON, and lists the same rules."""
    found = parse(listed(name)["plain"])
    (tmp_path / "again.nft").write_text(str(found))
    again = parse(in_namespace(f"ip link add dummy0 type veth; nft -f {tmp_path}/again.nft; nft list ruleset"))
    assert [table.title for table in again.tables] == [table.title for table in found.tables]
    assert [len(chain.rules) for table in again.tables for chain in table.chains] == [
        len(chain.rules) for table in found.tables for chain in table.chains
    ]


def test_what_iptables_wrote_prints_back():
    text = in_namespace(f"{IPTABLES}nft list ruleset 2>&1")
    found = parse(text)
    assert str(found) == text
    assert found.not_understood() == ()
    assert text.count("# Warning: table ") == sum(len(table.remarks) for table in found.tables) + len(found.remarks)


@pytest.mark.parametrize("name", LOADED)
def test_a_ruleset_is_made_again_from_its_listing_with_and_without_its_state(name):
    wanted = parse(listed(name)["plain"])
    for script in (reloading(Ruleset(), wanted), listing(Ruleset(stateless(wanted).tables, "1.0"))):
        again = in_namespace(f"ip link add dummy0 type veth; nft -f - <<'END'\n{script}END\nnft list ruleset")
        assert same_at_rest(parse(again), wanted)


def test_a_ruleset_is_replaced_by_another_in_one_transaction():
    first, second = (parse(listed(name)["plain"]) for name in ("programs-1.0.6", "blocks-1.0.6"))
    steps = "".join(f"nft -f - <<'END'\n{script}END\n" for script in (reloading(first, second), reloading(second, first)))
    shown = in_namespace(f"ip link add dummy0 type veth; nft -f {DATA / 'programs-1.0.6'}.plain.nft; {steps}nft list ruleset")
    assert same_at_rest(parse(shown), first)
