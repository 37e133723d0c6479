"""What the page can ask for, as methods of the language or commands that anybody could type; those are logged."""

import re
import shlex
from collections.abc import Callable, Mapping, Sequence

from netlab_magic.errors import CommandFailed, LabUnavailable, StatementError
from netlab_magic.i18n import message
from netlab_magic.jupyter.panel.controller import PATIENCE, Desk
from netlab_magic.jupyter.panel.packet_stepper import Stepping
from netlab_magic.jupyter.panel.page_state import keys_of
from netlab_magic.jupyter.panel.rule_list import Listed, moved, toggled
from netlab_magic.session.state import Seen

__all__ = ["act"]

_AS_IT_WAS = "before the lab ended"

Message = Mapping[str, object]


def act(desk: Desk, asked: Message) -> None:
    """Does what a message from the page asks for. Raises NetlabError where that cannot be done."""
    action = _ACTIONS.get(str(asked.get("do")))
    if action is None:
        raise StatementError(f"the panel does not know how to {asked.get('do')}")
    action(desk, asked)


def _running(desk: Desk) -> None:
    if not desk.lab.is_up:
        raise LabUnavailable(desk.say(message("The lab has ended; start it again first.")))


def _policy(desk: Desk, asked: Message) -> None:
    chain, verdict = str(asked["chain"]), str(asked["verdict"])
    _running(desk)
    with desk.lab.turn(PATIENCE):
        desk.lab.policy(chain, verdict)
    command = f"iptables -P {chain} {verdict}"
    desk.log(command)
    desk.look(again=True, said=command)


def _place(desk: Desk, asked: Message) -> int:
    keys = keys_of(desk.entries)
    if asked["key"] not in keys:
        raise StatementError(desk.say(message("That rule is not there any more.")))
    return keys.index(str(asked["key"]))


def _rule(desk: Desk, asked: Message) -> None:
    place = _place(desk, asked)
    if desk.entries[place].present != bool(asked["on"]):
        _carry_out(desk, toggled("FORWARD", desk.entries, place))


def _move(desk: Desk, asked: Message) -> None:
    _carry_out(desk, moved("FORWARD", desk.entries, _place(desk, asked), int(str(asked["to"]))))


def _carry_out(desk: Desk, listed: Listed) -> None:
    """Has the kernel follow a change of the list."""
    if not listed.commands:
        desk.list_rules(listed.entries)
        return
    _running(desk)
    _shell(desk, listed.commands)
    desk.log(*listed.commands)
    desk.entries = listed.entries
    desk.look(again=True, said="\n".join(listed.commands))


def _shell(desk: Desk, commands: Sequence[str]) -> None:
    """Runs commands in the lab. Raises CommandFailed with what they said."""
    said: list[str] = []
    try:
        with desk.lab.turn(PATIENCE):
            desk.lab.shell(" && ".join(commands), stream=lambda _, text: said.append(text))
    except CommandFailed as failed:
        heard = " ".join("".join(said).split())
        raise CommandFailed(f"{failed}: {heard}" if heard else str(failed), status=failed.status) from None


def _again(desk: Desk, _: Message) -> None:
    _running(desk)
    desk.look(again=True, said=desk.say(message("Measured again.")))


def _watch(desk: Desk, asked: Message) -> None:
    _running(desk)
    desk.watch(bool(asked["on"]))


def _send(desk: Desk, asked: Message) -> None:
    source, destination, protocol = (str(asked[name]) for name in ("source", "destination", "protocol"))
    suffix = {"icmp": "", "udp": "/udp"}.get(protocol, "")
    target = destination if protocol == "icmp" else f"{destination}:{_port(desk, asked)}{suffix}"
    _running(desk)
    _trace(desk, source, target)


def _trace(desk: Desk, source: str, target: str) -> None:
    """Sends a packet and steps through its way."""
    with desk.lab.turn(PATIENCE):
        found = desk.lab.why(source, target)
    desk.log(f"why {shlex.quote(source)} {shlex.quote(target)}")
    desk.stepping = Stepping(found, source, target)
    desk.show_way()
    desk.draw()
    desk.say_state(desk.stepping.summary(desk.say))


def _remedy(desk: Desk, asked: Message) -> None:
    """Does what would let the packet pass, and sends it once more."""
    place, step = int(str(asked["number"])), desk.stepping
    offered = [remedy for remedy in step.remedies if remedy.statements] if step else []
    if step is None or not 0 <= place < len(offered):
        raise StatementError(desk.say(message("That is not offered any more.")))
    _running(desk)
    lines = offered[place].statements
    with desk.lab.turn(PATIENCE):
        desk.lab.run("\n".join(lines))
    desk.log(*lines)
    desk.look(again=True, said="\n".join(lines))
    _trace(desk, step.source, step.target)


def _port(desk: Desk, asked: Message) -> int:
    port = str(asked.get("port", ""))
    if not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) < 65536:
        raise StatementError(desk.say(message("A port is a number from 1 to 65535.")))
    return int(port)


def _step(desk: Desk, asked: Message) -> None:
    if desk.stepping:
        desk.stepping.go(int(str(asked["to"])))
        desk.tell(at=desk.stepping.number)
        desk.draw()


def _close(desk: Desk, _: Message) -> None:
    desk.stepping = None
    desk.show_way()
    desk.draw()


def _clear(desk: Desk, _: Message) -> None:
    desk.commands = []
    desk.tell(commands=[])


def _start(desk: Desk, _: Message) -> None:
    """A lab with what the desk saw last, after its end."""
    lab, then = desk.lab, desk.observed
    with lab.turn(PATIENCE):
        try:
            lab.up()
        except LabUnavailable:  # the first one to ask hears that it had ended; the second one gets a new lab
            lab.up()
        if then:
            lab.history.snapshots[_AS_IT_WAS] = Seen(then)
            lab.restore(_AS_IT_WAS)
            del lab.history.snapshots[_AS_IT_WAS]
    desk.look(again=True, said=desk.say(message("The lab is up again, as it was seen last.")))


_ACTIONS: dict[str, Callable[[Desk, Message], None]] = {
    "policy": _policy,
    "rule": _rule,
    "move": _move,
    "again": _again,
    "watch": _watch,
    "send": _send,
    "remedy": _remedy,
    "step": _step,
    "close": _close,
    "clear": _clear,
    "start": _start,
}
