"""What `why` returns: the account of one packet, its path, and what would change the outcome."""

from functools import cached_property

from netlab_magic.diagnosis.case import Case
from netlab_magic.diagnosis.compare import Difference
from netlab_magic.diagnosis.predicted_path import said
from netlab_magic.diagnosis.remedies import Remedy
from netlab_magic.diagnosis.summary import Account, account
from netlab_magic.draw import Picture
from netlab_magic.engines.protocol import SIMULATED
from netlab_magic.forwarding.any_address import End
from netlab_magic.i18n import language, message
from netlab_magic.iptables.ruleset import RulePosition
from netlab_magic.model.packet_path import PacketPath
from netlab_magic.model.probe import Outcome, Verdict
from netlab_magic.session.results.base import Result
from netlab_magic.session.results.html import Html, b, code, details, div, drawn, joined, li, ol, pre
from netlab_magic.session.results.trace import Tracked
from netlab_magic.session.results.why_pictures import why_pictures

__all__ = ["Why"]


class Why(Result):
    """The account of one packet; true when it is answered.

    Attributes:
        case: what the account is based on: the network, its rules, the prediction, and the kernel's report.
        account: the account as one value.
        packet_path: the packet's path, step by step, there and back.
        remedies: for a packet that was not answered, what would let it pass, the smallest change first; each was tried in the model.
        language: the language of the sentences, such as `en`.
    """

    def __init__(
        self, case: Case, account: Account, packet_path: PacketPath, remedies: tuple[Remedy, ...], language_name: str = "en"
    ) -> None:
        self.case = case
        self.account = account
        self.packet_path = packet_path
        self.remedies = remedies
        self.language = language_name
        self._say = language(language_name)

    @property
    def outcome(self) -> Outcome:
        """The probe with its measured verdict or, if nothing was sent, with the predicted one."""
        return self.case.outcome

    @property
    def verdict(self) -> Verdict:
        """What happened to the packet."""
        return self.outcome.verdict

    @property
    def measured(self) -> bool:
        """Whether the packet was really sent, rather than predicted from the rules alone."""
        return self.case.traced is not None

    @property
    def unknown(self) -> str:
        """Why the model cannot decide what happens to the packet; "" if it can."""
        return self.case.prediction.unknown

    @property
    def differences(self) -> tuple[Difference, ...]:
        """Where the kernel's report differs from what the model expected; none if they agree, or if nothing was sent."""
        return self.account.differences

    @property
    def sentences(self) -> tuple[str, ...]:
        """What happened, where and why; preceded by a warning if model and kernel disagree."""
        return tuple(text for text in (self.account.alarm, self.account.what, self.account.where) if text)

    @property
    def steps(self) -> tuple[str, ...]:
        """The packet's path in words, step by step, in the order of the numbers in the pictures."""
        return tuple(f"{step.namespace}: {said(step, self._say)}" for step in self.packet_path.steps)

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What is assumed about unknown hosts."""
        return tuple(one.said(self.language) for one in self.case.assumptions)

    @property
    def ends(self) -> tuple[str, ...]:
        """How the packet ends, if that depends on something that was not read: a sentence for each case."""
        return tuple(self._end(end) for end in self.case.ends)

    @property
    def settled_by(self) -> tuple[str, ...]:
        """The commands whose output would tell which of the `ends` it is, or what else keeps the model from deciding."""
        return self.case.settled_by

    def _end(self, end: End) -> str:
        say, verdict = self._say, end.prediction.verdict
        clauses = say.several(message("{} and {}"), message("{} and {}"), [clause.said(self.language) for clause in end.clauses])
        told = account(end.prediction, self.case.rulesets, language_name=self.language)
        if end.prediction.unknown:
            return say("If {case}: not known ({why}).", case=clauses, why=end.prediction.unknown)
        return say("If {case}: {mark} {verdict}. {where}", case=clauses, mark=verdict.mark, verdict=verdict, where=told.where).rstrip()

    @property
    def _settling(self) -> list[str]:
        say = self._say
        return [say("To settle it: {}", "; ".join(self.settled_by))] if self.settled_by else []

    @cached_property
    def pictures(self) -> tuple[Picture, ...]:
        """The topology, and the chains of each namespace that has rules, with the packet's path over them."""
        return tuple(why_pictures(self.case, self.packet_path, self.language))

    def __bool__(self) -> bool:
        return self.outcome.answered

    @property
    def _head(self) -> str:
        return f"{self.verdict.mark} {self.outcome.probe}: "

    @property
    def _verdict(self) -> str:
        return f"{self.verdict} ({SIMULATED})" if self.case.is_simulated else self.verdict

    @property
    def _offers(self) -> str:
        say = self._say
        if self.measured and self.case.is_own:
            return say("What would change it (any one of these, as a line of a cell):")
        return say("What would change it (any one of these, on that host):")

    def _lines_of(self, remedy: Remedy) -> tuple[str, ...]:
        """How to do it: statements of a cell, and commands where a cell changes nothing."""
        return (remedy.statements or remedy.commands) if self.measured and self.case.is_own else remedy.commands

    def _differences(self) -> list[str]:
        """What the model expected and what the kernel reported, where they differ."""
        say = self._say
        return [
            say(
                "{where}: the model expected {predicted}, the kernel reported {seen}.",
                where=" ".join(filter(None, [difference.namespace, difference.direction])) or self.outcome.probe,
                predicted=_told(difference.predicted) or say("nothing"),
                seen=_told(difference.seen) or say("nothing"),
            )
            for difference in self.differences
        ]

    def __str__(self) -> str:
        lines = [*self.sentences, *self.ends, *self._settling, *self.assumptions, *self._differences()]
        if self.remedies:
            lines.append(self._offers)
        for number, remedy in enumerate(self.remedies, 1):
            lines += [f"  {number}. {remedy.sentence(self.language)}", *(f"       {line}" for line in self._lines_of(remedy))]
        return "\n".join([f"{self._head}{self._verdict}", *(f"  {line}" for line in lines)])

    def html(self, commands: bool = False) -> Html:
        """See Result. The pictures are rendered on first use."""
        return self._html

    @cached_property
    def _html(self) -> Html:
        say = self._say
        heading = pre(self._head, b(self._verdict), class_="ok" if self else "bad")
        told = [*map(pre, (*self.sentences, *self.ends, *self._settling, *self._differences()))]
        told += [pre(one, class_="why") for one in self.assumptions]
        offered = [pre(b(self._offers)), ol(*map(self._offered, self.remedies))] if self.remedies else []
        numbered = "\n".join(f"{number:>3}. {step}" for number, step in enumerate(self.steps, 1))
        folded = [details(say("Its path, step by step"), pre(numbered))]
        if self.case.traced:
            summary = say("What the model reports") if self.case.is_simulated else say("What the kernel reported")
            folded.append(details(summary, Tracked(self.case.traced, self.language).html()))
        parts = heading, *told, *offered, *map(drawn, self.pictures), *folded
        return div(*parts, lang=self.language.replace("_", "-"))

    def _offered(self, remedy: Remedy) -> Html:
        say, lines = self._say, self._lines_of(remedy)
        typed = pre(code("\n".join(lines))) if lines else ""
        real = details(say("on a real host"), pre("\n".join(remedy.commands))) if lines != remedy.commands else ""
        return li(remedy.sentence(self.language), joined(typed, real))


def _told(found: tuple[RulePosition, ...] | Verdict) -> str:
    return found if isinstance(found, Verdict) else ", ".join(map(str, found))
