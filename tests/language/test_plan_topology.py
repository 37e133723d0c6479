"""Build statements: what they make of a topology, what they refuse, and the laws of changes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.laws import law
from support.statements import lines

from netlab_magic.errors import StatementError
from netlab_magic.language import statements as s
from netlab_magic.language.parser import parse
from netlab_magic.language.plan_topology import desired, host_end
from netlab_magic.model import changes as c
from netlab_magic.model.change_summary import summary
from netlab_magic.model.changes import between
from netlab_magic.model.topology import HOST, INTERNET, End, Interface, Namespace, Route, Server, Topology

EMPTY = Topology({HOST: Namespace(HOST, (Interface("lo", "loopback", ("127.0.0.1/8",)),))})

SEED = """
bridge docker1 172.18.0.1/16
ns ns0 172.18.0.2/16 on docker1
ns ns1 172.18.0.3/16 on docker1
internet
"""


def built(cell: str, topology: Topology = EMPTY) -> Topology:
    for statement in parse(cell):
        assert isinstance(statement, s.Build)
        topology = desired(topology, statement)
    return topology


def commands(cell: str, topology: Topology = EMPTY) -> list[str]:
    return [command for change in between(topology, built(cell, topology)) for command in change.commands()]


def test_a_namespace_on_a_bridge_has_eth0_a_port_and_a_default_route() -> None:
    topology = built(SEED)
    assert topology.interface(End("ns0", "eth0")) == Interface("eth0", addresses=("172.18.0.2/16",), peer=End(HOST, "veth-ns0"))
    assert topology.interface(End(HOST, "veth-ns0")) == Interface("veth-ns0", master="docker1", peer=End("ns0", "eth0"))
    assert topology.namespaces["ns0"].routes == (Route("default", "172.18.0.1", "eth0"),)
    assert [port.name for port in topology.host.ports("docker1")] == ["veth-ns0", "veth-ns1"]


def test_the_internet_is_behind_eth0_and_has_no_way_back_to_private_networks() -> None:
    topology = built(SEED)
    assert topology.owner("8.8.8.8") == topology.owner("2001:4860:4860::8888") == End(INTERNET, "lo")
    assert topology.host.routes == (Route("default", "203.0.113.1", "eth0"), Route("default", "2001:db8:203:113::1", "eth0"))
    assert topology.namespaces[INTERNET].routes == ()


def test_an_internet_of_one_family_is_addressed_in_that_one_alone() -> None:
    topology = built("internet 8.8.8.8")
    assert topology.host.routes == (Route("default", "203.0.113.1", "eth0"),)
    assert not [cidr for cidr, _ in topology.addresses() if ":" in cidr]
    both = built("internet 8.8.8.8\ninternet 8.8.8.8 2001:4860:4860::8888")
    assert both.host.routes == built("internet").host.routes


def test_a_namespace_has_a_default_route_of_each_family_that_its_bridge_has() -> None:
    bridge = "bridge b 10.0.0.1/24 fd00::1/64\n"
    routes = built(bridge + "ns a 10.0.0.2/24 fd00::2/64 on b").namespaces["a"].routes
    assert routes == (Route("default", "10.0.0.1", "eth0"), Route("default", "fd00::1", "eth0"))
    assert built(bridge + "ns a fd00::2/64 on b").namespaces["a"].routes == routes[1:]
    chosen = built(bridge + "ns a 10.0.0.2/24 fd00::2/64 on b via fd00::9").namespaces["a"].routes
    assert chosen == (routes[0], Route("default", "fd00::9", "eth0"))


COMMANDS = [
    ("bridge b 10.0.0.1/24", ["ip link add b type bridge", "ip link set b up", "ip addr add 10.0.0.1/24 dev b"]),
    ("ns a", ["ip netns add a", "ip -n a link set lo up"]),
    ("sysctl net.ipv4.ip_forward=0", ["sysctl -w net.ipv4.ip_forward=0"]),
    (
        "bridge b 10.0.0.1/24\nns a 10.0.0.2/24 on b",
        [
            "ip netns add a",
            "ip -n a link set lo up",
            "ip link add b type bridge",
            "ip link set b up",
            "ip link add veth-a type veth peer name eth0 netns a",
            "ip -n a link set eth0 up",
            "ip -n a addr add 10.0.0.2/24 dev eth0",
            "ip addr add 10.0.0.1/24 dev b",
            "ip -n a route add default via 10.0.0.1",
            "ip link set veth-a master b up",
        ],
    ),
]


@pytest.mark.parametrize(("cell", "expected"), COMMANDS, ids=[cell for cell, _ in COMMANDS])
def test_a_statement_stands_for_these_commands(cell: str, expected: list[str]) -> None:
    assert sorted(commands(cell)) == sorted(expected)


CHANGES = [
    ("ns ns1 172.18.0.9/16 on docker1", "ns1:eth0: 172.18.0.3/16 becomes 172.18.0.9/16"),
    ("ns ns1 172.18.0.3/16 on docker1", "already so"),
    ("ns ns1", "already so"),
    ("bridge docker1", "already so"),
    ("internet", "already so"),
    ("internet 1.1.1.1", "internet:lo: 8.8.8.8/32, 2001:4860:4860::8888/128 becomes 1.1.1.1/32"),
    ("bridge docker1 172.19.0.1/16", "docker1: 172.18.0.1/16 becomes 172.19.0.1/16"),
    ("delete ns1", "veth-ns1 is gone; namespace ns1 is gone"),
    ("delete docker1", "docker1 is gone"),
    ("serve ns0 80", "http server on ns0:80"),
    ("link ns0 10.0.0.1/30 -- ns1 10.0.0.2/30", "ns0:eth1 10.0.0.1/30 ⇄ ns1:eth1 10.0.0.2/30"),
    ("route ns0 10.0.0.0/8 via 172.18.0.3", "route 10.0.0.0/8 via 172.18.0.3"),
    ("ns ns0 via 172.18.0.9", "no more route default via 172.18.0.1; route default via 172.18.0.9"),
]


@pytest.mark.parametrize(("line", "told"), CHANGES, ids=[line for line, _ in CHANGES])
def test_a_statement_changes_what_differs_and_says_so(line: str, told: str) -> None:
    before = built(SEED)
    after = built(line, before)
    assert summary(between(before, after)).startswith(told)
    if not line.startswith("delete"):
        assert between(after, built(line, after)) == ()


def test_a_namespace_moves_to_another_bridge() -> None:
    before = built(SEED + "bridge docker2 172.19.0.1/16")
    changes = between(before, built("ns ns1 172.19.0.3/16 on docker2", before))
    assert c.SetLink(HOST, "veth-ns1", "docker2") in changes
    assert c.AddRoute("ns1", Route("default", "172.19.0.1", "eth0")) in changes
    assert not any(isinstance(change, c.AddVeth | c.DeleteLink) for change in changes)


REFUSED = [
    ("ns x 10.0.0.9/8 on docker1", "lies outside the network of docker1, 172.18.0.0/16"),
    ("ns x 172.18.0.2/16 on docker1", "172.18.0.2 is already the address of ns0:eth0"),
    ("bridge b 172.18.0.1/16", "172.18.0.1 is already the address of host:docker1"),
    ("ns x 172.18.0.7/16 on dokcer1", "did you mean docker1?"),
    ("ns x 172.18.0.7/16 on veth-ns0", "is a veth, not a bridge"),
    ("ns x 172.18.0.7/16", "say on which bridge"),
    ("bridge veth-ns0", "already a veth of the host"),
    ("ns x 172.18.0.7/16 on docker1 via 10.0.0.1", "the gateway 10.0.0.1 is in none of the networks of x"),
    ("route nsx default via 172.18.0.1", "there is no namespace nsx"),
    ("route ns0 10.0.0.0/8 via 10.9.9.9", "the gateway 10.9.9.9 is in none of the networks of ns0, 172.18.0.0/16"),
    ("link ns0 -- nsx", "there is no namespace nsx"),
    ("link ns0 -- ns0", "needs the names of both ends"),
    ("link ns0:eth0 -- ns1:foo", "already has an interface eth0"),
    ("serve nsx 80", "there is no namespace nsx"),
    ("sysctl net.ipv4.ip_forward=1 in nsx", "there is no namespace nsx"),
    ("delete nothing", "there is nothing called nothing"),
    ("delete ns0 ns0", "there is nothing called ns0"),
    ("delete host", "end the lab with: down"),
    ("internet 172.18.0.2", "172.18.0.2 is already the address of ns0:eth0"),
    ("bridge b 10.0.0.1/24 10.0.0.1/24", "given twice"),
]


@pytest.mark.parametrize(("line", "sentence"), REFUSED, ids=[line for line, _ in REFUSED])
def test_what_cannot_be_is_refused_with_a_sentence(line: str, sentence: str) -> None:
    with pytest.raises(StatementError) as caught:
        built(line, built(SEED))
    assert sentence in caught.value.message


@pytest.mark.parametrize(("name", "end"), [("ns0", "veth-ns0"), ("ten-chars-", "veth-ten-chars-"), ("frontend-web-01", "veth-front-0ebb")])
def test_the_hosts_end_has_a_predictable_name_that_fits(name: str, end: str) -> None:
    assert host_end(name) == end
    assert len(end) <= 15




def reached(cell: list[str]) -> Topology:
    """The topology after all lines that are possible."""
    topology = EMPTY
    for line in cell:
        try:
            topology = built(line, topology)
        except StatementError:
            continue
    return topology


class Kernel:
    """Carries out changes on a topology, naively: what the kernel would then have."""

    def __init__(self, topology: Topology) -> None:
        self.topology = topology

    def do(self, change: c.Change) -> None:
        t = self.topology
        match change:
            case c.AddNamespace(name):
                assert name not in t.namespaces
                self.topology = t.with_namespace(Namespace(name, (Interface("lo", "loopback", ("127.0.0.1/8",)),)))
            case c.DeleteNamespace(name):
                self.topology = t.without_namespace(name)
            case c.AddLink(namespace, name, kind):
                assert t.interface(End(namespace, name)) is None
                self.topology = t.with_namespace(t.namespaces[namespace].with_interface(Interface(name, kind)))
            case c.AddVeth(left, right, _):
                for end, peer in ((left, right), (right, left)):
                    assert self.topology.interface(end) is None
                    namespace = self.topology.namespaces[end.namespace]
                    self.topology = self.topology.with_namespace(namespace.with_interface(Interface(end.interface, peer=peer)))
            case c.DeleteLink(namespace, name):
                interface = t.interface(End(namespace, name))
                assert interface is not None
                for end in filter(None, (End(namespace, name), interface.peer)):
                    held_in = self.topology.namespaces[end.namespace]
                    self.topology = self.topology.with_namespace(held_in.without_interface(end.interface))
            case c.SetLink(namespace, name, master, up):
                self._interface(namespace, name, master=master, up=up)
            case c.AddAddress(namespace, name, cidr):
                held = self._addresses(namespace, name)
                assert cidr not in held
                self._interface(namespace, name, addresses=(*held, cidr))
            case c.DeleteAddress(namespace, name, cidr):
                held = self._addresses(namespace, name)
                assert cidr in held
                left = tuple(old for old in held if old != cidr)
                self._interface(namespace, name, addresses=left)
                if ":" not in cidr and all(":" in old for old in left):  # IPv4 routes go with the device's last IPv4 address
                    gone = [route for route in t.namespaces[namespace].routes if (route.device, route.family) == (name, "ipv4")]
                    self._routes(namespace, [route for route in t.namespaces[namespace].routes if route not in gone])
            case c.AddRoute(namespace, route):
                assert route not in t.namespaces[namespace].routes
                self._routes(namespace, [*t.namespaces[namespace].routes, route])
            case c.DeleteRoute(namespace, route):
                assert route in t.namespaces[namespace].routes
                self._routes(namespace, [old for old in t.namespaces[namespace].routes if old != route])
            case c.SetSysctl(namespace, key, value):
                held_values = t.namespaces[namespace]
                replaced = {**held_values.sysctls, key: value}
                self.topology = t.with_namespace(Namespace(namespace, held_values.interfaces, held_values.routes, replaced))
            case c.StartServer(server):
                self.topology = Topology(t.namespaces, (*t.servers, server))
            case c.StopServer(server):
                self.topology = Topology(t.namespaces, tuple(old for old in t.servers if old != server))

    def _addresses(self, namespace: str, name: str) -> tuple[str, ...]:
        interface = self.topology.interface(End(namespace, name))
        assert interface is not None
        return interface.addresses

    def _interface(self, namespace: str, name: str, **fields: object) -> None:
        interface = self.topology.interface(End(namespace, name))
        assert interface is not None
        changed = Interface(**{field: getattr(interface, field) for field in interface.__struct_fields__} | fields)
        self.topology = self.topology.with_namespace(self.topology.namespaces[namespace].with_interface(changed))

    def _routes(self, namespace: str, routes: list[Route]) -> None:
        held = self.topology.namespaces[namespace]
        self.topology = self.topology.with_namespace(Namespace(namespace, held.interfaces, tuple(routes), held.sysctls))


def same(one: Topology, other: Topology) -> bool:
    """Equal but for the order of devices, addresses and routes, which the kernel chooses, and for sysctls no longer asked for."""

    def sorted_view(topology: Topology) -> object:
        return (
            {
                name: (
                    {interface.name: (interface.kind, frozenset(interface.addresses), interface.up, interface.master, interface.peer)
                     for interface in held.interfaces},
                    frozenset(held.routes),
                )
                for name, held in topology.namespaces.items()
            },
            frozenset(topology.servers),
        )

    return sorted_view(one) == sorted_view(other)


class TestLawsOfChanges:
    """`between` leads from any reachable topology to any other, and from one to itself by doing nothing."""

    @given(st.lists(lines, max_size=12))
    def test_nothing_leads_to_the_same(self, cell: list[str]) -> None:
        topology = reached(cell)
        assert between(topology, topology) == ()

    @law(300)
    @given(st.lists(lines, max_size=10), st.lists(lines, max_size=10))
    def test_changes_lead_from_one_to_the_other(self, first: list[str], second: list[str]) -> None:
        before, after = reached(first), reached(second)
        kernel = Kernel(before)
        for change in between(before, after):
            kernel.do(change)
        assert same(kernel.topology, after)

    @given(st.lists(lines, max_size=10), lines)
    def test_a_statement_that_can_be_done_twice_does_nothing_the_second_time(self, cell: list[str], line: str) -> None:
        if line.startswith("delete"):
            return
        before = reached(cell)
        try:
            after = built(line, before)
        except StatementError:
            return
        assert between(after, built(line, after)) == ()


def test_a_server_is_known_by_where_it_listens() -> None:
    assert [str(Server("a", 80)), str(Server("a", 53, "udp", "echo"))] == ["a:80", "a:53/udp"]
