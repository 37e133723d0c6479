"""Every word on the panel itself, in the reader's language; `{}` is filled in where the words are used."""

from netlab_magic.i18n import Language
from netlab_magic.model.probe import Outcome

__all__ = ["labels", "outcome_words"]

_HERE = "{}"


def outcome_words(outcome: Outcome, say: Language) -> str:
    """One outcome as a sentence without its full stop: `ns1 → ns0: blocked`."""
    words = say("{}: {}", str(outcome.probe), say(outcome.verdict))
    return f"{words} ({outcome.why})" if outcome.why else words


def labels(say: Language) -> dict[str, str]:
    """The words that do not change while the panel is shown."""
    return {
        "panel": say("Lab panel"),
        "program": say("Program"),
        "table": say("Table"),
        "chain": say("Chain"),
        "chosen": say("The chain to look at"),
        "sized": say("{} ({})", _HERE, _HERE),
        "policy": say("{} policy", _HERE),
        "rules": say("Rules of {}", _HERE),
        "rules_help": say("Untick a rule to take it out of the kernel. Drag it, press its arrows, or Alt with an arrow key, to move it."),
        "out": say("taken out"),
        "go": say("Show the chain {}", _HERE),
        "up": say("Move rule {} up", _HERE),
        "down": say("Move rule {} down", _HERE),
        "packets": say("{} packets", _HERE),
        "uncounted": say("This rule has no counter."),
        "undo": say("Undo"),
        "undo_help": say("Takes back the last change, whether it was made here or by a cell."),
        "pairs": say("Who reaches whom"),
        "from_to": say("from ╲ to"),
        "again": say("Probe again"),
        "watch": say("Watch"),
        "watch_help": say("Probes every pair about twice a second, for up to five minutes."),
        "history": say("The last half minute, newest at the right"),
        "probe": say("Send one packet and step along its path"),
        "source": say("From"),
        "destination": say("To"),
        "protocol": say("Protocol"),
        "port": say("Port"),
        "version": say("Over"),
        "send": say("Send"),
        "first": say("First step"),
        "back": say("Step back"),
        "forward": say("Step forward"),
        "last": say("Last step"),
        "play": say("Play"),
        "pause": say("Pause"),
        "close": say("Close the path"),
        "remedies": say("What would let it pass:"),
        "do_it": say("Do it"),
        "step": say("Step {} of {}", _HERE, _HERE),
        "steps": say("Steps"),
        "legend": say("Hollow: a rule that did not match. ↩: the reply. ✕: the end. ▸: where you are."),
        "topology": say("Topology"),
        "chains": say("Chains"),
        "commands": say("What the panel did, as a cell"),
        "copy": say("Copy"),
        "copied": say("copied"),
        "clear": say("Clear"),
        "start": say("Start it again as it was"),
        "no_kernel": say("The notebook kernel has ended or was restarted. Run the cell again to get a live panel."),
    }
