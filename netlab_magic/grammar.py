"""The grammar: one reading function a statement, and the table that help, parsing and Tab completion share."""

import re
from collections.abc import Callable

import msgspec

from netlab_magic import statement as s
from netlab_magic.dockerwords import DOCKER_FORM, read_docker
from netlab_magic.errors import StatementError
from netlab_magic.reader import (
    Reader,
    address,
    cidr,
    destination,
    network,
    new_name,
    not_reserved,
    port_number,
    suggest,
    valid_name,
    wrong,
)
from netlab_magic.ruleset import BUILT_IN
from netlab_magic.statement import Statement, Word
from netlab_magic.way import WAYS

__all__ = ["SYNTAX", "Syntax"]


def read_bridge(r: Reader) -> Statement:
    """bridge = "bridge" NAME { CIDR }"""
    name = not_reserved(new_name(r, "bridge"), "bridge")
    return s.Bridge(name, tuple(cidr(word) for word in r.rest("CIDR")))


def read_ns(r: Reader) -> Statement:
    """ns = "ns" NAME { CIDR } [ "on" BRIDGE ] [ "via" GATEWAY ]"""
    name = not_reserved(new_name(r, "namespace"), "namespace")
    cidrs = tuple(cidr(word) for word in r.many("CIDR", lambda word: word not in ("on", "via")))
    on = r.take("bridge") if r.keyword("on") else None
    via = address(r.take("gateway")) if r.keyword("via") else None
    return s.NetworkNamespace(name, cidrs, on, via)


def _link_end(r: Reader) -> s.LinkEnd:
    word = r.take("namespace")
    name, colon, device = word.partition(":")
    interface = valid_name(Word(device, word.place), "interface") if colon else None
    following = r.many("CIDR", lambda word: word != "--")
    if len(following) > 1:
        wrong(f"{following[1]} is one word too many: {r.form}", following[1])
    return s.LinkEnd(Word(name, word.place), interface, cidr(following[0]) if following else None)


def read_link(r: Reader) -> Statement:
    """link = "link" NS [":" DEV] [ CIDR ] "--" NS [":" DEV] [ CIDR ]"""
    left = _link_end(r)
    r.literal("--")
    return s.Link(left, _link_end(r))


def read_internet(r: Reader) -> Statement:
    """internet = "internet" { ADDRESS }"""
    return s.Internet(tuple(address(word) for word in r.rest("address")))


def read_route(r: Reader) -> Statement:
    """route = "route" NS DEST "via" GATEWAY"""
    namespace, target = r.take("namespace"), network(r.take("network"))
    r.literal("via")
    return s.RouteVia(namespace, target, address(r.take("gateway")))


def read_masquerade(r: Reader) -> Statement:
    """masquerade = "masquerade" CIDR [ "except" BRIDGE ]"""
    source = network(r.take("network"))
    return s.Masquerade(source, r.take("bridge") if r.keyword("except") else None)


def read_serve(r: Reader) -> Statement:
    """serve = "serve" NS PORT ["/udp"] [ "http" | "echo" ]"""
    namespace, word = r.take("namespace"), r.take("port")
    number, slash, protocol = word.partition("/")
    if slash and protocol not in ("tcp", "udp"):
        wrong(f"/{protocol} is no protocol here; write {number}, {number}/tcp or {number}/udp", word)
    kind = r.keyword("http", "echo") or ("echo" if protocol == "udp" else "http")
    if kind == "http" and protocol == "udp":
        wrong("http needs tcp; over udp there is echo", word)
    return s.Serve(namespace, port_number(number, word), protocol or "tcp", kind)


def read_sysctl(r: Reader) -> Statement:
    """sysctl = "sysctl" KEY "=" VALUE [ "in" NS ]"""
    word = r.take("sysctl")
    key, equals, value = word.partition("=")
    if not equals or not value:
        wrong(f"{word} sets nothing; write KEY=VALUE, such as net.ipv4.ip_forward=1", word)
    key = key.replace("/", ".")
    if not re.fullmatch(r"net(\.[A-Za-z0-9_@-]+)+", key):
        wrong(f"{key} is not the lab's to set; its sysctls begin with net., such as net.ipv4.ip_forward", word)
    return s.Sysctl(Word(key, word.place), value, r.take("namespace") if r.keyword("in") else "host")


def read_delete(r: Reader) -> Statement:
    """delete = "delete" NAME { NAME }"""
    return s.Delete((r.take("thing"), *r.rest("thing")))


def read_policy(r: Reader) -> Statement:
    """policy = "policy" CHAIN ( "ACCEPT" | "DROP" )"""
    chain = r.choice("built-in chain of the filter table", BUILT_IN["filter"], fold=True)
    return s.Policy(chain, r.choice("policy", ("ACCEPT", "DROP"), fold=True))


def _rule_spec(r: Reader, action: str) -> tuple[Word, ...]:
    spec = r.rest("rule")
    if not spec:
        raise StatementError(f"the rule is missing: {r.form}", r.end)
    if spec[0] in ("-A", "-I", "-D", "-C", "-R", "-P", "-N", "-F", "-X"):
        wrong(f"{spec[0]} is for iptables itself; here write the rule alone, or start the line with iptables", spec[0])
    if action != "delete" and not spec[0].startswith(("-", "!")):
        wrong(f"{spec[0]} does not begin a rule; a rule looks like -i docker1 -o docker1 -j ACCEPT", spec[0])
    return spec


def read_forward(r: Reader) -> Statement:
    """forward = "forward" [ "insert" | "delete" ] RULE-SPEC"""
    action = r.keyword("insert", "delete") or "append"
    return s.RuleEdit("FORWARD", _rule_spec(r, action), action=action)


def read_rule(r: Reader) -> Statement:
    """rule = "rule" [ "-t" TABLE ] CHAIN [ "insert" | "delete" ] RULE-SPEC"""
    table = r.choice("table", tuple(BUILT_IN)) if r.keyword("-t") else "filter"
    chain = r.take("chain")
    action = r.keyword("insert", "delete") or "append"
    return s.RuleEdit(chain, _rule_spec(r, action), table, action)


def read_ping(r: Reader) -> Statement:
    """ping = "ping" SRC DST"""
    source, target = r.take("source"), destination(r, "icmp", port_needed=False)
    if target.port:
        raise StatementError(f"ping has no port; write tcp {source} {target.name}:{target.port}", r.words[1].place)
    return s.ProbeFlow(source, target)


def read_tcp(r: Reader) -> Statement:
    """tcp = "tcp" SRC DST ":" PORT"""
    return s.ProbeFlow(r.take("source"), destination(r, "tcp", port_needed=True))


def read_udp(r: Reader) -> Statement:
    """udp = "udp" SRC DST ":" PORT"""
    return s.ProbeFlow(r.take("source"), destination(r, "udp", port_needed=True))


def read_expect(r: Reader) -> Statement:
    """expect = "expect" SRC DST [":" PORT] ( "ok" | "blocked" )"""
    source, target = r.take("source"), destination(r, "tcp", port_needed=False)
    return s.Expect(source, target, r.choice("outcome", ("ok", "blocked")) == "ok")


def read_why(r: Reader) -> Statement:
    """why = "why" SRC DST [":" PORT] [ "--predict" ]"""
    source, target = r.take("source"), destination(r, "tcp", port_needed=False)
    return s.Why(source, target, asks=r.keyword("--predict") is not None)


def read_predict(r: Reader) -> Statement:
    """predict = "predict" SRC DST [":" PORT] ( "ok" | "blocked" )"""
    source, target = r.take("source"), destination(r, "tcp", port_needed=False)
    return s.Predict(source, target, r.choice("outcome", ("ok", "blocked")) == "ok")


def read_trace(r: Reader) -> Statement:
    """trace = "trace" SRC DST [":" PORT ["/udp"]]"""
    return s.Trace(r.take("source"), destination(r, "tcp", port_needed=False))


def read_matrix(r: Reader) -> Statement:
    """matrix = "matrix" [ "--predict" ] { NS }"""
    predict = r.keyword("--predict") is not None
    return s.Matrix(r.rest("namespace"), predict)


SHOWN = ("topology", "chains", "way", "rules", "save", "routes", "conntrack", "script", "diff")


def read_show(r: Reader) -> Statement:
    """show = "show" ( "topology" | "chains" [ "-t" TABLE ] [ CHAIN ] | "way" [ "forward" | "in" | "out" ] | "rules" [ CHAIN ] | … )"""
    what = r.choice("thing to show", SHOWN)
    if what == "diff":
        return read_diff(r)
    if what == "way":
        return s.Show("way", r.keyword(*WAYS) or "forward")
    table = r.choice("table", tuple(BUILT_IN)) if what == "chains" and r.keyword("-t") else None
    name = r.take("chain") if what in ("chains", "rules") and r.peek("<chain>") else None
    return s.Show(str(what), name, table)


def read_diff(r: Reader) -> Statement:
    """diff = [ "show" ] "diff" [ "--flows" ] [ SNAPSHOT [ SNAPSHOT ] ]"""
    flows = r.keyword("--flows") is not None
    before = r.take("snapshot") if r.peek("<snapshot>") else None
    after = r.take("snapshot") if before and r.peek("<snapshot>") else None
    return s.Diff(before, after, flows)


def read_explain(r: Reader) -> Statement:
    """explain = "explain" ( "-t" TABLE | [ "-t" TABLE ] CHAIN [ N ] )"""
    table = r.choice("table", tuple(BUILT_IN)) if r.keyword("-t") else None
    if table and not r.peek("<chain>"):
        return s.Explain(None, None, table)
    chain = r.take("chain")
    number = r.take("number") if r.peek("<number>") else None
    if number and not re.fullmatch(r"[1-9][0-9]{0,8}", number):
        wrong(f"{number} is not the number of a rule; rules are counted from 1", number)
    return s.Explain(chain, number, table)


def read_action(action: str) -> Callable[[Reader], Statement]:
    """A statement that is one word."""

    def read(_: Reader) -> Statement:
        return s.Session(action)

    return read


def read_help(r: Reader) -> Statement:
    """help = "help" [ WORD ]"""
    word = r.peek("<word>") and r.take("word")
    if word and word not in SYNTAX:
        wrong(f"{word} is no statement{suggest(word, SYNTAX)}", word)
    return s.Session("help", word)


def read_enter(r: Reader) -> Statement:
    """enter = "enter" [ NS ]"""
    return s.Session("enter", r.take("namespace") if r.peek("<namespace>") else None)


def read_snapshot(r: Reader) -> Statement:
    """snapshot = "snapshot" NAME"""
    return s.Session("snapshot", r.take("snapshot"))


def read_restore(r: Reader) -> Statement:
    """restore = "restore" NAME"""
    return s.Session("restore", r.take("snapshot"))


def read_attach(r: Reader) -> Statement:
    """attach = "attach" ( "host" | PID )"""
    target = r.take("PID")
    if target != "host" and not re.fullmatch(r"[1-9][0-9]{0,8}", target):
        wrong(f"{target} is no process; give its PID, or host for the machine's own network", target)
    return s.Attach(target)


def read_load(r: Reader) -> Statement:
    """load = "load" FILE { FILE } | "load" "-" HERE-DOCUMENT"""
    files = (r.take("file"), *r.rest("file"))
    pasted, text = [word for word in files if word == "-"], r.text()
    if pasted and (len(files) > 1 or text is None):
        wrong("- stands for a text in the next lines: write load - <<END, then the text, then a line END", pasted[0])
    if not pasted and text is not None:
        wrong("a text in the next lines needs - in the place of a file: load - <<END", files[0])
    return s.Load(() if pasted else files, text)


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
        "build",
        "masquerade CIDR [except BRIDGE]", "source NAT for what leaves CIDR, except towards BRIDGE", read_masquerade
    ),
    "serve": Syntax(
        "build", "serve NS PORT[/udp] [http|echo]", "a small server in a namespace (http over tcp, echo over udp)", read_serve
    ),
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
