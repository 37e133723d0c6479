"""What sends packets, or says what would become of them: how the statements are read, and their rows."""

from ipaddress import ip_address

import msgspec

from netlab_magic.errors import StatementError, Word
from netlab_magic.language import statements as s
from netlab_magic.language.capture_filter import FILTER_WORDS, read_filter
from netlab_magic.language.grammar.row import Syntax
from netlab_magic.language.statements import Statement
from netlab_magic.language.word_reader import Reader, destination, family_option, looks_like_address, wrong
from netlab_magic.model.topology import HOST

__all__ = ["PROBE"]


_VERSIONS = {"ipv4": 4, "ipv6": 6}


def _ends(r: Reader, default: str, port_needed: bool = False) -> tuple[Word, s.Destination]:
    """ends = [ "-4" | "-6" ] SRC DST [ "-4" | "-6" ]"""
    family = family_option(r)
    source, target = r.take("source"), destination(r, default, port_needed)
    family = family or family_option(r)
    for word in (source, target.name):
        if family and isinstance(word, Word) and looks_like_address(word) and ip_address(str(word)).version != _VERSIONS[family]:
            wrong(f"{word} is not an IPv{_VERSIONS[family]} address, which -{_VERSIONS[family]} asks for", word)
    return source, msgspec.structs.replace(target, family=family)


def read_ping(r: Reader) -> Statement:
    """ping = "ping" SRC DST [ "-4" | "-6" ]"""
    source, target = _ends(r, "icmp")
    if target.port:
        raise StatementError(f"ping has no port; write tcp {source} {target.name}:{target.port}", r.words[1].place)
    return s.ProbeFlow(source, target)


def read_tcp(r: Reader) -> Statement:
    """tcp = "tcp" SRC DST ":" PORT [ "-4" | "-6" ]"""
    return s.ProbeFlow(*_ends(r, "tcp", port_needed=True))


def read_udp(r: Reader) -> Statement:
    """udp = "udp" SRC DST ":" PORT [ "-4" | "-6" ]"""
    return s.ProbeFlow(*_ends(r, "udp", port_needed=True))


def read_matrix(r: Reader) -> Statement:
    """matrix = "matrix" [ "-4" | "-6" ] [ "--predict" ] { NS }"""
    family = family_option(r)
    predict = r.keyword("--predict") is not None
    family = family or family_option(r)
    return s.Matrix(r.rest("namespace"), predict, family)


def read_expect(r: Reader) -> Statement:
    """expect = "expect" SRC DST [":" PORT] [ "-4" | "-6" ] ( "ok" | "blocked" )"""
    source, target = _ends(r, "tcp")
    return s.Expect(source, target, r.choice("outcome", ("ok", "blocked")) == "ok")


def read_why(r: Reader) -> Statement:
    """why = "why" SRC DST [":" PORT] [ "-4" | "-6" ] [ "in" DEV | "--send" ] [ "--predict" ], whose options may also come first"""
    asks, sends = r.keyword("--predict"), r.keyword("--send")
    source, target = _ends(r, "tcp")
    sends = sends or r.keyword("--send")
    device = r.take("interface") if not sends and r.keyword("in") else ""
    return s.Why(source, target, asks=(asks or r.keyword("--predict")) is not None, device=device, sends=sends is not None)


def read_predict(r: Reader) -> Statement:
    """predict = "predict" SRC DST [":" PORT] [ "-4" | "-6" ] ( "ok" | "blocked" )"""
    source, target = _ends(r, "tcp")
    return s.Predict(source, target, r.choice("outcome", ("ok", "blocked")) == "ok")


def read_trace(r: Reader) -> Statement:
    """trace = "trace" SRC DST [":" PORT ["/udp"]] [ "-4" | "-6" ]"""
    return s.Trace(*_ends(r, "tcp"))


def read_capture(r: Reader) -> Statement:
    """capture = "capture" DEV [ "in" NS ] [ COUNT ] { FILTER-WORD } [ ">" FILE ]"""
    device = r.take("device")
    namespace = r.take("namespace") if r.keyword("in") else Word(HOST, device.place)
    at, words = r.at, r.rest("filter")
    count, words = (int(words[0][:9]), words[1:]) if words and words[0].isdecimal() else (0, words)
    redirected = next((number for number, word in enumerate(words) if word.startswith(">")), None)
    file = None
    if redirected is not None:
        words, (mark, *files) = words[:redirected], words[redirected:]
        file = mark[1:] or (files.pop(0) if files else None)
        if file is None:
            raise StatementError("a name for the capture file is missing, such as > ping.pcap", r.end)
        if files:
            wrong(f"{files[0]} is one word too many after the name of the file", files[0])
    if not words and r.at == at:
        for word in FILTER_WORDS:
            r.peek(word)
    return s.Capture(device, namespace, count, read_filter(words, r.end), file)


_LONGEST_WATCH = 600


def read_watch(r: Reader) -> Statement:
    """watch = "watch" [ "-4" | "-6" ] { FILTER-WORD } [ "in" NS ] [ "for" SECONDS ]"""
    family = family_option(r)
    words: list[Word] = []
    while (word := r.peek("<filter>")) is not None and word not in ("in", "for"):
        words.append(r.take("filter"))
    if not words:
        for known in FILTER_WORDS:
            r.peek(known)
    namespace = r.take("namespace") if r.keyword("in") else HOST
    seconds = 10
    if r.keyword("for"):
        given = r.take("seconds")
        if not given.isdecimal() or not 1 <= int(given[:9]) <= _LONGEST_WATCH:
            wrong(f"{given} is no number of seconds from 1 to {_LONGEST_WATCH}", given)
        seconds = int(given)
        r.keyword("seconds", "s")
    read_filter(words, r.end)
    return s.Watch(filter=" ".join(words), namespace=namespace, seconds=float(seconds), family=family)


PROBE = (
    Syntax(
        "ping SRC DST [-6]",
        "an ICMP echo; both are a namespace, host or internet, DST also any address; -6: over IPv6",
        read_ping,
        ("ping ns1 ns0", "ping ns1 ns0 -6"),
    ),
    Syntax(
        "tcp SRC DST:PORT [-6]",
        "a TCP connection",
        read_tcp,
        ("tcp ns1 ns0:80",),
    ),
    Syntax(
        "udp SRC DST:PORT [-6]",
        "a UDP datagram and its answer",
        read_udp,
        ("udp ns1 ns0:53",),
    ),
    Syntax(
        "matrix [-4|-6] [--predict] [NS…]",
        "every namespace pings every other, over IPv4 and IPv6 if both have it; --predict: what the model expects, no packet is sent",
        read_matrix,
        ("matrix", "matrix ns0 ns1", "matrix --predict"),
    ),
    Syntax(
        "expect SRC DST[:PORT] [-6] ok|blocked",
        "a probe that fails the cell when it turns out otherwise",
        read_expect,
        ("expect ns1 internet blocked",),
    ),
    Syntax(
        "why SRC DST[:PORT] [-6] [in DEV] [--send] [--predict]",
        "sends a packet, follows it, and says what became of it, where, and what would change that; in DEV: the device of "
        "a loaded host that the packet comes in through; --send: also on an attached machine, where nothing is sent otherwise; "
        "--predict asks you first",
        read_why,
        ("why ns1 internet", "why ns1 ns0:80", "why ns1 ns0 --predict", "why 192.168.1.100 8.8.8.8 in br-lan"),
    ),
    Syntax(
        "predict SRC DST[:PORT] [-6] ok|blocked",
        "say what will happen, then see what does",
        read_predict,
        ("predict ns1 internet blocked",),
    ),
    Syntax(
        "watch [-6] [FILTER] [in NS] [for SECONDS]",
        "real traffic that passes the host, or NS, for 10 seconds: which packets pass or die, rule by rule, by connection; "
        "FILTER as in capture; also on an attached machine",
        read_watch,
        ("watch host 172.18.0.3", "watch tcp port 80 for 30", "watch icmp in ns1"),
    ),
    Syntax(
        "trace SRC DST[:PORT][/udp] [-6]",
        "the kernel's own account of one packet and of its answer: every hook and rule that they met, in every namespace",
        read_trace,
        ("trace ns1 internet", "trace ns1 ns0:80", "trace ns1 ns0:53/udp"),
    ),
    Syntax(
        "capture DEV [in NS] [COUNT] [FILTER] [> FILE]",
        "the packets that pass a device until the cell ends, as a table and a ladder; FILTER is as for tcpdump; > FILE: for Wireshark",
        read_capture,
        ("capture eth0 in ns1", "capture docker1 icmp", "capture eth0 10 tcp port 80 and not host 8.8.8.8 > web.pcap"),
    ),
)
