"""One table at one hook: from rule to rule, into chains and back, until there is a verdict.

The branches are the rules of the big-step semantics of Iptables_Semantics (Semantics.thy, Semantics_Goto.thy; the Archive of Formal
Proofs), named in the comments.
"""

from collections.abc import Mapping

import msgspec

from netlab_magic.walk.actions import Unjudged
from netlab_magic.walk.frame import Frame
from netlab_magic.walk.program import Line, Lines
from netlab_magic.walk.result import Visit

__all__ = ["Decision", "Undecided", "traverse"]


class Decision(msgspec.Struct, frozen=True):
    """What a table decided: ACCEPT, DROP or REJECT, which line did, and the packet as the table leaves it."""

    verdict: str
    line: Line
    frame: Frame


class Undecided(Exception):
    """The way goes on in two ways, and nobody can tell which: `line` is the rule, `why` says why."""

    def __init__(self, line: Line, why: str) -> None:
        super().__init__(why)
        self.line = line
        self.why = why


def traverse(
    hook: str,
    chains: Mapping[str, Lines],
    frame: Frame,
    assumed: Mapping[tuple[str, str, int], bool],
    visits: list[Visit],
) -> Decision:
    """The decision of one table; what was looked at is added to `visits`. Raises Undecided."""
    lines, at = chains[hook], 0
    callers: list[tuple[Lines, int]] = []
    while True:
        line = lines[at]
        at += 1
        matched, failed = _match(line, frame)
        if matched is None:
            matched = assumed.get(line.place)
        if matched is False:  # nomatch
            visits.append(Visit(hook, line, False, failed, frame))
            continue
        follows = line.action
        if matched is None:
            if line.acts:
                raise Undecided(line, f"uses {line.conditions[failed].about}")
            visits.append(Visit(hook, line, None, failed, frame))
            continue
        changed = _changed(line, frame)
        visits.append(Visit(hook, line, True, -1, frame, None if changed is frame else changed))
        frame = changed
        if follows.chain:  # call; goto leaves no place to come back to
            if not follows.goto:
                callers.append((lines, at))
            lines, at = chains[follows.chain], 0
        elif follows.verdict == "RETURN":  # call_return, call_result; in a built-in chain its policy decides
            lines, at = callers.pop() if callers else (chains[hook], len(chains[hook]) - 1)
        elif follows.verdict:  # accept, drop, reject
            return Decision(follows.verdict, line, frame)
        # log, empty: on to the next rule


def _match(line: Line, frame: Frame) -> tuple[bool | None, int]:
    """Whether all conditions hold, and the number of the first that does not, or that nobody knows."""
    unknown = -1
    for at, test in enumerate(line.tests):
        answer = test(frame)
        if not answer:
            if answer is not None:
                return False, at
            unknown = at if unknown < 0 else unknown
    return (True, -1) if unknown < 0 else (None, unknown)


def _changed(line: Line, frame: Frame) -> Frame:
    follows = line.action
    if follows.unknown:
        raise Undecided(line, follows.unknown)
    if follows.change is None:
        return frame
    try:
        return follows.change(frame)
    except Unjudged as reason:
        raise Undecided(line, str(reason)) from reason
