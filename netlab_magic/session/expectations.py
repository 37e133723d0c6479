"""Expectations of a firewall, from a file: lines of `SRC DST[:PORT][/udp] ok|blocked`, judged on a host that is only looked at."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum

import msgspec

from netlab_magic.diagnosis.predicted_path import path_of_prediction
from netlab_magic.diagnosis.summary import account
from netlab_magic.errors import Place, StatementError
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.language import parser
from netlab_magic.language import statements as s
from netlab_magic.language.syntax import SYNTAX
from netlab_magic.model.packet_path import PacketPath, PathStep
from netlab_magic.model.probe import Outcome, Verdict
from netlab_magic.session.predict_only import foreseen
from netlab_magic.session.state import Seen

__all__ = ["Expectation", "Judged", "Judgement", "expectations_in", "judged"]

_FORM = "SRC DST[:PORT][/udp] [in DEV] [-6] ok|blocked"
_AS_STATEMENT = "why "


class Judgement(StrEnum):
    """How an expectation turned out. UNKNOWN is no success: the rules alone do not say what happens."""

    MET = "met"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Expectation(msgspec.Struct, frozen=True):
    """A line of a file: whether a packet is answered. `place` is its line, `asked` the question without what is expected."""

    file: str
    place: Place
    asked: s.Why
    reachable: bool

    def __str__(self) -> str:
        return self.place.source.partition("#")[0].strip()


class Judged(msgspec.Struct, frozen=True):
    """An expectation and what the model says: the outcome, in sentences, and the step that decided: what stopped a packet or let it pass.

    `rulesets` are the rules of each namespace, for the text of the rule; `assumptions` is what the verdict rests on besides.
    """

    expectation: Expectation
    outcome: Outcome
    sentences: tuple[str, ...] = ()
    decided_by: PathStep | None = None
    rulesets: Mapping[str, Ruleset] = {}
    assumptions: tuple[str, ...] = ()

    @property
    def result(self) -> Judgement:
        """Whether it is as expected; everything but an answer counts as blocked."""
        if self.outcome.verdict == Verdict.NOT_MEASURED:
            return Judgement.UNKNOWN
        return Judgement.MET if self.outcome.answered == self.expectation.reachable else Judgement.FAILED


def expectations_in(text: str, file: str) -> list[Expectation]:
    """The expectations of a file. Raises StatementError, with the file and the line, for the first that cannot be read, or for none."""
    found = list(_read(text, file))
    if not found:
        raise StatementError(f"{file} has no expectations: a line is {_FORM}")
    return found


def _read(text: str, file: str) -> Iterator[Expectation]:
    for number, source in enumerate(text.splitlines(), 1):
        line = source.partition("#")[0].rstrip()
        if line.strip():
            yield _expectation(line, Place(number, source), file)


def _expectation(line: str, place: Place, file: str) -> Expectation:
    *_, last = line.split()
    question = line[: -len(last)].rstrip()
    if last not in ("ok", "blocked"):
        at = msgspec.structs.replace(place, column=len(line) - len(last), width=len(last))
        raise StatementError(f"{file}: {last} is not an outcome, which a line ends with: {_FORM}", at)
    try:
        (asked,) = parser.parse(_AS_STATEMENT + question.lstrip() or _AS_STATEMENT)
    except StatementError as error:
        raise StatementError(f"{file}: {error.message.replace(SYNTAX['why'].form, _FORM)}", _moved(error.place, question, place)) from None
    if not isinstance(asked, s.Why) or asked.asks:
        raise StatementError(f"{file}: a line is {_FORM}", place)
    return Expectation(file, place, asked, last == "ok")


def _moved(found: Place | None, question: str, place: Place) -> Place:
    """A place in the statement that was made of a line, in that line."""
    if found is None:
        return place
    indent = len(question) - len(question.lstrip())
    return msgspec.structs.replace(place, column=max(0, found.column - len(_AS_STATEMENT) + indent), width=max(1, found.width))


def judged(seen: Seen, expectations: Sequence[Expectation], language: str = "en") -> Iterator[Judged]:
    """Each expectation with what happens to its packet on a host that is only looked at. Raises StatementError, with file and line."""
    for expectation in expectations:
        try:
            yield _judged(seen, expectation, language)
        except StatementError as error:
            place = _moved(error.place, expectation.place.source, expectation.place)
            raise StatementError(f"{expectation.file}: {error.message}", place) from None


def _judged(seen: Seen, expectation: Expectation, language: str) -> Judged:
    asked = expectation.asked
    found, model = foreseen(seen, asked.source, asked.destination, asked.device)
    prediction = found.prediction
    rulesets = model.rules_for(prediction.probe)
    told = account(prediction, rulesets, language_name=language)
    outcome = Outcome(prediction.probe, prediction.verdict, why=prediction.unknown)
    assumed = tuple(one.said(language) for one in found.assumptions)
    sentences = tuple(filter(None, (told.what, told.where)))
    return Judged(expectation, outcome, sentences, _decider(path_of_prediction(prediction)), rulesets, assumed)


def _decider(path: PacketPath) -> PathStep | None:
    """What stopped a packet or, if nothing did, the last rule or policy that accepted the request."""
    accepted = (step for step in reversed(path.steps) if step.inside and not step.back and step.outcome == "ACCEPT")
    return path.fatal or next(accepted, None)
