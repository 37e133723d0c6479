"""Pseudonyms: consistent, networks contain their hosts, only the key leads back, and a dump answers as it did before."""

import json
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.collected_host import whole
from support.command_line import netlab

from netlab_magic import Lab, StatementError
from netlab_magic.engines.anonymise.dump import anonymised, restored
from netlab_magic.engines.anonymise.key import Key
from netlab_magic.engines.anonymise.prefixes import PrefixMap

SECRET = b"a secret of thirty-two bytes long"[:32]
ADDRESSES = {4: st.builds(IPv4Address, st.integers(0, 2**32 - 1)), 6: st.builds(IPv6Address, st.integers(0, 2**128 - 1))}
DUMP = """*filter
:INPUT ACCEPT [12:3456]
:FORWARD DROP [0:0]
-A FORWARD -s 203.0.113.7/32 -d 172.18.0.0/16 -p tcp -m tcp --dport 80 -m comment --comment "ACME office" -j ACCEPT
-A FORWARD -m mac --mac-source 3c:22:fb:01:02:03 -j DROP
COMMIT
2: eth0: <BROADCAST,UP> mtu 1500 qdisc noqueue state UP
    link/ether 3c:22:fb:01:02:03 brd ff:ff:ff:ff:ff:ff
    inet 172.18.0.1/16 brd 172.18.255.255 scope global eth0
    inet6 2001:db8:5::1/64 scope global
default via 172.18.0.254 dev eth0
# written on db.acme.com at 18:10:06
"""


def a_key() -> Key:
    """Always the same one: another might leave a few bits as they are."""
    return Key(SECRET.hex())


def shared(one: int, other: int, width: int) -> int:
    return width - (one ^ other).bit_length()


@pytest.mark.parametrize("version", [4, 6])
@given(data=st.data())
def test_a_common_prefix_stays_as_long_and_there_is_a_way_back(version, data):
    one, other = data.draw(ADDRESSES[version]), data.draw(ADDRESSES[version])
    made = PrefixMap(SECRET, version, [])
    here, there = made.pseudonym(one), made.pseudonym(other)
    assert shared(int(here), int(there), made.width) == shared(int(one), int(other), made.width)
    assert made.original(here) == one


@given(data=st.data())
def test_a_known_network_keeps_its_first_and_last_address(data):
    address, length = data.draw(ADDRESSES[4]), data.draw(st.integers(8, 30))
    network = ip_network((address, length), strict=False)
    made = PrefixMap(SECRET, 4, [network])
    moved = ip_network(f"{made.pseudonym(network.network_address)}/{length}")
    assert made.pseudonym(network.broadcast_address) == moved.broadcast_address
    assert made.pseudonym(address) in moved


@pytest.mark.parametrize("range_", ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7", "fe80::/10"])
def test_what_a_range_means_stays(range_):
    network = ip_network(range_)
    made = PrefixMap(SECRET, network.version, [])
    assert made.pseudonym(network[12345]) in network
    assert made.pseudonym(ip_address("8.8.8.8" if network.version == 4 else "2a00::1")) not in network


def test_nothing_that_tells_is_left_and_everything_comes_back():
    key = a_key()
    found = anonymised(DUMP, key)
    for told in ("203.0.113.7", "172.18.", "3c:22:fb:01:02:03", "2001:db8:5", "ACME", "acme"):
        assert told not in found.text
    for kept in ("[12:3456]", "ff:ff:ff:ff:ff:ff", "18:10:06", "--dport 80", "eth0", "FORWARD DROP"):
        assert kept in found.text
    assert restored(found.text, key) == DUMP
    assert anonymised(DUMP, key).text == found.text, "the same key gives the same pseudonyms"
    assert anonymised(DUMP, Key.new()).text != found.text


def test_advice_about_it_is_put_back_too():
    key = a_key()
    neighbour = anonymised(DUMP, key).text.partition("default via ")[2].partition(" ")[0]
    assert restored(f"iptables -A INPUT -s {neighbour} -j ACCEPT", key) == "iptables -A INPUT -s 172.18.0.254 -j ACCEPT"


def test_a_collected_host_answers_as_before():
    key = a_key()
    found = anonymised(whole(), key)
    for told in ('"/web"', '"/db"', "postgres", "nginx", "172.17."):
        assert told not in found.text
    before, after = Lab(), Lab()
    before.load(text=whole())
    after.load(text=found.text)
    web, db = key.words["web"], key.words["db"]
    assert set(after.look().topology.namespaces) == {"host", web, db}
    for one, other, port in (("web", "db", ""), ("web", "db", ":5432"), ("db", "host", "")):
        asked = before.ask("why", one, f"{other}{port}"), after.ask("why", key.words.get(one, one), f"{key.words.get(other, other)}{port}")
        assert asked[0].verdict == asked[1].verdict  # type: ignore[union-attr]  # each a Why
    assert restored(found.text, key) == whole()


def test_ranges_are_told_for_their_order_changes():
    text = "-A INPUT -m iprange --src-range 10.0.0.5-10.0.0.9 -j DROP\n"
    assert anonymised(text, Key.new()).ranges == ("10.0.0.5-10.0.0.9",)


class TestOnTheCommandLine:
    def test_the_key_stays_with_its_owner(self, tmp_path):
        (tmp_path / "netlab.txt").write_text(DUMP)
        ran = netlab("anonymise", "netlab.txt", "--key", "netlab.key", folder=tmp_path)
        assert ran.returncode == 0
        assert (tmp_path / "netlab.key").stat().st_mode & 0o077 == 0
        back = netlab("anonymise", "--reverse", "--key", "netlab.key", given=ran.stdout, folder=tmp_path)
        assert back.stdout == DUMP

    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            (("--reverse", "--key", "none.key"), "there is no file none.key; going back needs the key"),
            (("--key", "netlab.txt"), "netlab.txt is not a key of netlab-magic anonymise"),
            ((), "the following arguments are required: --key"),
        ],
    )
    def test_mistakes_cost_a_sentence(self, tmp_path, words, sentence):
        (tmp_path / "netlab.txt").write_text(DUMP)
        ran = netlab("anonymise", "netlab.txt", *words, folder=tmp_path)
        assert ran.returncode == 2
        assert sentence in ran.stderr

    def test_a_range_is_warned_of(self, tmp_path):
        ran = netlab("anonymise", "--key", "k", given="-A INPUT -m iprange --src-range 10.0.0.5-10.0.0.9 -j DROP\n", folder=tmp_path)
        assert "10.0.0.5-10.0.0.9" in ran.stderr
        assert json.loads((tmp_path / "k").read_text())["words"]


def test_a_pseudonym_for_two_is_refused():
    key = a_key()
    key.words["a"] = "10.0.0.1"
    made = PrefixMap(key.secret_bytes, 4, [])
    with pytest.raises(StatementError, match="use a new key"):
        anonymised(str(made.original(ip_address("10.0.0.1"))), key)
