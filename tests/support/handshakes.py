"""Rules that a TCP connection meets after its SYN: what becomes of a probe, for the model and for the kernel."""

import msgspec

from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.iptables.save_format import parse

__all__ = ["CUTS", "NETWORK", "Cut"]

NETWORK = """
bridge br0 10.1.0.1/24
ns a 10.1.0.2/24 on br0
ns b 10.1.0.3/24 on br0
bridge br1 10.2.0.1/24
ns c 10.2.0.2/24 on br1
serve a 80
sysctl net.ipv4.ip_forward=1
"""

KNOWN = "-m conntrack --ctstate RELATED,ESTABLISHED"
NOT_TRACKED = "-t raw -A PREROUTING -p tcp -j NOTRACK"
SYN_NOT_TRACKED = NOT_TRACKED.replace("-p tcp", "-p tcp --syn")
ANSWER_NOT_TRACKED = NOT_TRACKED.replace("-p tcp", "-s 10.1.0.2")
PUBLISHED = "-t nat -A PREROUTING -p tcp --dport 8080 -j DNAT --to-destination 10.1.0.2:80"
RESET = "-p tcp -j REJECT --reject-with tcp-reset"
TO_A, TO_C = f"-A FORWARD -o br0 {KNOWN}", f"-A FORWARD -o br1 {KNOWN}"


class Cut(msgspec.Struct, frozen=True):
    """`rules` as `iptables` takes them, in the namespace `where`; `flags` are those of the packet that ends the connection, if one does."""

    what: str
    verdict: str
    rules: tuple[str, ...]
    flags: str = ""
    where: str = "host"
    target: str = "10.1.0.2:80"
    source: str = "c"

    @property
    def ruleset(self) -> Ruleset:
        """The rules as a value."""
        tables: dict[str, list[str]] = {}
        for rule in self.rules:
            table, rest = (rule.split()[1], rule.split(maxsplit=2)[2]) if rule.startswith("-t ") else ("filter", rule)
            tables.setdefault(table, []).append(rest)
        chains = {table: sorted({rule.split()[1] for rule in rules}) for table, rules in tables.items()}
        lines = [[f"*{table}", *(f":{chain} ACCEPT [0:0]" for chain in chains[table]), *rules, "COMMIT"] for table, rules in tables.items()]
        return parse("".join(f"{line}\n" for table in lines for line in table))

    @property
    def commands(self) -> str:
        """The rules as command lines of a cell."""
        inside = "" if self.where == "host" else f"ip netns exec {self.where} "
        return "\n".join(f"$ {inside}iptables {rule}" for rule in self.rules)


CUTS = (
    Cut("the ACK is dropped", "blocked", (f"{TO_A} -j DROP",), "ACK"),
    Cut("the ACK is rejected", "refused", (f"{TO_A} -j REJECT",), "ACK"),
    Cut("the ACK is reset", "refused", (f"{TO_A} {RESET}",), "ACK"),
    Cut("the ACK finds the host unreachable", "no route", (f"{TO_A} -j REJECT --reject-with icmp-host-unreachable",), "ACK"),
    Cut("the ACK is prohibited", "no route", (f"{TO_A} -j REJECT --reject-with icmp-admin-prohibited",), "ACK"),
    Cut("the ACK finds no such protocol", "refused", (f"{TO_A} -j REJECT --reject-with icmp-proto-unreachable",), "ACK"),
    Cut("the ACK is rejected, the error lost", "blocked", (f"{TO_A} -j REJECT", "-A OUTPUT -p icmp -j DROP"), "ACK"),
    Cut("the SYN/ACK is dropped", "blocked", (f"{TO_C} -j DROP",)),
    Cut("the SYN/ACK is rejected", "blocked", (f"{TO_C} -j REJECT",)),
    Cut("what follows the SYN/ACK is dropped", "blocked", ("-A FORWARD -o br1 -p tcp ! --tcp-flags SYN SYN -j DROP",), "ACK FIN"),
    Cut("what follows the SYN/ACK is rejected", "blocked", ("-A FORWARD -o br1 -p tcp ! --tcp-flags SYN SYN -j REJECT",), "ACK FIN"),
    Cut("the ACK alone is dropped", "answered", ("-A FORWARD -o br0 -p tcp --tcp-flags ALL ACK -j DROP",)),
    Cut("the FIN is dropped", "blocked", ("-A FORWARD -o br0 -p tcp --tcp-flags FIN FIN -j DROP",), "ACK FIN"),
    Cut("the FIN is rejected", "refused", ("-A FORWARD -o br0 -p tcp --tcp-flags FIN FIN -j REJECT",), "ACK FIN"),
    Cut("nothing is tracked", "answered", (NOT_TRACKED, f"{TO_A} -j DROP")),
    Cut("the SYN is not tracked", "answered", (SYN_NOT_TRACKED, "-A FORWARD -m conntrack --ctstate NEW -j DROP")),
    Cut("the SYN/ACK is not tracked", "blocked", (ANSWER_NOT_TRACKED, "-A FORWARD -m conntrack --ctstate INVALID -j DROP"), "ACK"),
    Cut("the receiver drops it", "blocked", (f"-A INPUT {KNOWN} -j DROP",), "ACK", "a"),
    Cut("the receiver rejects it", "refused", (f"-A INPUT {KNOWN} -j REJECT",), "ACK", "a"),
    Cut("the sender drops it", "blocked", (f"-A OUTPUT {KNOWN} -j DROP",), "ACK", "c"),
    Cut("the sender rejects it", "refused", (f"-A OUTPUT {KNOWN} -p tcp -j REJECT",), "ACK", "c"),
    Cut("a translated one", "refused", (PUBLISHED, f"{TO_A} -j REJECT"), "ACK", target="10.2.0.1:8080"),
    Cut("one over the bridge", "refused", (f"-A FORWARD {KNOWN} --ctdir ORIGINAL {RESET}",), "ACK", source="b"),
)  # fmt: skip
