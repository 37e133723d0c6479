"""The desk: what all panels of one lab share. It looks at the lab, does what the panels ask for, and tells all of them.

All of it is done by one worker of the desk's own, so that neither a cell nor the page ever waits for a measurement; it works while a
panel is on a page. Cells go first: while one of them has the lab, the desk waits for another time.
"""

import logging
import re
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from weakref import WeakValueDictionary

from netlab_magic.draw import Picture, chains_picture, topology_picture
from netlab_magic.engines.protocol import SIMULATED, Observed
from netlab_magic.errors import LabUnavailable, NetlabError
from netlab_magic.explain import rule_sentence
from netlab_magic.forwarding import endpoints
from netlab_magic.i18n import Language, language, message
from netlab_magic.iptables import save_format
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.jupyter.panel import page_state
from netlab_magic.jupyter.panel.history_strips import Strips
from netlab_magic.jupyter.panel.packet_stepper import Stepping
from netlab_magic.jupyter.panel.rule_list import Entry, merged
from netlab_magic.jupyter.panel.worker import Job, worker
from netlab_magic.model.probe import Outcome
from netlab_magic.session.lab import Lab

__all__ = ["Desk", "desk_of"]

LOOK_SECONDS = 0.4
"""How long after one look at the lab the next one follows."""

WATCH_SECONDS = 300.0
"""When watching ends by itself."""

VIEW_SECONDS = 300.0
"""A page that is not heard of for so long was closed without a word. While a long cell runs nothing is heard; then it comes back."""

SETTLED_SECONDS = 3.0
"""How long nothing must have changed before what the notebook keeps is brought up to date."""

PATIENCE = 1.0
"""How long what somebody asked for waits for a cell that has the lab."""

_SHARE = 10
"""A look may take one part in this many of the time; large labs are looked at less often."""

_MOST_COMMANDS = 60
_COUNTERS = re.compile(r"^\[\d+:\d+\] | \[\d+:\d+\]$|^#.*\n", re.MULTILINE)
_EMPTY = re.compile(r"^\*\w+\n(?::\w+ ACCEPT\n)*COMMIT\n", re.MULTILINE)
"""A table without anything in it: looking, and tracing, makes the kernel load tables, which is no change."""

_LOG = logging.getLogger(__name__)

Part = Callable[[dict[str, object]], None]


class Desk:
    """The state of one lab as its panels show it; `views` are the places on pages where one is shown, and when each was heard of last.

    `tellers` hear of every change, `keepers` once nothing has changed for a while.
    """

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.parts: dict[str, object] = {}
        self.tellers: list[Part] = []
        self.keepers: list[Callable[[], None]] = []
        self.views: dict[str, float] = {}
        self.turn = threading.RLock()
        self.entries: tuple[Entry, ...] = ()
        self.observed: Observed | None = None
        self.ruleset = Ruleset()
        self.outcomes: tuple[Outcome, ...] = ()
        self.topology: Picture | None = None
        self.stepping: Stepping | None = None
        self.commands: list[str] = []
        self._sequence = 0
        self._known: dict[str, str] = {}
        self._rules = ""
        self._strips = Strips()
        self._watch_until = 0.0
        self._cost = 0.0
        self._changed_at = 0.0
        self.worker = worker(self.do, self._rest, self._pause)
        lab.listeners.append(self._hear)

    # --- the worker ----------------------------------------------------------------------------------------------------

    def ask(self, job: Job) -> None:
        """Has something done by the desk's worker."""
        self.worker.ask(job)

    def _rest(self) -> bool:
        """Nothing was asked for: a look, while there is a page. Tells whether the worker is still wanted."""
        for view, heard in list(self.views.items()):
            if time.monotonic() - heard > VIEW_SECONDS:
                self.gone(view)
        if self.views:
            self.do(self.look)
        return bool(self.views)

    def _pause(self) -> float:
        if not self.views:
            return 0.05
        shortest = 0.5 - min(self._cost, 0.4) if self.watching else LOOK_SECONDS
        return max(shortest, _SHARE * self._cost if not self.watching else self._cost)

    def do(self, job: Job) -> None:
        """Does something now; what goes wrong is told in the panels, for nobody would see it anywhere else."""
        with self.turn:
            try:
                job()
            except NetlabError as error:
                self.say_error(str(error))
            except Exception as error:  # noqa: BLE001 - the end of the job: it is shown and logged, and the panel lives on
                _LOG.exception("panel")
                self.say_error(f"{type(error).__name__}: {error}")

    def _hear(self) -> None:
        """A cell has changed the lab."""
        if self.views:
            self.ask(self.look)

    def shown(self, view: str) -> None:
        """A panel is on a page; it says so again and again."""
        self.views[view] = time.monotonic()
        self.ask(self.look)

    def gone(self, view: str) -> None:
        """A panel is not on its page any more; watching ends with the last one."""
        self.views.pop(view, None)
        if not self.views:
            self._watch_until = 0.0

    # --- telling -------------------------------------------------------------------------------------------------------

    @property
    def say(self) -> Language:
        """The language of the lab's explanations."""
        return language(self.lab.language)

    def tell(self, **found: object) -> None:
        """Has every panel show these parts, as far as they are new."""
        new = {name: value for name, value in found.items() if self.parts.get(name) != value}
        self.parts.update(new)
        if new.keys() - {"counters"}:
            self._changed_at = time.monotonic()
        if new:
            for teller in list(self.tellers):
                teller(new)

    def say_state(self, text: str, *, bad: bool = False, **more: object) -> None:
        """A sentence for the status line; every one comes with a new number, upon which the page shows all switches as they are."""
        self._sequence += 1
        up = {"alive": self.lab.is_up, "watching": self.watching, "busy": False, **more}
        self.tell(status={"sequence": self._sequence, "text": text, "bad": bad, **up})

    def say_error(self, sentence: str) -> None:
        """What went wrong."""
        self.say_state(sentence, bad=True)

    def log(self, *lines: str) -> None:
        """Commands that stand for what was done."""
        self.commands = [*self.commands, *lines][-_MOST_COMMANDS:]
        self.tell(commands=list(self.commands))

    # --- looking -------------------------------------------------------------------------------------------------------

    @property
    def watching(self) -> bool:
        """Whether every pair is probed again and again."""
        return time.monotonic() < self._watch_until

    def watch(self, on: bool) -> None:
        """Begins or ends watching."""
        self._watch_until = time.monotonic() + WATCH_SECONDS if on else 0.0
        self._strips.clear()
        self.tell(strips=[])
        self.say_state(self.say(message("Watching every pair.")) if on else self.say(message("Not watching any more.")))

    def look(self, again: bool = False, said: str = "") -> None:
        """Reads the lab; where it has changed, measures every pair and redraws. `again` does so in any case."""
        started = time.monotonic()
        with ExitStack() as stack:
            try:
                stack.enter_context(self.lab.turn(PATIENCE if again else 0.0))
            except LabUnavailable:
                self._is_busy(again)
                return
            if not self.lab.is_up:
                self._has_ended()
                return
            self._read(again, said)
        self._cost = time.monotonic() - started
        if self._watch_until and not self.watching:
            self._watch_until = 0.0
            self.say_state(self.say(message("Watching has ended by itself.")))

    def _is_busy(self, asked: bool) -> None:
        if asked:
            raise LabUnavailable(self.say(message("The lab is busy with a cell; the panel follows when it ends.")))
        status = self.parts.get("status")
        if isinstance(status, dict) and not status["busy"]:
            self.tell(status={**status, "busy": True})

    def _has_ended(self) -> None:
        self._watch_until = 0.0
        self.entries, self.stepping = (), None
        status = self.parts.get("status")
        if not isinstance(status, dict) or status["alive"]:
            self.tell(way=None)
            self.say_state(self.say(message("The lab has ended. What is shown is what there was last.")), bad=True, alive=False)

    def _read(self, again: bool, said: str) -> None:
        observed = self.lab.observe()
        rules = _EMPTY.sub("", _COUNTERS.sub("", observed.rules))
        before = self.observed
        changed = before is None or observed.topology != before.topology or rules != self._rules
        returned = not self.parts.get("status", {}).get("alive") or self.parts["status"]["busy"]  # type: ignore[attr-defined,index]
        self.observed, self._rules = observed, rules
        self.tell(counters=page_state.counters(observed.rules))
        if changed:
            self._show_rules(observed)
        if changed or again:
            self._measure(observed, before is not None and changed and not again, said)
        elif self.watching:
            self._measure_on(observed)
        elif returned:
            self.say_state(self._summary())
        elif time.monotonic() - self._changed_at > SETTLED_SECONDS:
            for keeper in list(self.keepers):
                keeper()

    def _show_rules(self, observed: Observed) -> None:
        self.ruleset = save_format.parse(self._rules, strict=False)
        forward = self.ruleset.chain("FORWARD")
        self.entries = merged(self.entries, [rule.spec for rule in forward.rules] if forward else [])
        self.tell(
            policies=page_state.policies(self.ruleset),
            rules=page_state.rules(self.entries, self.ruleset, self.say, self._known),
            more=max(0, len(self.entries) - page_state.MOST_RULES),
            places=page_state.places(observed.topology),
        )
        if self.stepping:
            self.stepping.changed(observed)
            self.show_way()

    def list_rules(self, entries: tuple[Entry, ...]) -> None:
        """Shows another list of rules than the kernel's alone, because some were taken out or moved."""
        self.entries = entries
        self.tell(rules=page_state.rules(entries, self.ruleset, self.say, self._known))

    def _measure(self, observed: Observed, elsewhere: bool, said: str) -> None:
        self._draw(lambda: self._probed(observed))
        heard = self.say(message("The lab has changed.")) if elsewhere and not said else said
        self.say_state(f"{heard}\n{self._summary()}" if heard else self._summary())

    def _measure_on(self, observed: Observed) -> None:
        before = page_state.verdicts(self.outcomes)
        self._probe(observed)
        if page_state.verdicts(self.outcomes) != before:
            self.draw()
            self.say_state(self._summary())

    def _probe(self, observed: Observed) -> None:
        engine = self.lab.engine
        self.outcomes = engine.probe(endpoints.matrix_probes(observed.topology, ())) if engine.ready.sends else ()
        self.tell(pairs=page_state.pairs(self.outcomes, self.say))
        if self.watching:
            self._strips.add(self.outcomes)
            self.tell(strips=page_state.strips(self._strips.shown(), self.say))

    def _summary(self) -> str:
        if self.lab.is_up and not self.lab.engine.ready.sends:
            return self.say(message("FORWARD policy {}. This network is only looked at: no packet is sent."), self.ruleset.forward_policy)
        return page_state.summary(self.ruleset.forward_policy, self.outcomes, self.say)

    # --- drawing -------------------------------------------------------------------------------------------------------

    def draw(self) -> None:
        """Both pictures: of connectivity, or of the way that is stepped through."""
        if self.observed is None:
            return
        observed = self.observed
        self._draw(lambda: self._topology(observed))

    def _draw(self, topology: Callable[[], Picture]) -> None:
        """Both pictures at once: dot has time for the chains while packets for the topology are on their way."""
        chains = self.worker.beside(lambda: _drawn(self._chains()))
        self.topology = topology()
        self.tell(topology=_drawn(self.topology), chains=chains())

    def _probed(self, observed: Observed) -> Picture:
        self._probe(observed)
        return self._topology(observed)

    def _topology(self, observed: Observed) -> Picture:
        drawn = self.stepping.topology() if self.stepping else topology_picture(observed.topology, self.ruleset, self.outcomes)
        return self._marked(drawn)

    def _chains(self) -> Picture:
        if self.stepping:
            return self._marked(self.stepping.chains(self.say))
        return self._marked(chains_picture(self.ruleset, "filter", "FORWARD", explain=self._sentence))

    def _marked(self, picture: Picture) -> Picture:
        """A picture of a simulated lab says so."""
        is_simulated = self.lab.is_up and self.lab.engine.ready.way == SIMULATED
        return picture.marked(SIMULATED) if is_simulated else picture

    def _sentence(self, table: str, chain: str, number: int) -> str:
        return rule_sentence(self.ruleset, table, chain, number, self.lab.language)

    def show_way(self) -> None:
        """The packet that is stepped through, or that none is any more."""
        step = self.stepping
        self.tell(way=step.part(self.say) if step else None, at=step.number if step else 0)


def _drawn(picture: Picture) -> dict[str, str]:
    return {"svg": picture.svg() or "", "text": picture.text}


_DESKS: "WeakValueDictionary[int, Desk]" = WeakValueDictionary()
"""A lab's listeners keep its desk, and nothing else does: both go together."""


def desk_of(lab: Lab) -> Desk:
    """The desk of a lab, the same for all of its panels."""
    found = _DESKS.get(id(lab))
    if found is None:
        found = _DESKS[id(lab)] = Desk(lab)
    return found
