"""The kernel's side: namespaces that end with the process, rules loaded into the host, and programs that answer in them."""

import select
import socket
import struct
import subprocess
from pathlib import Path

from agreement.cases import Case
from agreement.firewalls import Firewall
from agreement.ip_sets import SETS
from agreement.namespaces import inside
from agreement.reporting import Place, Reporter
from agreement.talks import Talk, emptied, sent, talk
from agreement.world import NAMES, PORTS, SETUP, Setting
from netlab_magic.iptables.ipset.listing import read_sets
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.iptables.save_format import parse
from netlab_magic.netfilter import NO_SETS, IpSets
from netlab_magic.nftables.ruleset import Ruleset as NftRuleset
from netlab_magic.nftables.text.reader import read_text

__all__ = ["Kernel"]

_IP_PKTINFO = 8  # linux/in.h; Python names it from 3.14 on
_RESET = struct.pack("ii", 1, 0)  # a linger of no seconds: close() sends a reset
_SYSCTLS = (
    {"ipv4/ip_forward": "forwards", "bridge/bridge-nf-call-iptables": "shows_bridged", "ipv4/conf/all/rp_filter": "reverse_path"},
    {"ipv6/conf/all/forwarding": "forwards", "bridge/bridge-nf-call-ip6tables": "shows_bridged"},
)


class Kernel:
    """The namespaces, with the sockets that ask and answer in them. A socket belongs to the namespace in which it was made."""

    def __init__(self, firewall: Firewall) -> None:
        self.firewall = firewall
        self.six = firewall.six
        _run(["sh", "-c", SETUP], "")
        self.setting = Setting()
        self.sets = self._sets() if firewall.variant else NO_SETS
        self.reporter = Reporter(six=self.six)
        self.tables: list[str] = []
        self.echoes: dict[str, socket.socket] = {}
        self.servers: list[socket.socket] = []
        self.listeners: list[socket.socket] = []
        self.accepted: list[socket.socket] = []
        family, protocol = (socket.AF_INET6, socket.IPPROTO_ICMPV6) if self.six else (socket.AF_INET, socket.IPPROTO_ICMP)
        for name in NAMES:
            with inside(name):
                self.echoes[name] = socket.socket(family, socket.SOCK_RAW, protocol)
                for port in PORTS:
                    self._serve(family, port)

    def _serve(self, family: int, port: int) -> None:
        server, listener = socket.socket(family, socket.SOCK_DGRAM), socket.socket(family, socket.SOCK_STREAM)
        if self.six:
            server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        else:
            server.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for one in (server, listener):
            one.bind(("::" if self.six else "0.0.0.0", port))
            one.setblocking(False)
        listener.listen(64)
        self.servers.append(server)
        self.listeners.append(listener)

    def _sets(self) -> IpSets:
        """The sets that rules may ask for, as ipset lists them."""
        _run(["ipset", "restore"], SETS)
        return IpSets(read_sets(_run(["ipset", "save"], "")))

    def load(self, case: Case) -> tuple[Ruleset, NftRuleset]:
        """Makes the rules of a case the host's, nothing is left of those before; and gives them as they are read."""
        ruleset, native = Ruleset(family="ipv6" if self.six else "ipv4"), NftRuleset()
        if self.firewall.variant:
            _run([self.firewall.restore], case.rules)
            ruleset = parse(case.rules, family=ruleset.family)
        if self.firewall.native:
            _run(["nft", "-f", "-"], "".join(f"delete table {table}\n" for table in self.tables) + case.native)
            found = read_text(_run(["nft", "-a", "list", "ruleset"], ""))
            native = NftRuleset(tuple(table for table in found.tables if table.name.startswith("t")))
            self.tables = [table.title for table in native.tables]
        self.reporter.learn(ruleset, native)
        for path, field in _SYSCTLS[self.six].items():
            if getattr(case.setting, field) != getattr(self.setting, field):
                Path(f"/proc/sys/net/{path}").write_text(str(int(getattr(case.setting, field))))
        self.setting = case.setting
        return ruleset, native

    def quiet(self) -> None:
        """Takes in whatever is still on its way from a connection before."""
        self.hang_up()
        self.serve()
        for server in [*self.servers, *self.echoes.values()]:
            emptied(server)
        self.hang_up()
        self.reporter.places()

    def hang_up(self) -> None:
        """Ends the connections that were taken."""
        for there in self.accepted:
            there.close()
        self.accepted.clear()

    def places(self) -> list[Place]:
        """The rules that matched since the last time."""
        return self.reporter.places()

    def serve(self) -> bool:
        """Answers datagrams from the address that they were sent to, and takes connections; whether there was any."""
        busy = False
        for server in select.select(self.servers, [], [], 0)[0]:
            data, extra, _, peer = server.recvmsg(2048, 256)
            sent(server, data, peer[0], peer[1], source=self._addressed(extra))
            busy = True
        for listener in select.select(self.listeners, [], [], 0)[0]:
            there, _ = listener.accept()
            there.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.accepted.append(there)
            busy = True
        return busy

    def _addressed(self, extra: list[tuple[int, int, bytes]]) -> str:
        if not extra:
            return ""
        if self.six:
            return socket.inet_ntop(socket.AF_INET6, extra[0][2][:16])
        return socket.inet_ntoa(struct.unpack("=I4s4s", extra[0][2])[1])

    def talk(self, case: Case) -> Talk:
        """A program that has a socket for the connection of the case, and has sent nothing yet."""
        return talk(case, self.echoes)


def _run(command: list[str], text: str) -> str:
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{done.stderr}\n{text}")
    return done.stdout
