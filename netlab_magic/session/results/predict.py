"""What `predict` and `why … --predict` return: the reader's guess next to the outcome."""

from netlab_magic.i18n import language, message
from netlab_magic.model.probe import Outcome, Verdict
from netlab_magic.session.results.base import Result
from netlab_magic.session.results.html import Html, b, details, joined, pre
from netlab_magic.session.results.why import Why

__all__ = ["Asked", "Predicted"]


class Predicted(Result):
    """The reader's prediction and the outcome; true if the prediction came true.

    Attributes:
        reachable: whether the reader said that the packet would be answered.
        truth: what happened to the packet.
    """

    def __init__(self, reachable: bool, truth: Why) -> None:
        self.reachable = reachable
        self.truth = truth

    @property
    def outcome(self) -> Outcome:
        """The probe with its verdict."""
        return self.truth.outcome

    @property
    def right(self) -> bool | None:
        """Whether the prediction came true; None if that could not be measured."""
        return None if self.outcome.verdict == Verdict.NOT_MEASURED else self.outcome.answered == self.reachable

    def __bool__(self) -> bool:
        return self.right is True

    @property
    def sentence(self) -> str:
        """Whether the reader was right, in words."""
        say = language(self.truth.language)
        if self.right is None:
            return say("It could not be measured, so whether you are right is unknown.")
        thought = say("answered") if self.reachable else say("blocked")
        text = message("✓ Right: you said {thought}, and it is {verdict}.")
        if not self.right:
            text = message("✕ No: you said {thought}, but it is {verdict}.")
        return say(text, thought=thought, verdict=self.outcome.verdict)

    def __str__(self) -> str:
        return f"{self.sentence}\n{self.truth}"

    def html(self, commands: bool = False) -> Html:
        """See Result."""
        return joined(pre(self.sentence, class_="ok" if self else "bad"), self.truth.html())


class Asked(Result):
    """The question first: what will happen? Choosing an answer unfolds what does happen.

    Attributes:
        truth: the answer, for a program.
    """

    def __init__(self, truth: Why) -> None:
        self.truth = truth
        self._say = language(truth.language)

    @property
    def question(self) -> str:
        """What the reader is asked."""
        say = self._say
        return say("What do you think: is {flow} answered?", flow=self.truth.outcome.probe)

    def __str__(self) -> str:
        probe = self.truth.outcome.probe
        port = f":{probe.port}{'/udp' if probe.protocol == 'udp' else ''}" if probe.port else ""
        say, ask = self._say, f"%netlab predict {probe.source} {probe.name}{port} ok|blocked"
        return f"{self.question}\n  {say('Guess first, and see:')} {ask}"

    def html(self, commands: bool = False) -> Html:
        """See Result."""
        say = self._say
        choices = ((True, say("It is answered")), (False, say("It is blocked, or refused")))
        folded = (details(words, Predicted(reachable, self.truth).html()) for reachable, words in choices)
        return joined(pre(b(self.question)), *folded)
