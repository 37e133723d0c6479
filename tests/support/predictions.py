"""Whether what is measured and what is predicted of a flow agree."""

import errno
import os
import time
from collections.abc import Callable, Sequence

from netlab_magic import Lab
from netlab_magic.forwarding.prediction import Prediction
from netlab_magic.model.outcomes import could_not_send, mute
from netlab_magic.model.probe import Outcome, Probe

__all__ = ["disagreements", "measured"]

_AT_ONCE = 90
"""For more than a hundred probes the lab fills neighbour tables itself, and an address that nobody has would be "blocked"."""


def measured(lab: Lab, probes: Sequence[Probe]) -> list[Outcome]:
    """The outcomes of any number of probes.

    Hosts tell of every lost packet meanwhile; else the kernel tells of a few a second.
    """
    for name in lab.observe().topology.namespaces:
        lab.sysctl("net.ipv4.icmp_ratelimit", 0, name)
    return [outcome for at in range(0, len(probes), _AT_ONCE) for outcome in lab.engine.probe(probes[at : at + _AT_ONCE])]


def disagreements(lab: Lab, probes: Sequence[Probe], predict: Callable[[Probe], Prediction]) -> list[str]:
    """Where the two differ, also after a while: some limits on ICMP errors are the machine's, which fill up within seconds."""
    pairs = zip(measured(lab, probes), map(predict, probes), strict=True)
    doubtful = [found for outcome, found in pairs if not _agree(outcome, found)]
    if doubtful:
        time.sleep(5)
    again = zip(lab.engine.probe([found.probe for found in doubtful]), doubtful, strict=True)
    return [
        f"{outcome.probe}: measured {outcome.verdict}, predicted {found.verdict} {found.unknown}".rstrip()
        for outcome, found in again
        if not _agree(outcome, found)
    ]


def _agree(outcome: Outcome, found: Prediction) -> bool:
    """A receiver that is silent to itself says nothing about the way there: the lab measures nothing then, and the model may know.

    A sender that may not send (EACCES) has a route of the kind prohibit, or it is a broadcast: the lab does not tell which.
    """
    return outcome.verdict == found.verdict or outcome in (mute(outcome.probe), could_not_send(outcome.probe, os.strerror(errno.EACCES)))
