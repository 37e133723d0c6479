"""The grammar: how the words of each statement are read, one function a statement, its rule in the docstring."""

import re
from collections.abc import Callable

from netlab_magic.errors import StatementError, Word
from netlab_magic.language import statements as s
from netlab_magic.language.statements import Statement
from netlab_magic.language.word_reader import (
    Reader,
    address,
    cidr,
    destination,
    network,
    new_name,
    not_reserved,
    port_number,
    valid_name,
    wrong,
)
from netlab_magic.model.hooks import BUILT_IN, WAYS

__all__ = [
    "read_action",
    "read_attach",
    "read_bridge",
    "read_delete",
    "read_diff",
    "read_enter",
    "read_expect",
    "read_explain",
    "read_forward",
    "read_internet",
    "read_link",
    "read_load",
    "read_masquerade",
    "read_matrix",
    "read_ns",
    "read_ping",
    "read_policy",
    "read_predict",
    "read_restore",
    "read_route",
    "read_rule",
    "read_serve",
    "read_show",
    "read_snapshot",
    "read_sysctl",
    "read_tcp",
    "read_trace",
    "read_udp",
    "read_why",
]


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
    asks = r.keyword("--predict")
    source, target = r.take("source"), destination(r, "tcp", port_needed=False)
    return s.Why(source, target, asks=(asks or r.keyword("--predict")) is not None)


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
