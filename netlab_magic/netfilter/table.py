"""Walks one table at one hook: from rule to rule, into chains and back, until there is a verdict.

The branches are the rules of the big-step semantics of Iptables_Semantics (Semantics.thy, Semantics_Goto.thy; the Archive of Formal
Proofs), named in the comments.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import msgspec

from netlab_magic.netfilter.frame import Frame
from netlab_magic.netfilter.result import Entries, PassedRules, RuleVisit
from netlab_magic.netfilter.rule_index import Candidate, Line, Lines
from netlab_magic.netfilter.targets import Action, Change, Several, Unjudged

__all__ = ["Decision", "Undecided", "traverse"]


class Decision(msgspec.Struct, frozen=True):
    """The decision of a table: ACCEPT, DROP or REJECT, the line that decided, and the packet as the table leaves it."""

    verdict: str
    line: Line
    frame: Frame


class Undecided(Exception):
    """Raised if the next step is unknown because of `line`, for the reason `why`. With `forks`, it may be one or the other."""

    def __init__(self, line: Line, why: str, *, forks: bool = False) -> None:
        super().__init__(why)
        self.line = line
        self.why = why
        self.forks = forks


def traverse(hook: str, base: str, chains: Mapping[str, Lines], frame: Frame, assumed: Iterator[bool], entries: Entries) -> Decision:
    """The decision of one table, starting in its chain `base`; what is checked is added to `entries`.

    `assumed` says, for each undecidable rule in order, whether it is taken to match. Raises Undecided when it is used up, and for loops of
    chains, which the kernel refuses (mark_source_chains in ip_tables.c, nft_chain_validate).
    """
    kind = frame.protocol, frame.input, frame.output
    chain, at = chains[base], -1
    candidates = iter(chain.candidates(kind, frame))
    callers: list[tuple[Lines, int, Iterator[Candidate], int]] = []
    entered = [base]  # the calling chains to return to, including those left by a goto
    while True:
        before, (at, line, certain) = at, _next(candidates, frame)
        if at > before + 1:  # nomatch
            entries.append(PassedRules(hook, chain, before + 1, at, frame))
        if not certain or line.stages:
            known, failed = line.match(frame)
            matched = known if known is not None else next(assumed, None) if line.acts else None
            if matched is None and line.acts:
                raise Undecided(line, f"uses {line.conditions[failed].about}", forks=True)
            if not matched:
                left = frame if not line.stages else _changed(line, partial(line.left_by, failed), frame, assumed)
                entries.append(RuleVisit(hook, line, matched, failed, frame, None if left is frame else left))
                frame = left
                continue
        follows = line.action
        if follows.change is None and follows.choose is None:
            entries.append(RuleVisit(hook, line, True, -1, frame))
        else:
            changed, follows = _carried_out(line, frame, assumed)
            entries.append(RuleVisit(hook, line, True, -1, frame, None if changed is frame else changed, follows))
            frame = changed
        if follows.chain:  # call; a goto sets no return point
            if follows.chain in entered:
                raise Undecided(line, _leads_back(entered, follows.chain))
            if not follows.goto:
                callers.append((chain, at, candidates, len(entered)))
            entered.append(follows.chain)
            chain, at = chains[follows.chain], -1
            candidates = iter(chain.candidates(kind, frame))
        elif follows.verdict == "RETURN":  # call_return, call_result; in a built-in chain its policy decides
            if callers:
                chain, at, candidates, depth = callers.pop()
                del entered[depth:]
            else:
                chain = chains[base]
                at, candidates = len(chain) - 2, iter((chain.end,))
        elif follows.verdict:  # accept, drop, reject
            return Decision(follows.verdict, line, frame)
        # log, empty: on to the next rule


def _next(candidates: Iterator[Candidate], frame: Frame) -> tuple[int, Line, bool]:
    """The next line that the frame matches, or may match: then it is not certain. The end of a chain matches whatever there is."""
    for at, line, tests in candidates:
        for test in tests:
            answer = test(frame)
            if not answer:
                break
        else:
            return at, line, True
        if answer is None and line.match(frame)[0] is None:
            return at, line, False
    raise AssertionError("a chain has an end")


def _leads_back(entered: list[str], chain: str) -> str:
    """Why nothing follows a rule of a loop of chains, after "rule 1 of B "."""
    path = " → ".join((*entered[entered.index(chain) :], chain))
    return f"leads back to {chain} in a loop of chains ({path}), which the kernel would refuse"


def _carried_out(line: Line, frame: Frame, assumed: Iterator[bool]) -> tuple[Frame, Action]:
    """The packet as a matching line leaves it, and what follows."""
    follows = line.action
    if follows.change is not None:
        frame = _changed(line, follows.change, frame, assumed)
    if follows.choose is None:
        return frame, follows
    try:
        follows = follows.choose(frame)
    except Several as several:
        follows = _one_of(line, several, assumed)
    except Unjudged as reason:
        raise Undecided(line, str(reason)) from reason
    return frame if follows.change is None else _changed(line, follows.change, frame, assumed), follows


def _changed(line: Line, change: Change, frame: Frame, assumed: Iterator[bool]) -> Frame:
    try:
        return change(frame)
    except Several as several:
        found: Frame = _one_of(line, several, assumed)
        return found
    except Unjudged as reason:
        raise Undecided(line, str(reason)) from reason


def _one_of(line: Line, several: Several, assumed: Iterator[bool]) -> Any:
    """The possibility that is taken to come true: each but the last is one more question."""
    *first, last = several.options
    for each in first:
        is_taken = next(assumed, None)
        if is_taken is None:
            raise Undecided(line, str(several), forks=True)
        if is_taken:
            return each
    return last
