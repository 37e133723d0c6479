"""What a packet finds in the sets of ipset: each kind as the kernel looks it up, and what keeps the model from telling."""

import pytest
from support.walks import HOST, NEXT_DOOR, OUT, TO_HOST, ended, packet, rules

from netlab_magic.iptables.ipset.listing import read_sets
from netlab_magic.netfilter import IpSets, Outcome, walk

SETS = """
create ip hash:ip family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0x1
add ip 172.18.0.2
create wide hash:ip family inet hashsize 1024 maxelem 65536 netmask 24 bucketsize 12 initval 0x1
add wide 172.18.0.0
create net hash:net family inet hashsize 1024 maxelem 65536 timeout 300 bucketsize 12 initval 0x1
add net 172.16.0.0/12 timeout 12
add net 172.18.0.0/16 timeout 0 nomatch
add net 172.18.0.3 timeout 12
create port hash:ip,port family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0x1
add port 172.18.0.3,tcp:80
add port 8.8.8.8,icmp:echo-request
create iface hash:net,iface family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0x1
add iface 172.18.0.0/16,docker wildcard
add iface 0.0.0.0/0,eth0
create ports bitmap:port range 0-1023
add ports 80
create six hash:ip family inet6 hashsize 1024 maxelem 65536 bucketsize 12 initval 0x1
create marked hash:ip,mark family inet markmask 0x000000ff hashsize 1024 maxelem 65536 bucketsize 12 initval 0x1
add marked 172.18.0.2,0x00000001
create cards bitmap:ip,mac range 172.18.0.0-172.18.255.255
add cards 172.18.0.2,02:00:00:00:00:01
create newer hash:something family inet
create all list:set size 8
add all six
add all port
add all ip
"""

ASKED = [
    ("ip src", OUT, True),
    ("ip dst", OUT, False),
    ("ip src,dst", OUT, True),  # more directions than dimensions
    ("wide src", OUT, True),
    ("net src", OUT, False),  # the longest prefix says nomatch
    ("net dst", NEXT_DOOR, True),
    ("net src --return-nomatch", OUT, True),
    ("net dst --return-nomatch", NEXT_DOOR, False),
    ("ports dst --return-nomatch", OUT, True),  # a set without such entries
    ("port dst,dst", NEXT_DOOR, True),
    ("port dst,src", NEXT_DOOR, False),
    ("port dst", NEXT_DOOR, False),  # fewer directions than dimensions
    ("port dst,dst", "icmp 172.18.0.2 > 8.8.8.8", True),
    ("port dst,dst", "udp 172.18.0.2:1 > 172.18.0.3:80", False),
    ("iface src,src", OUT, True),
    ("iface src,dst", OUT, False),  # the network of the source is there with another device: 0.0.0.0/0 is not asked for
    ("iface dst,dst", OUT, True),
    ("iface dst,src", OUT, False),
    ("ports dst", OUT, True),
    ("ports dst", "icmp 172.18.0.2 > 8.8.8.8", False),
    ("six src", OUT, False),
    ("marked src,src", OUT + " mark=0x101", True),
    ("marked src,src", OUT, False),
    ("cards dst,src", OUT, False),
    ("all src", OUT, True),
    ("all dst,dst", NEXT_DOOR, True),
    ("all dst", OUT, False),
]


def walked(rule, text, sets=SETS):
    return walk(packet(text), rules(rule), HOST, sets=IpSets(read_sets(sets)))


@pytest.mark.parametrize("denied", [False, True], ids=["", "!"])
@pytest.mark.parametrize(("asked", "text", "matches"), ASKED)
def test_a_packet_is_in_a_set_or_not(asked, text, matches, denied):
    name, directions, *more = asked.split()
    rule = f"FORWARD -m set {'! ' * denied}--match-set {name} {directions} {' '.join(more)} -j DROP"
    assert ended(walked(rule, text)).startswith("dropped" if matches is not denied else "forwarded")


@pytest.mark.parametrize("asked", ["cards src,src", "newer src", "nowhere src"])
def test_what_a_set_holds_may_be_unknown(asked):
    found = walked(f"FORWARD -m set --match-set {asked} -j DROP", OUT)
    assert found.outcome == Outcome.UNKNOWN
    assert found.forks
    assert f"uses -m set --match-set {asked}" in found.why


def test_a_set_with_words_that_ipset_does_not_write_is_not_known():
    sets = "create odd hash:ip netmask x timeout y\nadd odd 172.18.0.2 timeout z\nadd odd nonsense\n"
    assert walked("FORWARD -m set --match-set odd src -j DROP", OUT, sets).outcome == Outcome.UNKNOWN


def test_counters_of_entries_are_not_known():
    found = walked("FORWARD -m set --match-set ip src --packets-gt 3 -j DROP", OUT)
    assert found.outcome == Outcome.UNKNOWN


def test_a_set_that_rules_fill_is_not_known():
    ruleset = rules("INPUT -j SET --add-set ip src", "FORWARD -m set --match-set all src -j DROP")
    found = walk(packet(OUT), ruleset, HOST, sets=IpSets(read_sets(SETS)))
    assert found.outcome == Outcome.UNKNOWN
    assert walk(packet(TO_HOST), ruleset, HOST, sets=IpSets(read_sets(SETS))).outcome == Outcome.DELIVERED


def test_a_step_says_what_it_found():
    step = walked("FORWARD -m set --match-set ip dst -j DROP", OUT).visits[0]
    assert step.why == "-m set --match-set ip dst 8.8.8.8 is not in the set"


def test_what_ipset_lists_is_the_same_as_what_it_saves():
    listed = """Name: net
Type: hash:net
Revision: 7
Header: family inet hashsize 1024 maxelem 65536 counters comment bucketsize 12 initval 0x1
Size in memory: 812
References: 1
Number of entries: 2
Members:
10.0.0.0/8 packets 0 bytes 0 comment "a b"
10.1.0.0/16 nomatch packets 0 bytes 0

Name: ports
Type: bitmap:port
Revision: 3
Header: range 0-1023
Size in memory: 200
References: 0
Number of entries: 1
Members:
80
"""
    saved = """create net hash:net family inet hashsize 1024 maxelem 65536 counters comment bucketsize 12 initval 0x1
add net 10.0.0.0/8 packets 0 bytes 0 comment "a b"
add net 10.1.0.0/16 nomatch packets 0 bytes 0
create ports bitmap:port range 0-1023
add ports 80
"""
    assert read_sets(listed) == read_sets(saved)


@pytest.mark.parametrize("text", ["add nowhere 1.2.3.4", "create", "Members:\n1.2.3.4", "hello"])
def test_what_is_none_of_ipsets_has_its_line(text):
    with pytest.raises(ValueError, match="line 1"):
        read_sets(text)
