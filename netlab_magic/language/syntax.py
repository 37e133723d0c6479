"""The table of all statements, which help, parsing and Tab completion share."""

from collections.abc import Callable

import msgspec

from netlab_magic.language import statements as s
from netlab_magic.language.docker_parser import DOCKER_FORM, read_docker
from netlab_magic.language.statement_parsers import (
    read_action,
    read_attach,
    read_bridge,
    read_delete,
    read_diff,
    read_enter,
    read_expect,
    read_explain,
    read_forward,
    read_internet,
    read_link,
    read_load,
    read_masquerade,
    read_matrix,
    read_ns,
    read_ping,
    read_policy,
    read_predict,
    read_restore,
    read_route,
    read_rule,
    read_serve,
    read_show,
    read_snapshot,
    read_sysctl,
    read_tcp,
    read_trace,
    read_udp,
    read_why,
)
from netlab_magic.language.statements import Statement
from netlab_magic.language.word_reader import Reader, wrong
from netlab_magic.text import suggest

__all__ = ["SYNTAX", "Syntax"]


def read_help(r: Reader) -> Statement:
    """help = "help" [ WORD ]"""
    word = r.peek("<word>") and r.take("word")
    if word and word not in SYNTAX:
        wrong(f"{word} is no statement{suggest(word, SYNTAX)}", word)
    return s.Session("help", word)


class Syntax(msgspec.Struct, frozen=True):
    """One statement of the language: its group and form as help shows them, what it does, and how its words are read."""

    group: str
    form: str
    summary: str
    read: Callable[[Reader], Statement]


SYNTAX: dict[str, Syntax] = {
    "bridge": Syntax("build", "bridge NAME [CIDR…]", "a bridge in the lab host, with its addresses", read_bridge),
    "ns": Syntax(
        "build",
        "ns NAME [CIDR…] [on BRIDGE] [via GATEWAY]",
        "a namespace; on a bridge it gets eth0 (a veth pair) and a default route to the bridge's first address, or via GATEWAY",
        read_ns,
    ),
    "link": Syntax("build", "link NS[:DEV] [CIDR] -- NS[:DEV] [CIDR]", "a veth pair between two namespaces (or host)", read_link),
    "internet": Syntax(
        "build", "internet [ADDRESS…]", "a namespace behind the host's eth0 that owns these addresses (8.8.8.8 by default)", read_internet
    ),
    "route": Syntax("build", "route NS DEST via GATEWAY", "a route in a namespace; DEST is a network or default", read_route),
    "masquerade": Syntax(
        "build", "masquerade CIDR [except BRIDGE]", "source NAT for what leaves CIDR, except towards BRIDGE", read_masquerade
    ),
    "serve": Syntax("build", "serve NS PORT[/udp] [http|echo]", "a small server in a namespace (http over tcp, echo over udp)", read_serve),
    "sysctl": Syntax("build", "sysctl KEY=VALUE [in NS]", "a network sysctl of the lab host, or of a namespace", read_sysctl),
    "delete": Syntax("build", "delete NAME…", "namespaces, bridges, the host's interfaces, or servers (NS:PORT)", read_delete),
    "policy": Syntax("firewall", "policy CHAIN ACCEPT|DROP", "what happens to packets that no rule of CHAIN decides", read_policy),
    "forward": Syntax(
        "firewall",
        "forward [insert|delete] RULE-SPEC",
        "one copy of a rule in FORWARD, at its end or start; or none of it (delete also takes a number)",
        read_forward,
    ),
    "rule": Syntax("firewall", "rule [-t TABLE] CHAIN [insert|delete] RULE-SPEC", "the same in any chain of any table", read_rule),
    "docker": Syntax(
        "firewall", DOCKER_FORM, "what dockerd of a release does to this host: bridges, namespaces, rules, published ports", read_docker
    ),
    "ping": Syntax("probe", "ping SRC DST", "an ICMP echo; both are a namespace, host or internet, DST also any address", read_ping),
    "tcp": Syntax("probe", "tcp SRC DST:PORT", "a TCP connection", read_tcp),
    "udp": Syntax("probe", "udp SRC DST:PORT", "a UDP datagram and its answer", read_udp),
    "matrix": Syntax(
        "probe",
        "matrix [--predict] [NS…]",
        "every namespace pings every other; --predict: what the model expects, no packet is sent",
        read_matrix,
    ),
    "expect": Syntax("probe", "expect SRC DST[:PORT] ok|blocked", "a probe that fails the cell when it turns out otherwise", read_expect),
    "why": Syntax(
        "probe",
        "why SRC DST[:PORT] [--predict]",
        "sends a packet, follows it, and says what became of it, where, and what would change that; --predict asks you first",
        read_why,
    ),
    "predict": Syntax("probe", "predict SRC DST[:PORT] ok|blocked", "say what will happen, then see what does", read_predict),
    "trace": Syntax(
        "probe",
        "trace SRC DST[:PORT][/udp]",
        "the kernel's own account of one packet and of its answer: every hook and rule that they met, in every namespace",
        read_trace,
    ),
    "show": Syntax(
        "show",
        "show topology|chains [-t TABLE] [CHAIN]|way [forward|in|out]|rules [CHAIN]|save|routes|conntrack|script",
        "what the kernel has now, read back; way is the way of a packet through all tables",
        read_show,
    ),
    "diff": Syntax(
        "show",
        "diff [--flows] [SNAPSHOT [SNAPSHOT]]",
        "side by side: what the last cell changed; or from a snapshot to now, or between two; --flows: who reaches whom otherwise",
        read_diff,
    ),
    "explain": Syntax(
        "show", "explain [-t TABLE] CHAIN [N]", "a chain, its rule number N, or with -t alone a table, in words", read_explain
    ),
    "up": Syntax("session", "up", "start the lab (the first statement does it too)", read_action("up")),
    "reset": Syntax("session", "reset", "an empty lab again", read_action("reset")),
    "down": Syntax("session", "down", "end the lab and everything in it", read_action("down")),
    "status": Syntax("session", "status", "is the lab up, how was it made, what runs in it", read_action("status")),
    "doctor": Syntax("session", "doctor", "what this machine allows, and what would open what it refuses", read_action("doctor")),
    "snapshot": Syntax("session", "snapshot NAME", "remember topology, rules and sysctls", read_snapshot),
    "restore": Syntax("session", "restore NAME", "bring the kernel back to a snapshot", read_restore),
    "undo": Syntax("session", "undo", "take back the last cell that changed the lab", read_action("undo")),
    "panel": Syntax("session", "panel", "the lab live: policies, rules to tick, pictures, a packet to step through", read_action("panel")),
    "enter": Syntax("session", "enter [NS]", "a terminal in the lab host, or in a namespace", read_enter),
    "attach": Syntax("session", "attach host|PID", "look at a live network without touching it (root only)", read_attach),
    "load": Syntax(
        "session",
        "load FILE…",
        "look at another host through its dumps: iptables-save, ip -j addr, ip -j route, ip -j -d link; needs no privilege",
        read_load,
    ),
    "help": Syntax("session", "help [WORD]", "this list, or one statement", read_help),
}
"""Every statement of the language, in the order in which help lists them."""
