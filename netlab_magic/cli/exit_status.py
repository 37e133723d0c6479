"""The exit statuses of `netlab-magic`, for scripts."""

from enum import IntEnum

from netlab_magic.model.probe import Verdict

__all__ = ["Status", "status_of"]


class Status(IntEnum):
    """How a command ended; the help of `netlab-magic` and docs/cli.md list them."""

    OK = 0
    NO = 1
    WRONG = 2
    UNKNOWN = 3
    INTERRUPTED = 130
    """As a shell counts the end by SIGINT."""
    BROKEN_PIPE = 141
    """As a shell counts the end by SIGPIPE."""


def status_of(*verdicts: Verdict) -> Status:
    """OK if all were answered; otherwise NO if any certainly was not; otherwise UNKNOWN.

    >>> status_of(Verdict.ANSWERED, Verdict.NOT_MEASURED).name
    'UNKNOWN'
    """
    missed = {verdict for verdict in verdicts if verdict != Verdict.ANSWERED}
    if not missed:
        return Status.OK
    return Status.UNKNOWN if missed == {Verdict.NOT_MEASURED} else Status.NO
