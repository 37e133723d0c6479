"""What cells answer, in a form that two engines can be compared by: without times and other things that never repeat."""

import re
from collections.abc import Iterator

from support.labs import Written

from netlab_magic import Lab, NetlabError
from netlab_magic.draw import Picture
from netlab_magic.session.results.base import CellResult
from netlab_magic.session.results.capture import Captured

_VOLATILE = (
    (r"\b([0-9a-f]{2}:){5}[0-9a-f]{2}\b", "MAC"),
    (r" in \d+\.\d\d ms", ""),
    (r"time=[\d.]+ ms", "time"),
    (r" ?\(simulated\)", ""),
    (r"\bfe80::[0-9a-f:]+", "LINK-LOCAL"),
    (r"(scope global) nodad", r"\1"),
    (r"\b(?:REACHABLE|DELAY|STALE|PROBE)\b", "KNOWN"),
    (r"\b(id|sport|dport)=\d+(?= (?:src|mark|\[|dport=\d+ \[|dport=\d+ mark))", r"\1"),
    (r"✓ (?:[\d.]+ ms|answered) *", "✓ answered "),
    (r"(✕ blocked) +", r"\1 "),
    (r"\bport \d{5}\b", "port"),
    (r"rtt .*", "rtt"),
    (r"packet loss, time \d+ms", "packet loss"),
    (r"on \w{3} \w{3} +\d+ [\d:]+ \d{4}", "on DATE"),
    (r"Chain (\w+) \(policy (\w+) \d+ packets, \d+ bytes\)", r"Chain \1 (policy \2)"),  # real bridges send packets of their own
    (r"^:(\S+) (\S+) \[\d+:\d+\]", r":\1 \2"),
    (r"\b\d+ packets? with \d+ bytes", "packets"),
)  # fmt: skip


def answers(lab: Lab, cell: str, **options: bool) -> Iterator[str]:
    """What a lab says to a cell, without what differs from run to run."""
    written = Written()
    yield f">>> {cell.strip().splitlines()[0]}"
    try:
        result = lab.run(cell, stream=written, **options)
        said = [_said(result)]
    except NetlabError as error:
        said = [_said(one) for one in lab.partial] + [f"{type(error).__name__}: {error}"]
    text = "\n".join([written.stdout, written.stderr, *(one for one in said if one not in ("", written.stdout.rstrip("\n")))])
    for pattern, instead in _VOLATILE:
        text = re.sub(pattern, instead, text, flags=re.MULTILINE)
    yield from (line for line in text.splitlines() if line.strip())


def _said(result: object) -> str:
    """The text of a result; of a picture with counters its title, for policies count what a real network sends by itself."""
    if isinstance(result, CellResult):
        return "\n".join(map(_said, result))
    if isinstance(result, Captured):  # when a packet passed, and from which port, no run repeats
        return f"packets at {sorted({str(seen.at) for seen in result.sightings})}"
    return result.title if isinstance(result, Picture) and "Chain " in result.words else str(result)
