"""Rules of `ip rule`, tables of routes, listening sockets and containers of a dump, as values."""

import json

import pytest

from netlab_magic.engines.dump.host_dump import HostDump, Source
from netlab_magic.engines.dump.policy_routing import with_policy_routing
from netlab_magic.engines.dump.read import read
from netlab_magic.model.topology import HOST, Namespace, Route, RoutingRule

RULES = """0:\tfrom all lookup local
49:\tfrom all tos 0x10 lookup 4
50:\tfrom all goto 100
97:\tfrom all lookup main suppress_prefixlength 0
98:\tnot from 10.1.1.1 prohibit
99:\tfrom 10.0.0.0/8 to 1.2.3.4 iif lo lookup vpn
100:\tfrom all fwmark 0x1/0xff lookup 100
32766:\tfrom all lookup main
32767:\tfrom all lookup default
"""
RULES_AS_JSON = [
    {"priority": 0, "src": "all", "table": "local"},
    {"priority": 49, "src": "all", "tos": "0x10", "table": "4"},
    {"priority": 50, "src": "all", "goto": 100},
    {"priority": 97, "src": "all", "table": "main", "suppress_prefixlen": 0},
    {"priority": 98, "not": None, "src": "10.1.1.1", "action": "prohibit"},
    {"priority": 99, "src": "10.0.0.0", "srclen": 8, "dst": "1.2.3.4", "iif": "lo", "table": "vpn"},
    {"priority": 100, "src": "all", "fwmark": "0x1", "fwmask": "0xff", "table": "100"},
    {"priority": 32766, "src": "all", "table": "main"},
    {"priority": 32767, "src": "all", "table": "default"},
]
TABLES = """default via 10.9.0.1 dev wg0 table 100 onlink
blackhole 192.0.2.0/24 table vpn
default via 10.0.0.1 dev eth0 proto dhcp metric 100
172.17.0.0/16 dev docker0 proto kernel scope link src 172.17.0.1 linkdown
local 10.0.0.9 dev eth0 table local proto kernel scope host src 10.0.0.9
"""


def loaded(text: str) -> HostDump:
    return read([Source("pasted", text)])


@pytest.mark.parametrize("text", [RULES, json.dumps(RULES_AS_JSON), f"$ ip rule show\n{RULES}"])
def test_rules_for_people_and_as_json_are_the_same(text):
    dump = loaded(text)
    assert dump.routing_rules is not None
    assert [one.rule for one in dump.routing_rules][1:7] == [
        RoutingRule(49, tos=16, table=4),
        RoutingRule(50, kind="goto", goto=100, table=0),
        RoutingRule(97, suppressed=0),
        RoutingRule(98, source="10.1.1.1/32", negated=True, kind="prohibit", table=0),
        RoutingRule(99, source="10.0.0.0/8", destination="1.2.3.4/32", input="lo", table=0),
        RoutingRule(100, mark=1, mask=255, table=100),
    ]
    assert dump.routing_rules[5].table == "vpn"
    assert not any(one.unjudged for one in dump.routing_rules)


def test_a_selector_that_the_model_does_not_know_is_told():
    (rule,) = loaded("96:\tfrom all ipproto udp dport 53 lookup 9\n").routing_rules or ()
    assert rule.unjudged == "ipproto udp dport 53"
    assert with_policy_routing(Namespace(HOST), loaded("96:\tfrom all uidrange 0-99 lookup 9\n")).rules == ()


def test_the_second_listing_without_the_table_default_is_of_ipv6():
    own = "0:\tfrom all lookup local\n32766:\tfrom all lookup main\n"
    dump = loaded(f"{own}32767:\tfrom all lookup default\n\n{own}")
    assert [one.rule.six for one in dump.routing_rules or ()] == [False, False, False, True, True]
    assert not with_policy_routing(Namespace(HOST), dump).has_rules


def test_routes_of_all_tables_are_listed_and_those_of_rules_are_tables():
    dump = loaded(f"{RULES}\n{TABLES}")
    assert [(one.table, one.metric, one.scope, one.is_onlink, one.is_linkdown) for one in dump.listed_routes] == [
        ("100", 0, "", True, False),
        ("vpn", 0, "", False, False),
        ("main", 100, "", False, False),
        ("main", 0, "link", False, True),
        ("local", 0, "host", False, False),
    ]
    host = with_policy_routing(Namespace(HOST), dump)
    assert host.has_rules
    assert host.tables[100] == (Route("default", "10.9.0.1", "wg0"),)
    number = next(rule.table for rule in host.rules if rule.priority == 99)
    assert host.tables[number] == (Route("192.0.2.0/24", kind="blackhole"),)
    assert [(one.name, one.carrier) for one in dump.interfaces] == [("wg0", True), ("eth0", True), ("docker0", False)]


def test_the_command_names_the_table_of_routes():
    dump = loaded("root@gw:~# ip route show table 52\n100.64.0.0/10 dev tailscale0\nroot@gw:~# ip route\ndefault via 10.0.0.1 dev eth0\n")
    assert [one.table for one in dump.listed_routes] == ["52", "main"]


SS = """Netid State  Recv-Q Send-Q Local Address:Port  Peer Address:PortProcess
udp   UNCONN 0      0      127.0.0.53%lo:53        0.0.0.0:*    users:(("systemd-resolve",pid=500,fd=13))
tcp   LISTEN 0      4096         0.0.0.0:8080      0.0.0.0:*    users:(("docker-proxy",pid=900,fd=4))
tcp   LISTEN 0      128             [::]:22           [::]:*
tcp   LISTEN 0      511                *:80              *:*    users:(("nginx",pid=1,fd=6),("nginx",pid=2,fd=6))
tcp   ESTAB  0      0           10.0.0.9:22       10.0.0.5:51000
"""
NETSTAT = """Active Internet connections (only servers)
Proto Recv-Q Send-Q Local Address           Foreign Address         State       PID/Program name
tcp        0      0 127.0.0.1:5432          0.0.0.0:*               LISTEN      812/postgres
tcp6       0      0 :::80                   :::*                    LISTEN      1/nginx: master
udp        0      0 0.0.0.0:68              0.0.0.0:*                           700/dhclient
"""


def test_sockets_that_listen():
    assert [(one.protocol, one.address, one.port, one.process, one.device) for one in loaded(SS).listeners or ()] == [
        ("udp", "127.0.0.53", 53, "systemd-resolve", "lo"),
        ("tcp", "0.0.0.0", 8080, "docker-proxy", ""),
        ("tcp", "::", 22, "", ""),
        ("tcp", "", 80, "nginx", ""),
    ]
    assert [(one.protocol, one.address, one.port, one.process) for one in loaded(NETSTAT).listeners or ()] == [
        ("tcp", "127.0.0.1", 5432, "postgres"),
        ("tcp", "", 80, "nginx:"),
        ("udp", "0.0.0.0", 68, "dhclient"),
    ]
    assert loaded("default via 10.0.0.1 dev eth0\n").listeners is None


PS = """CONTAINER ID   IMAGE          COMMAND                  CREATED        STATUS                    PORTS                                             NAMES
3f2a1b4c5d6e   nginx:latest   "/docker-entrypoint.…"   2 hours ago    Up 2 hours                0.0.0.0:8080->80/tcp, [::]:8080->80/tcp, 443/tcp   web
9a8b7c6d5e4f   postgres:16    "docker-entrypoint.s…"   3 days ago     Exited (0) 2 days ago                                                       db
"""  # noqa: E501
INSPECT = [{
    "Id": "3f2a1b4c5d6e7f80", "Name": "/web", "State": {"Status": "running", "Pid": 4711}, "Config": {"Image": "nginx"},
    "HostConfig": {"NetworkMode": "front"},
    "NetworkSettings": {
        "Ports": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}], "443/tcp": None},
        "Networks": {"front": {"IPAddress": "172.18.0.2", "IPPrefixLen": 16, "Gateway": "172.18.0.1", "MacAddress": "02:42:ac:12:00:02"}},
    },
}]  # fmt: skip
NETWORK = [{
    "Name": "front", "Id": "abcdef0123456789", "Driver": "bridge", "Internal": False, "Options": {},
    "IPAM": {"Config": [{"Subnet": "172.18.0.0/16", "Gateway": "172.18.0.1"}]},
    "Containers": {"3f2a": {"Name": "web", "IPv4Address": "172.18.0.2/16", "IPv6Address": ""}},
}]  # fmt: skip


def test_containers_and_their_networks():
    web, db = loaded(PS).containers
    assert (web.name, web.state, [str(port) for port in web.ports]) == ("web", "running", ["0.0.0.0:8080->80/tcp", "[::]:8080->80/tcp"])
    assert (db.name, db.state, db.ports) == ("db", "exited", ())
    (web,) = loaded(json.dumps(INSPECT, indent=4)).containers
    assert (web.pid, web.mode, web.networks[0].addresses, str(web.ports[0])) == (
        4711,
        "front",
        ("172.18.0.2/16",),
        "127.0.0.1:8080->80/tcp",
    )
    both = loaded(f"{json.dumps(NETWORK)}\n{PS}")
    assert (both.networks[0].bridge, both.networks[0].subnets) == ("br-abcdef012345", ("172.18.0.0/16",))
    assert both.containers[0].networks[0].addresses == ("172.18.0.2/16",)
