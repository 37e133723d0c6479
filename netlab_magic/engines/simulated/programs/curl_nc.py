"""curl and nc, which connect to the servers of a simulated lab."""

import re
from ipaddress import ip_address

from netlab_magic.engines.simulated.programs.call import Call, Ended
from netlab_magic.engines.simulated.traffic import Road, connection
from netlab_magic.forwarding.prediction import Prediction
from netlab_magic.iptables.numbers import shown
from netlab_magic.model.probe import Probe, Verdict
from netlab_magic.model.topology import Server

__all__ = ["curl", "netcat"]

_URL = re.compile(r"(?:(?P<scheme>\w+)://)?(?P<host>\[[^\]]+\]|[^/:?#]+)(?::(?P<port>\d+))?(?P<path>[/?#].*)?")
_VERSION = "7.88.1"


def _server(found: Prediction, road: Road) -> Server | None:
    """The server that answers the request; behind a proxy, its target."""
    last = found.request.hops[-1]
    frame = last.host_trace.last
    wanted = last.namespace, frame.destination_port, "tcp"
    listening = (one for one in road.topology.servers if (one.namespace, one.port, one.protocol) == wanted)
    server = next((one for one in listening if one.listens_on(shown(frame.destination, frame.six))), None)
    if server is None or not server.target:
        return server
    address, port = server.behind
    owner = road.topology.owner(address)
    inner = Probe(server.namespace, address, address, owner.namespace if owner else "", "tcp", port)
    further = road.exchange(inner, segments=connection())
    return _server(further, road) if further.answered else None


def _probe(call: Call, host: str, port: int, protocol: str = "tcp") -> Probe | None:
    name = host.strip("[]")
    try:
        address = str(ip_address("127.0.0.1" if name == "localhost" else name))
    except ValueError:
        return None
    owner = call.world.topology.owner(address)
    target = owner.namespace if owner else call.namespace if ip_address(address).is_loopback else ""
    return Probe(call.namespace, host, address, target, protocol, port)


def curl(call: Call) -> int:
    """See curl(1): one URL, with http, or telnet without a talk."""
    options, urls, output = _curl_words(call)
    if not urls:
        raise Ended(2, "curl: try 'curl --help' or 'curl --manual' for more information\n")
    found = _URL.fullmatch(urls[0])
    if found is None:
        raise Ended(3, "curl: (3) URL using bad/illegal format or missing URL\n")
    host, port = found["host"], int(found["port"] or 80)
    quiet = "s" in options and "S" not in options
    probe = _probe(call, host, port)
    if probe is None:
        raise Ended(6, "" if quiet else f"curl: (6) Could not resolve host: {host}\n")
    authority = f"{host}:{port}" if port != 80 else host
    method = "HEAD" if "I" in options else "GET"
    request = f"{method} {found['path'] or '/'} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: curl/{_VERSION}\r\nAccept: */*\r\n\r\n"
    road = Road(call.world)
    reply = road.exchange(probe, segments=connection(len(request), 80))
    server = _server(reply, road) if reply.answered else None
    call.world = road.arrived()
    if not reply.answered:
        status, said = _failure(reply, host, port)
        raise Ended(status, "" if quiet else said)
    return _shown(call, server, options, output, quiet)


def _curl_words(call: Call) -> tuple[str, list[str], str | None]:
    options, urls, output, words = "", [], None, list(call.words)
    long = {"--silent": "s", "--show-error": "S", "--head": "I", "--include": "i", "--fail": "f"}
    while words:
        word = words.pop(0)
        if word in long:
            options += long[word]
        elif word in ("--max-time", "--connect-timeout", "--output", "--header", "--request", "--retry", "--interface", "--noproxy"):
            value = words.pop(0) if words else ""
            output = value if word == "--output" else output
        elif word.startswith("--"):
            continue
        elif word.startswith("-"):
            flags = word[1:]
            for at, flag in enumerate(flags):
                options += flag
                if flag in "mXHdoAwue":
                    value = flags[at + 1 :] or (words.pop(0) if words else "")
                    output = value if flag == "o" else output
                    break
        else:
            urls.append(word)
    return options, urls, output


def _failure(reply: Prediction, host: str, port: int) -> tuple[int, str]:
    if reply.verdict in (Verdict.REFUSED, Verdict.NO_ROUTE):
        return 7, f"curl: (7) Failed to connect to {host} port {port} after 0 ms: Couldn't connect to server\n"
    return 28, f"curl: (28) Failed to connect to {host} port {port} after 129000 ms: Couldn't connect to server\n"


def _shown(call: Call, server: Server | None, options: str, output: str | None, quiet: bool) -> int:
    if server is None:
        raise Ended(52, "" if quiet else "curl: (52) Empty reply from server\n")
    if server.kind == "echo":
        raise Ended(1, "" if quiet else "curl: (1) Received HTTP/0.9 when not allowed\n")
    body = f"hello from {server.namespace}\n"
    head = f"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n"
    text = head if "I" in options else head + body if "i" in options else body
    if output is None:
        call.out(text)
    else:
        call.written[output] = text
    return 0


def netcat(call: Call) -> int:
    """nc -z: does the port answer? The words are those of OpenBSD's nc."""
    flags, operands, words = "", [], list(call.words)
    while words:
        word = words.pop(0)
        if word.startswith("-") and len(word) > 1:
            flags += word[1:]
            if word[-1] in "wpsiqX" and words:
                words.pop(0)
        else:
            operands.append(word)
    if "l" in flags:
        raise Ended(1, "nc: in a simulated lab, use the statement serve to listen\n")
    if len(operands) != 2 or not operands[1].isdigit():
        raise Ended(1, "usage: nc -z [-uv] [-w timeout] destination port\n")
    host, port, protocol = operands[0], int(operands[1]), "udp" if "u" in flags else "tcp"
    probe = _probe(call, host, port, protocol)
    if probe is None:
        raise Ended(1, f"nc: getaddrinfo for host \"{host}\" port {port}: Temporary failure in name resolution\n")
    road = Road(call.world)
    reply = road.exchange(probe, segments=connection())
    call.world = road.arrived()
    if reply.answered or (reply.later and reply.verdict == Verdict.BLOCKED):
        if "v" in flags:
            call.err(f"Connection to {host} {port} port [{protocol}/*] succeeded!\n")
        return 0
    if "v" in flags:
        why = {Verdict.REFUSED: "Connection refused", Verdict.NO_ROUTE: "Network is unreachable"}.get(reply.verdict, "Operation timed out")
        call.err(f"nc: connect to {host} port {port} ({protocol}) failed: {why}\n")
    return 1
