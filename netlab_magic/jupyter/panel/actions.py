"""What the page can ask for, as statements or commands that anyone could type; those are logged."""

import re
import shlex
from collections.abc import Callable, Mapping, Sequence

from netlab_magic.errors import CommandFailed, LabUnavailable, NetlabError, StatementError
from netlab_magic.i18n import message
from netlab_magic.jupyter.panel.chain_place import ChainPlace
from netlab_magic.jupyter.panel.controller import PATIENCE, Controller
from netlab_magic.jupyter.panel.packet_stepper import PacketStepper
from netlab_magic.jupyter.panel.rule_list import Listed
from netlab_magic.session.results.base import Changed, Ran
from netlab_magic.session.step import Shown

__all__ = ["act"]

_AS_IT_WAS = "before the lab ended"

Message = Mapping[str, object]


def act(panel: Controller, asked: Message) -> None:
    """Does what a message from the page asks for. Raises NetlabError where that cannot be done."""
    action = _ACTIONS.get(str(asked.get("do")))
    if action is None:
        raise StatementError(f"the panel does not know how to {asked.get('do')}")
    action(panel, asked)


def _running(panel: Controller) -> None:
    if not panel.lab.is_up:
        raise LabUnavailable(panel.say(message("The lab has ended; start it again first.")))


def _choose(panel: Controller, asked: Message) -> None:
    """Shows another chain; what is not said of it is what was shown last there."""
    words = [str(asked.get(name, "")) for name in ("program", "table", "chain")]
    if panel.observation is None or not panel.chooser.choose(panel.observation.seen, *words):
        raise StatementError(panel.say(message("There is no such chain any more.")))
    if panel.stepper:
        panel.stepper.is_followed = False
    panel.show_chain()
    panel.draw()
    panel.say_state(panel.summary())


def _policy(panel: Controller, asked: Message) -> None:
    place, policy = ChainPlace(*(str(asked[name]) for name in ("program", "table", "chain"))), str(asked["policy"])
    _running(panel)
    with panel.lab.turn(PATIENCE):
        done = panel.lab.policy(place.name, policy.upper(), place.option, six=place.six)
    panel.page.log(*done.commands)
    panel.look(again=True, said="\n".join(done.commands))


def _key(panel: Controller, asked: Message) -> str:
    key = str(asked["key"])
    if key not in panel.rules:
        raise StatementError(panel.say(message("That rule is no longer there.")))
    return key


def _rule(panel: Controller, asked: Message) -> None:
    _carry_out(panel, panel.rules.toggled(_key(panel, asked), bool(asked["on"])))


def _move(panel: Controller, asked: Message) -> None:
    _carry_out(panel, panel.rules.moved(_key(panel, asked), int(str(asked["to"]))))


def _carry_out(panel: Controller, listed: Listed) -> None:
    """Has the kernel follow a change of the list, wholly or not at all."""
    if not listed.lines:
        panel.list_rules(listed)
        return
    _running(panel)
    with panel.lab.turn(PATIENCE):
        try:
            commands = _run(panel, listed.lines)
        except NetlabError:
            if len(listed.lines) > 1:
                panel.lab.undo()
            raise
    panel.page.log(*listed.lines)
    panel.rules.entries = listed.entries
    panel.look(again=True, said="\n".join(commands))


def _run(panel: Controller, lines: Sequence[str]) -> list[str]:
    """Runs lines as a cell; gives the commands that they stood for. Raises CommandFailed with what they said."""
    said: list[str] = []
    try:
        panel.lab.run("\n".join(lines), stream=lambda _, text: said.append(text))
    except CommandFailed as failed:
        heard = " ".join("".join(said).split())
        raise CommandFailed(f"{failed}: {heard}" if heard else str(failed), status=failed.status) from None
    return [command for result in panel.lab.partial for command in _commands_of(result)]


def _commands_of(result: Shown) -> Sequence[str]:
    if isinstance(result, Ran):
        return [result.command]
    return result.commands if isinstance(result, Changed) else []


def _undo(panel: Controller, _: Message) -> None:
    _running(panel)
    with panel.lab.turn(PATIENCE):
        panel.lab.undo()
    panel.page.log("undo")
    panel.look(again=True, said=panel.say(message("The last change is undone.")))


def _again(panel: Controller, _: Message) -> None:
    _running(panel)
    panel.look(again=True, said=panel.say(message("Measured again.")))


def _watch(panel: Controller, asked: Message) -> None:
    _running(panel)
    panel.set_watch(bool(asked["on"]))


def _send(panel: Controller, asked: Message) -> None:
    source, destination, protocol = (str(asked[name]) for name in ("source", "destination", "protocol"))
    suffix = {"icmp": "", "udp": "/udp"}.get(protocol, "")
    target = destination if protocol == "icmp" else f"{destination}:{_port(panel, asked)}{suffix}"
    _running(panel)
    _trace(panel, source, target, six=asked.get("version") == "IPv6")


def _trace(panel: Controller, source: str, target: str, *, six: bool) -> None:
    """Sends a packet and steps along its path."""
    with panel.lab.turn(PATIENCE):
        found = panel.lab.why(source, target, six=six)
    panel.page.log(f"why {shlex.quote(source)} {shlex.quote(target)}{' -6' if six else ''}")
    panel.stepper = PacketStepper(found, source, target)
    panel.show_packet()
    panel.draw()
    panel.say_state(panel.stepper.summary(panel.say))


def _remedy(panel: Controller, asked: Message) -> None:
    """Does what would let the packet pass, and sends it once more."""
    lines, stepper = str(asked["lines"]), panel.stepper
    if stepper is None or lines not in stepper.remedies:
        raise StatementError(panel.say(message("That suggestion is no longer available.")))
    _running(panel)
    with panel.lab.turn(PATIENCE):
        panel.lab.run(lines)
    panel.page.log(*lines.splitlines())
    panel.look(again=True, said=lines)
    _trace(panel, stepper.source, stepper.target, six=stepper.six)


def _port(panel: Controller, asked: Message) -> int:
    port = str(asked.get("port", ""))
    if not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) < 65536:
        raise StatementError(panel.say(message("A port is a number from 1 to 65535.")))
    return int(port)


def _step(panel: Controller, asked: Message) -> None:
    if panel.stepper:
        panel.stepper.go(int(str(asked["to"])))
        panel.stepper.is_followed = True
        panel.page.tell(step=panel.stepper.number)
        panel.draw()


def _close(panel: Controller, _: Message) -> None:
    panel.stepper = None
    panel.show_packet()
    panel.draw()


def _clear(panel: Controller, _: Message) -> None:
    panel.page.clear_log()


def _start(panel: Controller, _: Message) -> None:
    """A lab with what was observed last, after its end."""
    lab, then = panel.lab, panel.observation
    with lab.turn(PATIENCE):
        try:
            lab.up()
        except LabUnavailable:  # the first one to ask hears that it had ended; the second one gets a new lab
            lab.up()
        if then:
            lab.history.snapshots[_AS_IT_WAS] = then.seen
            lab.restore(_AS_IT_WAS)
            del lab.history.snapshots[_AS_IT_WAS]
    panel.look(again=True, said=panel.say(message("The lab is up again, in its last known state.")))


_ACTIONS: dict[str, Callable[[Controller, Message], None]] = {
    "choose": _choose,
    "policy": _policy,
    "rule": _rule,
    "move": _move,
    "undo": _undo,
    "again": _again,
    "watch": _watch,
    "send": _send,
    "remedy": _remedy,
    "step": _step,
    "close": _close,
    "clear": _clear,
    "start": _start,
}
