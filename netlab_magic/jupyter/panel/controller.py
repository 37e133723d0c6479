"""The controller: what all panels of one lab share. It looks at the lab, does what the panels ask for, and updates all of them.

All of it is done by one worker of its own, so that neither a cell nor the page ever waits for a measurement; it works while a panel is on
a page. Cells go first: while one of them has the lab, the controller waits for another time.
"""

import logging
import time
from contextlib import ExitStack
from weakref import WeakValueDictionary

import msgspec

from netlab_magic.draw import Picture
from netlab_magic.engines.protocol import SIMULATED
from netlab_magic.errors import LabUnavailable, NetlabError
from netlab_magic.explain import rule_sentence
from netlab_magic.forwarding import endpoints
from netlab_magic.i18n import Language, language, message
from netlab_magic.jupyter.panel import chain_state, page_state, pictures
from netlab_magic.jupyter.panel.chain_place import ChainPlace
from netlab_magic.jupyter.panel.chooser import Chooser
from netlab_magic.jupyter.panel.host_chains import chain_at
from netlab_magic.jupyter.panel.observation import Observation, observation_of
from netlab_magic.jupyter.panel.packet_stepper import PacketStepper
from netlab_magic.jupyter.panel.page import Page, Views
from netlab_magic.jupyter.panel.rule_list import Listed, RuleList
from netlab_magic.jupyter.panel.watch import Watch
from netlab_magic.jupyter.panel.worker import Job, worker
from netlab_magic.model.probe import Probe, Verdict
from netlab_magic.model.topology import HOST
from netlab_magic.session.lab import Lab

__all__ = ["PATIENCE", "Controller", "controller_of"]

PATIENCE = 1.0
"""How long a user's request waits for a cell that is using the lab."""

_LOG = logging.getLogger(__name__)


class Controller:
    """Keeps what its lab's panels show in step with the lab.

    `observation` is what was read back last, None before the first look; `chooser` knows which chain is shown, and `stepper` has the
    packet that is stepped through, if any.
    """

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.page = Page()
        self.views = Views()
        self.watch = Watch()
        self.chooser = Chooser()
        self._lists: dict[ChainPlace, RuleList] = {}
        self.observation: Observation | None = None
        self.stepper: PacketStepper | None = None
        self.worker = worker(self._do, self._rest, lambda: self.watch.pause if self.views else 0.05)
        lab.listeners.append(self._hear)

    # --- the worker ----------------------------------------------------------------------------------------------------

    def _do(self, job: Job) -> None:
        """Does a job; the panels show what goes wrong, because no one would see it anywhere else."""
        try:
            job()
        except NetlabError as error:
            self.say_state(str(error), bad=True)
        except Exception as error:  # noqa: BLE001 - the end of the job: it is shown and logged, and the panel lives on
            _LOG.exception("panel")
            self.say_state(f"{type(error).__name__}: {error}", bad=True)

    def _rest(self) -> bool:
        """Nothing was asked for: a look, while there is a page. Tells whether the worker is still wanted."""
        for view in self.views.silent():
            self.gone(view)
        if self.views:
            self._do(self.look)
        return bool(self.views)

    def _hear(self) -> None:
        """A cell has changed the lab."""
        if self.views:
            self.worker.ask(self.look)

    def here(self, view: str) -> None:
        """A panel is on a page; it says so again and again."""
        self.views.here(view)
        self.worker.ask(self.look)

    def gone(self, view: str) -> None:
        """A panel is not on its page any more; watching ends with the last one."""
        self.views.gone(view)
        if not self.views:
            self.watch.stop()

    # --- the status line -----------------------------------------------------------------------------------------------

    @property
    def say(self) -> Language:
        """The language of the lab's explanations."""
        return language(self.lab.language)

    def say_state(self, text: str, *, bad: bool = False) -> None:
        """A sentence for the status line; `bad` where something went wrong."""
        self.page.say(text, bad=bad, alive=self.lab.is_up, watching=self.watch.is_on)

    def summary(self) -> str:
        """The state of the lab in a sentence."""
        now, shown = self.observation, self.chooser.shown
        chain = chain_at(now.seen, shown) if now else None
        policy = chain.policy if chain else ""
        if self._is_read_only:
            head = self.say("{} policy {}", str(shown), policy) if policy else str(shown)
            return self.say(message("{}. This network is read-only: no packet is sent."), head)
        return page_state.summary(str(shown), policy, now.outcomes if now else (), self.say)

    @property
    def _is_read_only(self) -> bool:
        return self.lab.is_up and not self.lab.engine.ready.sends

    # --- looking -------------------------------------------------------------------------------------------------------

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
        self.watch.cost = time.monotonic() - started
        if self.watch.has_run_out():
            self.say_state(self.say(message("Watching has stopped by itself.")))

    def _is_busy(self, asked: bool) -> None:
        if asked:
            raise LabUnavailable(self.say(message("The lab is busy with a cell; the panel catches up when that ends.")))
        self.page.say_busy()

    def _has_ended(self) -> None:
        self.watch.stop()
        self.stepper = None
        if self.page.status.alive or not self.page.status.sequence:
            self.page.tell(packet_path=None)
            self.say_state(self.say(message("The lab has ended. This is its last state.")), bad=True)

    def _read(self, again: bool, said: str) -> None:
        before, status = self.observation, self.page.status
        now = self.observation = observation_of(self.lab.look(foreign=True), before)
        changed = before is None or not now.is_like(before)
        if changed:
            self._show_change(now)
        self.page.tell(counters=chain_state.counters(now.seen, self.rules))
        if changed or again:
            elsewhere = before is not None and not again
            self._measure(self.say(message("The lab has changed.")) if elsewhere and not said else said)
        elif self.watch.is_on:
            self._measure_on()
        elif status.busy or not status.alive:
            self.say_state(self.summary())
        else:
            self.page.settle()

    def _show_change(self, now: Observation) -> None:
        self.chooser.follow(now.seen, keeps=self.rules.is_edited)
        self.show_chain()
        self.page.tell(endpoints=page_state.endpoints(now.topology), versions=page_state.versions(now.topology))
        if self.stepper:
            self.stepper.follow(now.seen)
            self.show_packet()

    @property
    def rules(self) -> RuleList:
        """The list of the rules of the chain that is shown; those of others are kept."""
        return self._lists.setdefault(self.chooser.shown, RuleList(self.chooser.shown))

    def show_chain(self) -> None:
        """The chain that is shown, with its rules, and the policies of its table."""
        if self.observation is None:
            return
        seen, shown = self.observation.seen, self.chooser.shown
        chain = chain_at(seen, shown)
        self.rules.follow(chain.rules() if chain else [], self._sentence)
        self.page.tell(
            choice=chain_state.choice(seen, shown, self.say),
            switches=chain_state.switches(seen, shown, self._is_read_only, self.say),
            policies=chain_state.policies(seen, shown),
            counters=chain_state.counters(seen, self.rules),
        )
        self._show_rules()

    def _sentence(self, number: int) -> str:
        """What a rule of the list does."""
        if self.observation is None:
            return ""
        seen, shown = self.observation.seen, self.chooser.shown
        rules = seen.rules_of(shown.family) if shown.family else seen.native[HOST]
        return rule_sentence(rules, shown.table, shown.name, number, self.say.name)

    def list_rules(self, listed: Listed) -> None:
        """The list of rules is another one, because some were taken out or moved."""
        self.rules.entries = listed.entries
        self._show_rules()

    def _show_rules(self) -> None:
        chain = chain_at(self.observation.seen, self.chooser.shown) if self.observation else None
        locked = chain_state.locked(chain, self._is_read_only, self.say)
        self.page.tell(rules=page_state.rules(self.rules, locked, self.say), more=self.rules.left_out)

    # --- measuring and drawing -----------------------------------------------------------------------------------------

    def set_watch(self, on: bool) -> None:
        """Begins or ends watching."""
        if on:
            self.watch.start()
        else:
            self.watch.stop()
        self.page.tell(strips=[])
        self.say_state(self.say(message("Watching every pair.")) if on else self.say(message("No longer watching.")))

    def _measure(self, said: str) -> None:
        self.draw(probing=True)
        self.say_state(f"{said}\n{self.summary()}" if said else self.summary())

    def _measure_on(self) -> None:
        before = self._verdicts
        self._probe()
        if self._verdicts != before:
            self.draw()
            self.say_state(self.summary())

    @property
    def _verdicts(self) -> dict[Probe, Verdict]:
        """Each pair's verdict, without the times that differ at every measurement."""
        return {outcome.probe: outcome.verdict for outcome in self.observation.outcomes} if self.observation else {}

    def _probe(self) -> None:
        """Probes every pair, where packets can be sent."""
        if self.observation is None:
            return
        engine = self.lab.engine
        outcomes = engine.probe(endpoints.matrix_probes(self.observation.topology, ())) if engine.ready.sends else ()
        self.observation = msgspec.structs.replace(self.observation, outcomes=tuple(outcomes))
        self.page.tell(pairs=page_state.pairs(outcomes, self.say))
        if self.watch.is_on:
            self.watch.strips.add(outcomes)
            self.page.tell(strips=page_state.strips(self.watch.strips.shown(), self.say))

    def draw(self, *, probing: bool = False) -> None:
        """Both pictures. `probing` probes every pair for them: dot has time for the chains while packets are on their way."""
        now = self.observation
        if now is None:
            return
        chains = self.worker.beside(lambda: pictures.drawn(self._marked(pictures.chains(now, self.chooser.shown, self.stepper, self.say))))
        if probing:
            self._probe()
        topology = self._marked(pictures.topology(self.observation or now, self.stepper))
        self.page.tell(topology=pictures.drawn(topology), chains=chains())

    def _marked(self, picture: Picture) -> Picture:
        """A picture of a simulated lab says so."""
        is_simulated = self.lab.is_up and self.lab.engine.ready.way == SIMULATED
        return picture.marked(SIMULATED) if is_simulated else picture

    def show_packet(self) -> None:
        """The packet that is stepped through, or that none is any more."""
        stepper = self.stepper
        self.page.tell(packet_path=stepper.part(self.say) if stepper else None, step=stepper.number if stepper else 0)


_CONTROLLERS: "WeakValueDictionary[int, Controller]" = WeakValueDictionary()
"""A lab's listeners keep its controller, and nothing else does: both go together."""


def controller_of(lab: Lab) -> Controller:
    """The controller of a lab, the same for all of its panels."""
    found = _CONTROLLERS.get(id(lab))
    if found is None:
        found = _CONTROLLERS[id(lab)] = Controller(lab)
    return found
