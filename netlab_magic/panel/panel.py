"""The panel's widget.

Callbacks may come on any thread (JupyterLab's comm subshells), and what they raise or print appears nowhere in the page: so each
one ends in the status line, and the switch always shows the policy that the kernel has, not the one that was wished.
"""

import threading
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

import ipywidgets as widgets

from netlab_magic import savefile
from netlab_magic.draw import Picture, topology_picture
from netlab_magic.errors import NetlabError
from netlab_magic.lab import Lab
from netlab_magic.result import MatrixResult, styled

__all__ = ["Panel"]

_CHOICES = {"✓ ACCEPT": "ACCEPT", "✕ DROP": "DROP"}
_TOOLTIPS = ["packets that no rule decides are let through", "packets that no rule decides are dropped"]


class Panel(widgets.VBox):
    """A live view of one lab. Displaying it measures; closing it ends its share in the lab's news."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._turn = threading.RLock()
        self._following = False
        self._changing = False
        self._picture: Picture | None = None
        self._matrix: MatrixResult | None = None
        self._news = threading.Event()
        self._switch = widgets.ToggleButtons(options=_CHOICES, tooltips=_TOOLTIPS, style={"button_width": "8em"})
        self._again = widgets.Button(description="Probe again", icon="refresh", tooltip="measure every pair again")
        self._status = widgets.HTML()
        self._pairs = widgets.HTML()
        self._topology = widgets.HTML(layout={"overflow": "auto"})
        title = widgets.HTML("<b>FORWARD policy</b>")
        bar = widgets.HBox([title, self._switch, self._again], layout={"flex_flow": "row wrap", "align_items": "center"})
        super().__init__([bar, self._status, self._pairs, self._topology])
        self._refresh("")
        self._switch.observe(self._switched, "value")
        self._again.on_click(lambda _: self._refresh("Measured again.\n"))
        lab.listeners.append(self._hear)
        threading.Thread(target=self._watch, name="netlab-panel", daemon=True).start()

    def close(self) -> None:
        """Closes the widget; it no longer follows the lab."""
        if self._hear in self._lab.listeners:
            self._lab.listeners.remove(self._hear)
        self._news.set()
        super().close()

    def _hear(self) -> None:
        """The lab's news; our own changes are none."""
        if not self._changing:
            self._news.set()

    def _repr_mimebundle_(self, **options: Any) -> Mapping[str, Any]:
        """The live view, and for places without a kernel the last picture and its text."""
        bundle = super()._repr_mimebundle_(**options)
        if not isinstance(bundle, dict) or self._picture is None:
            return bundle or {}
        svg = self._picture.svg()
        return {**bundle, "text/plain": self._text(), **({"image/svg+xml": svg} if svg else {})}

    def _text(self) -> str:
        parts = [str(part) for part in (self._picture, self._matrix) if part is not None]
        return "\n\n".join(parts)

    def _watch(self) -> None:
        """Follows changes that were made elsewhere: in cells, by other panels."""
        while self._news.wait() and self._hear in self._lab.listeners:
            self._news.clear()
            try:
                # In one turn: between a look whether the lab is up and a measurement somebody might end it, and measuring starts a lab.
                with self._turn, self._lab.turn():
                    if self._lab.is_up:
                        self._refresh("The lab has changed.\n")
                    else:
                        self._say("The lab has ended. The next statement, or the switch, starts a new one.", bad=True)
            except NetlabError as error:
                self._say(str(error), bad=True)

    def _switched(self, change: Mapping[str, Any]) -> None:
        if self._following:
            return
        verdict = str(change["new"])
        self._guarded(lambda: self._set_policy(verdict))

    def _set_policy(self, verdict: str) -> str:
        self._lab.policy("FORWARD", verdict)
        return f"iptables -P FORWARD {verdict}\n"

    def _guarded(self, work: Callable[[], str]) -> None:
        """Does something, then measures and redraws; an error becomes a sentence in the status line."""
        with self._turn:
            self._changing = True
            try:
                said = work()
            except NetlabError as error:
                self._say(str(error), bad=True)
                said = ""
            finally:
                self._changing = False
            self._refresh(said)

    def _refresh(self, said: str) -> None:
        """Reads the lab back, measures every pair, and shows what was found."""
        with self._turn:
            try:
                self._matrix = self._lab.matrix()
                observed = self._lab.observe()
            except NetlabError as error:
                self._say(str(error), bad=True)
                return
            ruleset = savefile.parse(observed.rules, strict=False)
            self._picture = topology_picture(observed.topology, ruleset, self._lab.outcomes())
            self._follow(ruleset.forward_policy)
            self._pairs.value = styled(self._matrix.html())
            self._topology.value = self._picture.svg() or f"<pre>{escape(self._picture.text)}</pre>"
            answered = sum(map(bool, self._matrix.outcomes))
            count = f"{answered} of {len(self._matrix.outcomes)} flows are answered"
            self._say(f"{said}FORWARD policy {ruleset.forward_policy}: {count}.")

    def _follow(self, policy: str) -> None:
        self._following = True
        try:
            self._switch.value = policy
        finally:
            self._following = False

    def _say(self, text: str, bad: bool = False) -> None:
        colour = ' class="bad"' if bad else ""
        self._status.value = styled(f'<pre role="status" aria-live="polite"{colour}>{escape(text)}</pre>')
