"""Does the walk agree with the kernel? `python tests/agreement.py --cases N --seed S --variant legacy|nft`.

Random rulesets and connections: each is walked in the model and sent in the kernel, in namespaces that end with the program. Both must
agree whether the answer arrives, and which rules have counted packets.
"""

import argparse
import ctypes
import json
import os
import random
import select
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

import msgspec  # noqa: E402

from netlab_magic.packet import Packet  # noqa: E402
from netlab_magic.ruleset import BUILT_IN, Ruleset  # noqa: E402
from netlab_magic.savefile import parse  # noqa: E402
from netlab_magic.topology import Route  # noqa: E402
from netlab_magic.walk import Conversation, Device, Host, Outcome, Walk, converse, walk  # noqa: E402

__all__ = ["Tally", "agreement"]

SETUP = """
mount -t tmpfs tmpfs /run && mkdir /run/netns
for name in ns0 ns1 ext; do ip netns add $name; ip -n $name link set lo up; done
ip link set lo up
ip link add docker1 type bridge && ip addr add 172.18.0.1/16 dev docker1 && ip link set docker1 up
for i in 0 1; do
  ip link add br-veth$i type veth peer name eth0 netns ns$i && ip link set br-veth$i master docker1 up
  ip -n ns$i addr add 172.18.0.$((i+2))/16 dev eth0 && ip -n ns$i link set eth0 up && ip -n ns$i route add default via 172.18.0.1
done
ip link add eth0 type veth peer name eth0 netns ext && ip addr add 10.0.0.5/24 dev eth0 && ip link set eth0 up
ip -n ext addr add 10.0.0.1/24 dev eth0 && ip -n ext link set eth0 up && ip -n ext addr add 8.8.8.8/32 dev lo
ip -n ext route add 172.18.0.0/16 via 10.0.0.5
ip route add default via 10.0.0.1
echo 1 > /proc/sys/net/ipv4/ip_forward
for name in all default docker1 eth0; do
  echo 0 > /proc/sys/net/ipv4/conf/$name/rp_filter; echo 0 > /proc/sys/net/ipv4/conf/$name/send_redirects
done
echo 1 > /proc/sys/net/bridge/bridge-nf-call-iptables
for name in ns0 ns1 ext; do
  ip netns exec $name sh -c 'echo 0 > /proc/sys/net/ipv4/tcp_synack_retries; echo 0 > /proc/sys/net/ipv4/icmp_ratelimit'
done
echo 0 > /proc/sys/net/ipv4/tcp_synack_retries; echo 0 > /proc/sys/net/ipv4/icmp_ratelimit
ip netns exec ns0 ping -qc1 -W1 8.8.8.8; ip netns exec ns1 ping -qc1 -W1 8.8.8.8; ip netns exec ns0 ping -qc1 -W1 172.18.0.3
for where in "" "-n ns0" "-n ns1" "-n ext"; do
  ip $where neigh show | while read address dev device lladdr mac rest; do ip $where neigh replace $address dev $device lladdr $mac; done
done
"""

_IP_PKTINFO = 8  # linux/in.h; Python names it from 3.14 on

HOST = Host(
    (
        Device("lo", ("127.0.0.1/8",)),
        Device("docker1", ("172.18.0.1/16",)),
        Device("br-veth0", bridge="docker1", behind=("172.18.0.2",)),
        Device("br-veth1", bridge="docker1", behind=("172.18.0.3",)),
        Device("eth0", ("10.0.0.5/24",)),
    ),
    (Route("default", "10.0.0.1", "eth0"),),
)
ADDRESSES = {"ns0": "172.18.0.2", "ns1": "172.18.0.3", "ext": "10.0.0.1", "": "10.0.0.5"}
ARRIVALS = {"ns0": ("docker1", "br-veth0"), "ns1": ("docker1", "br-veth1"), "ext": ("eth0", ""), "": ("", "")}
DESTINATIONS = {
    "ns0": ("172.18.0.3", "172.18.0.1", "8.8.8.8", "10.0.0.5"),
    "ns1": ("172.18.0.2", "8.8.8.8"),
    "ext": ("172.18.0.2", "172.18.0.3", "10.0.0.5"),
    "": ("172.18.0.2", "8.8.8.8", "10.0.0.5"),
}
PORTS = (80, 8080)
_TRIES = 3
LENGTHS = {"icmp": 36, "udp": 36, "tcp": 60}

ANYWHERE = (
    *("-s 172.18.0.0/16", "-s 172.18.0.2/32", "! -s 10.0.0.0/8", "-d 8.8.8.8/32", "! -d 172.18.0.0/16", "-p tcp", "-p udp", "-p icmp"),
    *("! -p tcp", "-p tcp -m tcp --dport 80", "-p tcp -m tcp --sport 80", "-p udp -m udp --dport 8080", "-p udp -m udp ! --dport 80"),
    *("-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN", "-p tcp -m tcp ! --tcp-flags SYN,ACK SYN", "-p icmp -m icmp --icmp-type 8"),
    *("-p icmp -m icmp --icmp-type 0", "-p icmp -m icmp --icmp-type 3/3", "-m conntrack --ctstate NEW", "-m conntrack --ctstate DNAT,SNAT"),
    *("-m conntrack --ctstate RELATED,ESTABLISHED", "-m conntrack ! --ctstate NEW", "-m conntrack --ctdir REPLY", "-m state --state NEW"),
    *("-m conntrack --ctorigdst 8.8.8.8", "-m conntrack ! --ctorigsrc 172.18.0.2", "-m conntrack --ctstatus SEEN_REPLY"),
    *(
        "-m conntrack --ctreplsrc 172.18.0.0/16",
        "-m conntrack --ctstate UNTRACKED",
        "-m conntrack --ctorigdstport 80",
        "-m mark --mark 0x1",
    ),
    *(
        "-m conntrack --ctstate NEW --ctproto 6",
        "-m conntrack --ctstatus NONE",
        "-m conntrack --ctstatus CONFIRMED",
        "-m connmark --mark 0x2",
    ),
    *(
        "-m mark ! --mark 0x1/0x3",
        "-m connmark ! --mark 0x2/0x2",
        "-m iprange --src-range 172.18.0.1-172.18.0.2",
        "-m length --length 0:40",
    ),
    *("-m iprange ! --dst-range 8.0.0.0-9.0.0.0", "-m addrtype --dst-type LOCAL", "-m addrtype ! --src-type LOCAL", "-m ttl --ttl-eq 64"),
    *(
        "-m ttl --ttl-lt 64",
        "-m tos --tos 0x10/0xff",
        "-m dscp --dscp 0x08",
        "-p tcp -m multiport --dports 22,80",
        "-m comment --comment x",
    ),
    *("-p udp -m multiport ! --ports 8000:8100", "-m limit --limit 1000/sec", "-m addrtype --dst-type UNICAST", "-m length ! --length 60"),
)
INPUTS = ("-i docker1", "-i eth+", "! -i docker1", "-i br-veth0", "-i lo")
OUTPUTS = ("-o docker1", "! -o docker1", "-o eth0", "-o docker+", "-o br-veth1")
PHYSICAL = ("-m physdev --physdev-in br-veth0", "-m physdev --physdev-is-in", "-m physdev ! --physdev-in br-veth0")
BRIDGED = ("-m physdev --physdev-is-bridged", "-m physdev --physdev-out br-veth1 --physdev-is-bridged", "-m physdev ! --physdev-is-bridged")
WITH_INPUT = ("PREROUTING", "INPUT", "FORWARD")
WITH_OUTPUT = ("FORWARD", "OUTPUT", "POSTROUTING")
CHANGES = (
    *("MARK --set-xmark 0x1/0xffffffff", "MARK --set-xmark 0x2/0x2", "CONNMARK --set-xmark 0x2/0xffffffff", "TTL --ttl-set 60"),
    *("CONNMARK --save-mark --nfmask 0xff --ctmask 0xff", "CONNMARK --restore-mark --nfmask 0xff --ctmask 0xff", "TTL --ttl-inc 1"),
    *("TOS --set-tos 0x10/0xff", "DSCP --set-dscp 0x08"),
)
REFUSALS = ("icmp-port-unreachable", "icmp-host-prohibited", "icmp-net-unreachable")
TRANSLATIONS = {
    "PREROUTING": ("DNAT --to-destination 172.18.0.3", "DNAT --to-destination 10.0.0.5", "REDIRECT", "DNAT --to-destination 8.8.8.8"),
    "OUTPUT": ("DNAT --to-destination 172.18.0.3", "DNAT --to-destination 8.8.8.8"),
    "INPUT": ("SNAT --to-source 10.0.0.77",),
    "POSTROUTING": ("MASQUERADE", "SNAT --to-source 10.0.0.5"),
}
PORT_TRANSLATIONS = (
    "-p tcp -m tcp --dport 80 -j DNAT --to-destination 172.18.0.3:8080",
    "-p udp -m udp --dport 80 -j REDIRECT --to-ports 8080",
)


class Case(msgspec.Struct):
    """A ruleset as text, and the first packet of a connection; `source` is the namespace that sends it, "" the host."""

    rules: str
    source: str
    packet: Packet


class Tally(msgspec.Struct):
    """How a run went; each disagreement is a text that shows the case."""

    cases: int = 0
    unknown: int = 0
    repeated: int = 0
    disagreements: list[str] = []


class _Generator:
    """Cases out of one seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311
        self.port = 20000

    def case(self) -> Case:
        pick = self.random.choice
        protocol, source = pick(("icmp", "udp", "tcp")), pick(tuple(ADDRESSES))
        destination = pick(DESTINATIONS[source])
        address = "172.18.0.1" if not source and destination.startswith("172.") else ADDRESSES[source]
        arrival, port = ARRIVALS[source]
        ports = {} if protocol == "icmp" else {"source_port": self.new_port(), "destination_port": pick(PORTS)}
        made = Packet(address, destination, protocol, input=arrival, port_in=port, length=LENGTHS[protocol], **ports)
        made = msgspec.structs.replace(
            made, icmp_type=8 if protocol == "icmp" else 0, flags=frozenset(("SYN",) if protocol == "tcp" else ())
        )
        return Case(self.rules(), source, made)

    def new_port(self) -> int:
        self.port = self.port + 1 if self.port < 60000 else 20000
        return self.port

    def with_new_port(self, packet: Packet) -> Packet:
        return msgspec.structs.replace(packet, source_port=self.new_port()) if packet.source_port else packet

    def rules(self) -> str:
        chosen = [table for table in BUILT_IN if self.random.random() < (0.9 if table == "filter" else 0.4)]
        return "".join(self.table(table) for table in chosen)

    def table(self, table: str) -> str:
        users = [f"U{number}" for number in range(self.random.randrange(4))]
        policies = {chain: "DROP" if table != "nat" and self.random.random() < 0.12 else "ACCEPT" for chain in BUILT_IN[table]}
        lines = [f"*{table}", *(f":{chain} {policy} [0:0]" for chain, policy in policies.items()), *(f":{name} - [0:0]" for name in users)]
        for chain in BUILT_IN[table]:
            lines += [f"-A {chain} {self.rule(table, chain, users)}" for _ in range(self.random.randrange(5))]
        for place, chain in enumerate(users):
            lines += [f"-A {chain} {self.rule(table, '', users[place + 1 :])}" for _ in range(self.random.randrange(4))]
        return "\n".join([*lines, "COMMIT", ""])

    def rule(self, table: str, chain: str, callable_chains: list[str]) -> str:
        pick, chance = self.random.choice, self.random.random()
        pool = [*ANYWHERE, *(INPUTS if chain in WITH_INPUT else ()), *(OUTPUTS if chain in WITH_OUTPUT else ())]
        pool += [*(PHYSICAL if chain in (*WITH_INPUT, "POSTROUTING") else ()), *(BRIDGED if chain == "FORWARD" else ())]
        spec = " ".join(dict.fromkeys(pick(pool) for _ in range(pick((0, 1, 1)))))
        if callable_chains and chance < 0.35:
            return f"{spec} {pick(('-j', '-j', '-g'))} {pick(callable_chains)}".strip()
        if table == "nat" and chain and chance < 0.75:
            if chain == "PREROUTING" and chance < 0.45:
                return pick(PORT_TRANSLATIONS)
            return f"{spec} -j {pick(TRANSLATIONS[chain])}".strip()
        if table == "raw" and chance < 0.5:
            return f"{spec} -j CT --notrack".strip()
        if table == "mangle" and chance < 0.8:
            return f"{spec} -j {pick(CHANGES)}".strip()
        if table == "filter" and chance < 0.45:
            return f"-m conntrack --ctstate NEW -j REJECT --reject-with {pick(REFUSALS)}"
        verdict = pick(("ACCEPT", "RETURN", "", "DROP") if table != "nat" else ("ACCEPT", "RETURN", ""))
        return f"{spec} {f'-j {verdict}' if verdict else ''}".strip()


def _walks(case: Case, ruleset: Ruleset) -> list[Walk]:
    """The walks of all packets of a connection until the answer is there, TCP's third packet included."""
    found = converse(case.packet, ruleset, HOST)
    walks = [found.request] if found.reply is None else [found.request, found.reply]
    if found and case.packet.protocol == "tcp":
        walks.append(walk(_third(case, found.request, walks[-1]), ruleset, HOST))
    return walks


def _third(case: Case, request: Walk, reply: Walk) -> Packet:
    """The ACK that ends a handshake; it is 52 bytes long, with the timestamps that Linux adds."""
    tracked = request.packet.state != "UNTRACKED"
    return msgspec.structs.replace(
        case.packet,
        flags=frozenset(("ACK",)),
        length=52,
        state="ESTABLISHED" if tracked else "NEW",
        status=frozenset(("SEEN_REPLY", "CONFIRMED", "ASSURED") if tracked else ()),
        original=request.packet.original if tracked else None,
        reply=request.packet.reply if tracked else None,
        connection_mark=reply.packet.connection_mark,
    )


def _counted(walks: list[Walk]) -> set[tuple[str, str, int]]:
    return {(step.table, step.chain, step.rule) for found in walks for step in found.matched if step.rule}


class _Kernel:
    """The namespaces, with the sockets that ask and answer in them. A socket belongs to the namespace in which it was made."""

    def __init__(self, variant: str) -> None:
        self.restore, self.save = f"iptables-{variant}-restore", f"iptables-{variant}-save"
        done = subprocess.run(["sh", "-c", SETUP], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr)
        self.echoes: dict[str, socket.socket] = {}
        self.servers: list[socket.socket] = []
        self.listeners: list[socket.socket] = []
        for name in ADDRESSES:
            with _inside(name):
                self.echoes[name] = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
                for port in PORTS:
                    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                    server.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
                    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
                    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    for one in (server, listener):
                        one.bind(("0.0.0.0", port))
                        one.setblocking(False)
                    listener.listen(64)
                    self.servers.append(server)
                    self.listeners.append(listener)

    def load(self, rules: str) -> None:
        empty = "".join(
            f"*{table}\n{''.join(f':{chain} ACCEPT [0:0]{os.linesep}' for chain in chains)}COMMIT\n" for table, chains in BUILT_IN.items()
        )
        for text in (empty, rules):
            done = subprocess.run([self.restore], input=text, capture_output=True, text=True, check=False)
            if done.returncode:
                raise RuntimeError(f"{done.stderr}\n{text}")

    def counted(self) -> set[tuple[str, str, int]]:
        text = subprocess.run([self.save, "-c"], capture_output=True, text=True, check=True).stdout
        return {
            (table.name, chain.name, number)
            for table in parse(text).tables
            for chain in table.chains
            for number, rule in enumerate(chain.rules, 1)
            if rule.counters and rule.counters.packets
        }

    def answers(self, case: Case) -> tuple[bool, set[tuple[str, str, int]]]:
        """Whether the answer arrives, and what the rules have counted by then."""
        ask = {"icmp": self.echo, "udp": self.datagram, "tcp": self.connect}[case.packet.protocol]
        for _ in self.drained():
            pass
        return ask(case)

    def echo(self, case: Case) -> tuple[bool, set[tuple[str, str, int]]]:
        number = random.randrange(1, 65536)  # noqa: S311
        body = struct.pack("!BBHHH", 8, 0, 0, number, 1) + b"agreemen"
        body = body[:2] + struct.pack("!H", _checksum(body)) + body[4:]
        asker, expected = self.echoes[case.source], socket.inet_aton(case.packet.destination)
        _send(asker, body, case.packet.destination, 0, case.packet.source if not case.source else "")

        def arrived() -> bool:
            while select.select([asker], [], [], 0)[0]:
                got = asker.recv(2048)
                if got[20:21] == b"\0" and struct.unpack("!H", got[24:26])[0] == number and got[12:16] == expected:
                    return True
            return False

        return _awaited(arrived, [asker]), self.counted()

    def datagram(self, case: Case) -> tuple[bool, set[tuple[str, str, int]]]:
        with _inside(case.source):
            asker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with asker:
            asker.bind((case.packet.source, case.packet.source_port))
            asker.connect((case.packet.destination, case.packet.destination_port))
            asker.setblocking(False)
            _send(asker, b"agreemen")

            def arrived() -> bool:
                for _ in self.drained():
                    pass
                return _has_datagram(asker)

            return _awaited(arrived, [asker, *self.servers]), self.counted()

    def connect(self, case: Case) -> tuple[bool, set[tuple[str, str, int]]]:
        with _inside(case.source):
            asker = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        with asker:
            asker.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            asker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            asker.bind((case.packet.source, case.packet.source_port))
            asker.setblocking(False)
            asker.connect_ex((case.packet.destination, case.packet.destination_port))
            _awaited(lambda: bool(select.select([], [asker], [], 0)[1]), [], [asker])
            try:
                asker.getpeername()
                there = True
            except OSError:
                there = False
            return there, self.counted()

    def drained(self) -> Iterator[None]:
        """Takes in what waits: datagrams are answered from the address that they were sent to, connections ended with a reset."""
        for server in select.select(self.servers, [], [], 0)[0]:
            data, extra, _, peer = server.recvmsg(2048, 256)
            mine = struct.unpack("=I4s4s", extra[0][2])[1] if extra else b"\0" * 4
            _send(server, data, *peer, source=socket.inet_ntoa(mine))
            yield
        for listener in select.select(self.listeners, [], [], 0)[0]:
            there, _ = listener.accept()
            there.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            there.close()
            yield


def _send(sender: socket.socket, data: bytes, address: str = "", port: int = 0, source: str = "") -> None:
    """Sends a datagram; a refusal by the sender's own rules is what the counters and the missing answer tell."""
    extra = [(socket.IPPROTO_IP, _IP_PKTINFO, struct.pack("=I4s4s", 0, socket.inet_aton(source), b"\0" * 4))] if source else []
    try:
        sender.sendmsg([data], extra, 0, (address, port) if address else None)
    except PermissionError:
        return
    except OSError as error:
        if error.errno not in (111, 113, 101):  # refused by an ICMP error: connection refused, no route to host, network unreachable
            raise


def _has_datagram(asker: socket.socket) -> bool:
    try:
        return bool(asker.recv(2048))
    except OSError:  # nothing yet, or refused by an ICMP error
        return False


def _awaited(arrived, readable: list[socket.socket], writable: list[socket.socket] | None = None) -> bool:
    """Whether it comes true within 30 ms: packets between namespaces take 0.05."""
    for _ in range(6):
        if arrived():
            return True
        select.select(readable, writable or [], [], 0.005)
    return arrived()


def _checksum(data: bytes) -> int:
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


class _inside:  # noqa: N801
    """Runs a block in a named namespace, "" being the host."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        self.home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        if self.name:
            there = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
            _setns(there)
            os.close(there)

    def __exit__(self, *_: object) -> None:
        _setns(self.home)
        os.close(self.home)


def _setns(descriptor: int) -> None:
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, 0):
        raise OSError(ctypes.get_errno(), "setns")


class _Judged(msgspec.Struct):
    """A case in model and kernel: `only_walk` and `only_kernel` are the rules that counted in one of them alone."""

    walks: list[Walk]
    predicted: bool
    there: bool
    only_walk: list[tuple[str, str, int]]
    only_kernel: list[tuple[str, str, int]]

    @property
    def agrees(self) -> bool:
        return self.predicted == self.there and not self.only_walk and not self.only_kernel


def _judge(case: Case, walks: list[Walk], kernel: _Kernel) -> _Judged:
    talk = Conversation(*walks[:2])
    kernel.load(case.rules)
    there, counted = kernel.answers(case)
    predicted = _counted(walks)
    # Whoever gets a reply that is not for it refuses it, and the rules count that too.
    strays = bool(talk.request) and bool(talk.reply) and not talk.is_recognised
    return _Judged(walks, bool(talk), there, sorted(predicted - counted), [] if strays else sorted(counted - predicted))


def _shown(case: Case, judged: _Judged) -> str:
    told = "\n".join(f"  {found.sent} [{' '.join(found.hooks)}]: {found.outcome}, {found.why}" for found in judged.walks)
    return (
        f"{case.source or 'host'}: {case.packet}\n{case.rules}walk: {judged.predicted}\n{told}\nkernel: {judged.there}\n"
        f"only in the walk: {judged.only_walk}\nonly in the kernel: {judged.only_kernel}"
    )


def _compare(generator: _Generator, kernel: _Kernel, tally: Tally) -> None:
    """One case. A late packet of the case before counts as well, so a disagreement is one that shows again with another source port."""
    case = generator.case()
    for _ in range(_TRIES):
        walks = _walks(case, parse(case.rules))
        if walks[0].last.output == case.packet.input == "eth0":
            return  # both ends are in the same namespace behind eth0: the answer would not come by
        if any(found.outcome == Outcome.UNKNOWN for found in walks):
            tally.cases += 1
            tally.unknown += 1
            return
        judged = _judge(case, walks, kernel)
        if judged.agrees:
            break
        case.packet = generator.with_new_port(case.packet)
        tally.repeated += 1
    else:
        tally.disagreements.append(_shown(case, judged))
    tally.cases += 1


def agreement(cases: int, seed: int, variant: str) -> Tally:
    """Runs the cases in a process with namespaces of its own."""
    command = [sys.executable, __file__, "--cases", str(cases), "--seed", str(seed), "--variant", variant, "--inside"]
    done = subprocess.run(["unshare", "-rnm", *command], capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return msgspec.json.decode(done.stdout, type=Tally)


def _main() -> int:
    parser = argparse.ArgumentParser(description="Compares walk and kernel.")
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--variant", choices=("legacy", "nft"), default="legacy")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if not arguments.inside:
        tally = agreement(arguments.cases, arguments.seed, arguments.variant)
        print(*tally.disagreements, sep="\n\n")
        print(f"{tally.cases} cases, {len(tally.disagreements)} disagreements, {tally.unknown} unknown, {tally.repeated} tries repeated")
        return bool(tally.disagreements)
    generator, kernel, tally = _Generator(arguments.seed), _Kernel(arguments.variant), Tally()
    for _ in range(arguments.cases):
        _compare(generator, kernel, tally)
    print(json.dumps(msgspec.to_builtins(tally)))
    return 0


if __name__ == "__main__":
    sys.exit(_main())
