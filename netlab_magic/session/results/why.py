"""What `why` and `predict` give: the account of one packet, with the pictures of its way and what would change its fate."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from html import escape

import msgspec

from netlab_magic.diagnosis.compare import Spot
from netlab_magic.diagnosis.predicted_path import path_of_prediction, said
from netlab_magic.diagnosis.remedies import Remedy, remedies
from netlab_magic.diagnosis.summary import Account, account
from netlab_magic.diagnosis.traced_path import path_of_trace
from netlab_magic.docker import Daemon
from netlab_magic.draw import Explain, Picture, topology_picture, way_picture
from netlab_magic.engines.protocol import SIMULATED
from netlab_magic.explain import rule_sentence
from netlab_magic.forwarding.prediction import Prediction
from netlab_magic.i18n import Assumption, Language, language, message
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.model.kernel_trace import KernelTrace
from netlab_magic.model.packet_path import PacketPath
from netlab_magic.model.probe import Outcome, Verdict
from netlab_magic.model.topology import HOST, Topology
from netlab_magic.session.results.base import MARKS, Result
from netlab_magic.session.results.trace import Tracked

__all__ = ["Asked", "Case", "Predicted", "Why"]


class Case(msgspec.Struct, frozen=True):
    """All that is known of one packet: the network, its rules by namespace, what the model expects, and what the kernel reported."""

    topology: Topology
    rulesets: Mapping[str, Ruleset]
    prediction: Prediction
    traced: KernelTrace | None = None
    unseen: Mapping[str, str] = {}
    assumptions: tuple[Assumption, ...] = ()
    dockerd: Daemon | None = None

    @property
    def outcome(self) -> Outcome:
        """The outcome that was measured, or the one that is expected."""
        if self.traced:
            return self.traced.outcome
        return Outcome(self.prediction.probe, self.prediction.verdict, why=self.prediction.unknown)


class Why(Result):
    """The account of one packet; true when it is answered."""

    def __init__(self, case: Case, language_name: str = "en") -> None:
        self.case = case
        self.language = language_name
        self.account: Account = account(case.prediction, case.rulesets, case.traced, language_name)
        self._say: Language = language(language_name)

    @property
    def outcome(self) -> Outcome:
        """What became of the packet."""
        return self.case.outcome

    def __bool__(self) -> bool:
        return self.outcome.answered

    @cached_property
    def remedies(self) -> tuple[Remedy, ...]:
        """What would let a packet pass that is not answered, the smallest change first; each has been tried in the model."""
        case = self.case
        return remedies(case.topology, case.rulesets, self.outcome.probe, case.prediction, case.unseen, case.dockerd)

    @cached_property
    def packet_path(self) -> PacketPath:
        """The packet's numbered way: the model's, which knows why rules did not match, unless the kernel tells it otherwise or more."""
        trusted = self.case.traced is None or not (self.case.prediction.unknown or self.account.differences)
        return path_of_prediction(self.case.prediction) if trusted or self.case.traced is None else path_of_trace(self.case.traced)

    def sentences(self) -> list[str]:
        """What happened, and where and why; a warning where model and kernel disagree."""
        return [text for text in (self.account.alarm, self.account.what, self.account.where) if text]

    def steps(self) -> list[str]:
        """The packet's way in words, numbered as in the pictures."""
        place = [step.namespace for step in self.packet_path.steps]
        return [f"{number:>3}. {place[number - 1]}: {said(step, self._say)}" for number, step in enumerate(self.packet_path.steps, 1)]

    def pictures(self) -> list[Picture]:
        """The topology, and the chains of each namespace that has rules, with the packet's way over them."""
        host = self.case.rulesets.get(HOST, Ruleset())
        drawn = [topology_picture(self.case.topology, host, [self.outcome], packet_path=self.packet_path)]
        for namespace in self.packet_path.namespaces:
            ruleset = self.case.rulesets.get(namespace)
            path = self.packet_path.path(namespace)
            if ruleset is not None and path.steps:
                drawn.append(way_picture(ruleset, _way(self.case.prediction, namespace), path=path, explain=self._explained(ruleset)))
        return [picture.marked(SIMULATED) for picture in drawn] if self._is_simulated else drawn

    @property
    def _is_simulated(self) -> bool:
        return self.case.traced is not None and self.case.traced.simulated

    def _verdict(self) -> str:
        return f"{self.outcome.verdict} ({SIMULATED})" if self._is_simulated else self.outcome.verdict

    def _explained(self, ruleset: Ruleset) -> Explain:
        return lambda table, chain, number: rule_sentence(ruleset, table, chain, number, self.language)

    def __str__(self) -> str:
        mark = MARKS[self.outcome.verdict]
        lines = [*self.sentences(), *self.assumptions(), *self._differences()]
        if self.remedies:
            lines.append(self._heading())
        for number, remedy in enumerate(self.remedies, 1):
            lines += [f"  {number}. {remedy.say(self._say)}", *(f"       {line}" for line in self._ways_to(remedy))]
        return "\n".join([f"{mark} {self.outcome.probe}: {self._verdict()}", *(f"  {line}" for line in lines)])

    def _heading(self) -> str:
        say = self._say
        if self.case.traced is None:
            return say("What would change it (any one of these, on that host):")
        return say("What would change it (any one of these, as a line of a cell):")

    def _ways_to(self, remedy: Remedy) -> Sequence[str]:
        """How to do it: statements of a cell, and commands where a cell changes nothing."""
        return remedy.commands if self.case.traced is None else remedy.statements or remedy.commands

    def assumptions(self) -> list[str]:
        """What is taken to be so of machines that nobody has looked at."""
        return [one.said(self.language) for one in self.case.assumptions]

    def _differences(self) -> list[str]:
        """What the model expected and what the kernel reported, where they differ."""
        say = self._say
        return [
            say(
                "{where}: the model expected {predicted}, the kernel reported {seen}.",
                where=" ".join(filter(None, [difference.namespace, difference.direction])) or self.outcome.probe,
                predicted=_spots(difference.predicted) or say("nothing"),
                seen=_spots(difference.seen) or say("nothing"),
            )
            for difference in self.account.differences
        ]

    def html(self, commands: bool = False) -> str:
        """See Result."""
        return "".join(self._html())

    def _html(self) -> Iterator[str]:
        kind = "ok" if self.outcome.answered else "bad"
        head = escape(f"{MARKS[self.outcome.verdict]} {self.outcome.probe}: ")
        yield f'<div lang="{self.language.replace("_", "-")}"><pre class="{kind}">{head}<b>{escape(self._verdict())}</b></pre>'
        for sentence in [*self.sentences(), *self._differences()]:
            yield f"<pre>{escape(sentence)}</pre>"
        for sentence in self.assumptions():
            yield f'<pre class="why">{escape(sentence)}</pre>'
        if self.remedies:
            yield f"<pre><b>{escape(self._heading())}</b></pre><ol>{''.join(map(self._offered, self.remedies))}</ol>"
        yield "".join(_drawn(picture) for picture in self.pictures())
        steps, say = escape("\n".join(self.steps())), self._say
        yield f"<details><summary>{escape(say('Its way, step by step'))}</summary><pre>{steps}</pre></details>"
        if self.case.traced:
            told = Tracked(self.case.traced, self.language).html()
            summary = say("What the model reports") if self._is_simulated else say("What the kernel reported")
            yield f"<details><summary>{escape(summary)}</summary>{told}</details>"
        yield "</div>"

    def _offered(self, remedy: Remedy) -> str:
        ways = self._ways_to(remedy)
        lines = escape("\n".join(ways))
        say, commands = self._say, escape("\n".join(remedy.commands))
        folded = f"<details><summary>{escape(say('on a real host'))}</summary><pre>{commands}</pre></details>"
        real = folded if ways != remedy.commands else ""
        typed = f"<pre><code>{lines}</code></pre>" if lines else ""
        return f"<li>{escape(remedy.say(say))}{typed}{real}</li>"


def _spots(found: tuple[Spot, ...] | str) -> str:
    if isinstance(found, str):
        return found
    return ", ".join(f"{table} {chain} {number or 'policy'}" for table, chain, number in found)


def _drawn(picture: Picture) -> str:
    return picture.svg() or f"<pre>{escape(picture.text)}</pre>"


def _way(prediction: Prediction, namespace: str) -> str:
    """Which of the ways through a namespace its packets took: forward, in or out."""
    traces = [prediction.request, *([prediction.back] if prediction.back is not None else [])]
    hooks = {hook for trace in traces for hop in trace.hops if hop.namespace == namespace for hook in hop.host_trace.hooks}
    return "forward" if "FORWARD" in hooks else "in" if "INPUT" in hooks else "out" if "OUTPUT" in hooks else "forward"


class Predicted(Result):
    """A prediction that the reader made, and the truth; true when it came true."""

    def __init__(self, reachable: bool, truth: Why) -> None:
        self.reachable = reachable
        self.truth = truth

    def __bool__(self) -> bool:
        return self.truth.outcome.verdict != Verdict.NOT_MEASURED and bool(self.truth) == self.reachable

    def _sentence(self) -> str:
        return _judgement(self.reachable, bool(self), self.truth)

    def __str__(self) -> str:
        return f"{self._sentence()}\n{self.truth}"

    def html(self, commands: bool = False) -> str:
        """See Result."""
        return f'<pre class="{"ok" if self else "bad"}">{escape(self._sentence())}</pre>{self.truth.html()}'


def _judgement(reachable: bool, right: bool, truth: Why) -> str:
    say = language(truth.language)
    if truth.outcome.verdict == Verdict.NOT_MEASURED:
        return say("Nobody can tell whether you are right: it could not be measured.")
    thought = say("answered") if reachable else say("blocked")
    text = message("✓ Right: you said {thought}, and it is {verdict}.")
    if not right:
        text = message("✕ Not so: you said {thought}, and it is {verdict}.")
    return say(text, thought=thought, verdict=truth.outcome.verdict)


class Asked(Result):
    """The question first: what will happen? The answer unfolds below what the reader chooses, or is `truth` in a program."""

    def __init__(self, truth: Why) -> None:
        self.truth = truth
        self._say = language(truth.language)

    def _question(self) -> str:
        say = self._say
        return say("What do you think: is {flow} answered?", flow=self.truth.outcome.probe)

    def __str__(self) -> str:
        probe = self.truth.outcome.probe
        port = f":{probe.port}{'/udp' if probe.protocol == 'udp' else ''}" if probe.port else ""
        say, ask = self._say, f"%netlab predict {probe.source} {probe.name}{port} ok|blocked"
        return f"{self._question()}\n  {say('Say it, and see:')} {ask}"

    def html(self, commands: bool = False) -> str:
        """See Result."""
        say = self._say
        choices = ((True, say("It is answered")), (False, say("It is blocked, or refused")))
        folded = "".join(
            f"<details><summary>{escape(words)}</summary>{Predicted(reachable, self.truth).html()}</details>"
            for reachable, words in choices
        )
        return f"<pre><b>{escape(self._question())}</b></pre>{folded}"
