"""What sends packets, or says what would become of them: how the statements are read, and their rows."""

from netlab_magic.errors import StatementError
from netlab_magic.language import statements as s
from netlab_magic.language.grammar.row import Syntax
from netlab_magic.language.statements import Statement
from netlab_magic.language.word_reader import Reader, destination

__all__ = ["PROBE"]


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


def read_matrix(r: Reader) -> Statement:
    """matrix = "matrix" [ "--predict" ] { NS }"""
    predict = r.keyword("--predict") is not None
    return s.Matrix(r.rest("namespace"), predict)


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


PROBE = (
    Syntax(
        "ping SRC DST",
        "an ICMP echo; both are a namespace, host or internet, DST also any address",
        read_ping,
        ("ping ns1 ns0",),
    ),
    Syntax(
        "tcp SRC DST:PORT",
        "a TCP connection",
        read_tcp,
        ("tcp ns1 ns0:80",),
    ),
    Syntax(
        "udp SRC DST:PORT",
        "a UDP datagram and its answer",
        read_udp,
        ("udp ns1 ns0:53",),
    ),
    Syntax(
        "matrix [--predict] [NS…]",
        "every namespace pings every other; --predict: what the model expects, no packet is sent",
        read_matrix,
        ("matrix", "matrix ns0 ns1", "matrix --predict"),
    ),
    Syntax(
        "expect SRC DST[:PORT] ok|blocked",
        "a probe that fails the cell when it turns out otherwise",
        read_expect,
        ("expect ns1 internet blocked",),
    ),
    Syntax(
        "why SRC DST[:PORT] [--predict]",
        "sends a packet, follows it, and says what became of it, where, and what would change that; --predict asks you first",
        read_why,
        ("why ns1 internet", "why ns1 ns0:80", "why ns1 ns0 --predict"),
    ),
    Syntax(
        "predict SRC DST[:PORT] ok|blocked",
        "say what will happen, then see what does",
        read_predict,
        ("predict ns1 internet blocked",),
    ),
    Syntax(
        "trace SRC DST[:PORT][/udp]",
        "the kernel's own account of one packet and of its answer: every hook and rule that they met, in every namespace",
        read_trace,
        ("trace ns1 internet", "trace ns1 ns0:80", "trace ns1 ns0:53/udp"),
    ),
)
