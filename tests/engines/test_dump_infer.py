"""What rules alone tell of their host: one case a table row, and the whole corpus of dumps."""

from pathlib import Path

import pytest

from netlab_magic.engines.dump.host_dump import HostDump, Source
from netlab_magic.engines.dump.infer import Inferred, host_from
from netlab_magic.engines.dump.read import read
from netlab_magic.i18n import LANGUAGES
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.iptables.save_format import parse
from netlab_magic.model.hooks import BUILT_IN
from netlab_magic.model.topology import possible_names

DUMPS = sorted((Path(__file__).parents[1] / "data" / "dumps").glob("*.save"))


def dump_of(*lines: str) -> str:
    """The text of a dump with these `TABLE CHAIN RULE` lines."""
    tables: dict[str, list[str]] = {}
    for line in lines:
        table, rule = line.split(" ", 1)
        tables.setdefault(table, []).append(rule)
    text = ""
    for table, rules in tables.items():
        chains = dict.fromkeys([*BUILT_IN[table], *(rule.split()[0] for rule in rules)])
        declared = "".join(f":{chain} {'ACCEPT' if chain in BUILT_IN[table] else '-'} [0:0]\n" for chain in chains)
        text += f"*{table}\n{declared}{''.join(f'-A {rule}{chr(10)}' for rule in rules)}COMMIT\n"
    return text


def inferred(*lines: str) -> Inferred:
    text = dump_of(*lines)
    return host_from(HostDump(rules=text), (parse(text, strict=False),))


def devices(found: Inferred) -> set[str]:
    """`name kind addresses` of every device but loopback, and `destination > device` of every route."""
    host = found.topology.host
    return {
        *(" ".join(filter(None, (held.name, held.kind, ",".join(held.addresses)))) for held in host.interfaces if held.name != "lo"),
        *(f"{route.destination} > {route.device}" for route in host.routes),
    }


NOBODY = "240.0.0.1/32"  # stands in for the host's own address where no rule has it


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], {f"eth0 {NOBODY}", "default > eth0"}),
        (
            ["nat POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE"],
            {"docker0 bridge 172.17.0.1/16", f"eth0 {NOBODY}", "default > eth0"},
        ),
        (
            ["nat POSTROUTING -s 10.9.0.0/24 ! -o mybridge -j SNAT --to-source 203.0.113.9"],
            {"mybridge bridge 10.9.0.1/24", "eth0 203.0.113.9/32", "default > eth0"},
        ),
        (
            ["filter DOCKER-INTERNAL ! -s 172.30.0.0/24 -o br-1d2e3f405162 -j DROP"],
            {"br-1d2e3f405162 bridge 172.30.0.1/24", f"eth0 {NOBODY}", "default > eth0"},
        ),
        (
            [
                "filter LIBVIRT_FWI -d 192.168.122.0/24 -o virbr0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
                "filter LIBVIRT_FWX -i virbr0 -o virbr0 -j ACCEPT",
                "nat LIBVIRT_PRT -s 192.168.122.0/24 ! -d 192.168.122.0/24 -j MASQUERADE",
            ],
            {"virbr0 bridge 192.168.122.1/24", f"eth0 {NOBODY}", "default > eth0"},
        ),
        (
            ["nat POSTROUTING -s 10.88.0.0/16 -j NETAVARK-1D8721804F16F", "filter NETAVARK_FORWARD -s 10.88.0.0/16 -j ACCEPT"],
            {"bridge0 bridge 10.88.0.1/16", f"eth0 {NOBODY}", "default > eth0"},
        ),
        (
            ["nat POSTROUTING -o ens3 -j MASQUERADE", "filter FORWARD -i wg0 -j ACCEPT"],
            {f"ens3 {NOBODY}", "default > ens3", "wg0"},
        ),
        (
            ["filter INPUT -i eth1 -p tcp --dport 22 -j ACCEPT"],
            {f"eth1 {NOBODY}", "default > eth1"},
        ),
        (
            ["filter INPUT -i eth0 -j ACCEPT", "filter INPUT -i eth1 -j DROP"],
            {f"eth0 or eth1 {NOBODY}", "default > eth0 or eth1"},
        ),
        (
            ["filter INPUT -i tailscale0 -j ACCEPT"],
            {f"tailscale0 or ? {NOBODY}", "default > tailscale0 or ?"},
        ),
        (
            ["nat POSTROUTING -s 10.8.0.0/24 -o eth0 -j MASQUERADE", "filter FORWARD -i tun0 -j ACCEPT"],
            {"tun0 or ? 10.8.0.1/24", f"eth0 {NOBODY}", "default > eth0"},
        ),
        (
            ["nat PREROUTING -d 203.0.113.5/32 -i eth0 -p tcp -m tcp --dport 80 -j DNAT --to-destination 192.168.7.9:80"],
            {"eth0 203.0.113.5/32", "default > eth0", "eth0 or ?", "192.168.7.9/32 > eth0 or ?"},
        ),
        (
            ["filter DOCKER -d 172.20.0.2/32 ! -i br-0123456789ab -o br-0123456789ab -p tcp -m tcp --dport 80 -j ACCEPT"],
            {"br-0123456789ab bridge", "172.20.0.2/32 > br-0123456789ab", f"eth0 {NOBODY}", "default > eth0"},
        ),
        (
            ["nat KUBE-SEP-A -s 10.244.1.11/32 -j KUBE-MARK-MASQ", "nat KUBE-SEP-A -p tcp -m tcp -j DNAT --to-destination 10.244.1.11:80"],
            {f"eth0 {NOBODY}", "default > eth0"},
        ),
    ],
)
def test_devices_and_routes_are_read_off_the_shapes_of_rules(lines, expected):
    assert devices(inferred(*lines)) == expected


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (
            ["nat POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE"],
            "docker0 is assumed to be a bridge with the network 172.17.0.0/16, on which the host has 172.17.0.1 (nat POSTROUTING 1).",
        ),
        ([], "Everything else is assumed to be behind one device, here called eth0: no rule names it."),
        ([], "The host's own address is unknown; 240.0.0.1 stands for it (ip addr would show it)."),
        ([], "The host is assumed to forward packets (net.ipv4.ip_forward=1)."),
        (["filter INPUT -i eth1 -j ACCEPT"], "eth1 is assumed to lead to everything else (filter INPUT 1)."),
        (
            ["filter INPUT -i eth0 -j ACCEPT", "filter INPUT -i eth1 -j DROP"],
            "It is unknown which device leads to everything else: eth0 or eth1. Whatever depends on its name cannot be judged.",
        ),
    ],
)
def test_every_guess_is_said(lines, sentence):
    assert sentence in [str(one) for one in inferred(*lines).assumptions]


def test_what_was_loaded_is_not_guessed():
    text = """
1: lo: <LOOPBACK,UP> mtu 65536
    inet 127.0.0.1/8 scope host lo
2: enp1s0: <BROADCAST,UP> mtu 1500
    inet 198.51.100.7/24 scope global enp1s0
3: docker0: <BROADCAST,UP> mtu 1500
    inet 172.17.5.1/16 scope global docker0
default via 198.51.100.1 dev enp1s0
net.ipv4.ip_forward = 0
net.bridge.bridge-nf-call-iptables = 0
"""
    dump = read([Source("host", text + dump_of("nat POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE"))])
    found = host_from(dump, (parse(dump.rules),))
    assert [str(one) for one in found.assumptions] == ["docker0 is assumed to be a bridge; ip -d link would show whether it is."]
    assert devices(found) == {"enp1s0 198.51.100.7/24", "docker0 bridge 172.17.5.1/16", "default > enp1s0"}
    assert found.topology.host.sysctls["net.ipv4.ip_forward"] == "0"


@pytest.mark.parametrize("path", DUMPS, ids=lambda path: path.stem)
def test_a_host_comes_of_every_dump(path):
    dump = read([Source(path.name, path.read_text())])
    assert not dump.remarks
    rulesets: tuple[Ruleset, ...] = tuple(parse(text, strict=False) for text in (dump.rules, dump.rules6) if text)
    found = host_from(dump, rulesets)
    names = [held.name for held in found.topology.host.interfaces]
    assert len(names) == len(set(names))
    assert all(route.device in names for route in found.topology.host.routes)
    assert all(possible_names(name) for name in names)
    for language in LANGUAGES:
        assert all("{" not in one.said(language) for one in found.assumptions)
