"""The panel's widget: one more page that shows the state of its lab's controller and passes on what is pressed.

Callbacks may come on any thread (JupyterLab's comm subshells), and what they raise or print appears nowhere in the page: so each one
only leaves a job for the controller's worker. The page itself is panel.js, which needs nothing from outside.
"""

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any
from uuid import uuid4

import anywidget
import traitlets
from IPython.display import DisplayHandle, display

from netlab_magic.jupyter.panel.actions import act
from netlab_magic.jupyter.panel.controller import Controller, controller_of
from netlab_magic.jupyter.panel.labels import labels
from netlab_magic.jupyter.panel.page import Page
from netlab_magic.jupyter.panel.page_state import marks
from netlab_magic.session.lab import Lab

__all__ = ["Panel"]

_FOLDER = Path(__file__).parent


class Panel(anywidget.AnyWidget):
    """A live view of one lab. Making it measures; while it is on a page it follows the lab; closing it ends that."""

    _esm = _FOLDER / "panel.js"
    _css = _FOLDER / "panel.css"

    name = traitlets.Unicode().tag(sync=True)
    labels = traitlets.Dict().tag(sync=True)
    marks = traitlets.Dict().tag(sync=True)
    choice = traitlets.Dict().tag(sync=True)
    switches = traitlets.Dict().tag(sync=True)
    status = traitlets.Dict().tag(sync=True)
    policies = traitlets.Dict().tag(sync=True)
    rules: traitlets.List[Any] = traitlets.List().tag(sync=True)
    more = traitlets.Int(0).tag(sync=True)
    counters = traitlets.Dict().tag(sync=True)
    pairs = traitlets.Dict().tag(sync=True)
    strips: traitlets.List[Any] = traitlets.List().tag(sync=True)
    versions: traitlets.List[Any] = traitlets.List().tag(sync=True)
    endpoints: traitlets.List[Any] = traitlets.List().tag(sync=True)
    commands: traitlets.List[Any] = traitlets.List().tag(sync=True)
    topology = traitlets.Dict().tag(sync=True)
    chains = traitlets.Dict().tag(sync=True)
    packet_path = traitlets.Dict(allow_none=True, default_value=None).tag(sync=True)
    step = traitlets.Int(0).tag(sync=True)
    done = traitlets.Dict().tag(sync=True)

    def __init__(self, lab: Lab) -> None:
        self._controller: Controller = controller_of(lab)
        self._handle: DisplayHandle | None = None
        self._kept = ""
        say = self._controller.say
        super().__init__(labels=labels(say), marks=marks(), name=uuid4().hex)
        self._controller.worker.now(lambda: self._controller.look(again=True))
        self._follow(self._page.parts)
        self._page.followers.append(self._follow)
        self._page.keepers.append(self._keep)
        self.on_msg(self._heard)

    @property
    def _page(self) -> Page:
        return self._controller.page

    def _follow(self, parts: Mapping[str, object]) -> None:
        """Shows new parts of the lab's state, all in one message to the page."""
        with self.hold_sync():
            for name, value in parts.items():
                setattr(self, name, value)

    def _heard(self, _: object, message: Mapping[str, object], buffers: object) -> None:
        """A message from the page."""
        view = f"{self.model_id} {message.get('view')}"
        match message.get("do"):
            case "here":
                self._controller.here(view)
            case "gone":
                self._controller.gone(view)
            case _:
                self._controller.worker.ask(lambda: self._act(message))

    def _act(self, message: Mapping[str, object]) -> None:
        """Does what a view asks for; once that is done, or has failed, its switches show the truth again."""
        try:
            act(self._controller, message)
        finally:
            self.done = {str(message.get("view")): message.get("ask", 0)}

    def close(self) -> None:
        """Closes the widget; it no longer follows the lab."""
        if self._follow in self._page.followers:
            self._page.followers.remove(self._follow)
            self._page.keepers.remove(self._keep)
        for view in self._controller.views.of(str(self.model_id)):
            self._controller.gone(view)
        super().close()

    # --- for places without a kernel ---------------------------------------------------------------------------------------

    def _text(self) -> str:
        words = [str(self.status.get("text", "")), str(self.topology.get("text", "")), str(self.chains.get("text", ""))]
        return "\n\n".join(word for word in words if word)

    def _still(self) -> str:
        """The last state as HTML without any script."""
        pictures = [str(drawn.get("svg") or f"<pre>{escape(str(drawn.get('text', '')))}</pre>") for drawn in (self.topology, self.chains)]
        return f"<div><pre>{escape(str(self.status.get('text', '')))}</pre>{''.join(pictures)}</div>"

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[Any, Any], dict[Any, Any]]:
        """The live view, and for places without a kernel the last state: as HTML, as a picture, and as text."""
        bundle, metadata = super()._repr_mimebundle_(**options) or ({}, {})
        bundle |= {"text/plain": self._text(), "text/html": self._still()}
        if self.topology.get("svg"):
            bundle["image/svg+xml"] = self.topology["svg"]
        return bundle, metadata

    def _ipython_display_(self) -> None:
        """Displays it in such a way that the notebook's saved copy can be updated."""
        bundle, _ = self._repr_mimebundle_()
        self._kept = bundle["text/plain"]
        self._handle = display(bundle, raw=True, display_id=True)

    def _keep(self) -> None:
        """Brings what the notebook keeps up to date with what is shown."""
        if self._handle is not None and self._kept != self._text():
            bundle, _ = self._repr_mimebundle_()
            self._kept = bundle["text/plain"]
            self._handle.update(bundle, raw=True)
