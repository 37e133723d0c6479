"""A command line, run as typed by a shell in the lab."""

from netlab_magic import docker
from netlab_magic.errors import CommandFailed, Place
from netlab_magic.iptables import save_format
from netlab_magic.iptables.ruleset import PROGRAM_OF
from netlab_magic.language import statements as s
from netlab_magic.language.docker_statements import DockerExec
from netlab_magic.language.plan_topology import known_namespace
from netlab_magic.session.command_hints import adds_rule, repeated, why_refused
from netlab_magic.session.nft_hints import mentions_nft, nft_hints
from netlab_magic.session.nft_refusals import why_nft_refused
from netlab_magic.session.results.base import Ran
from netlab_magic.session.state import Seen
from netlab_magic.session.step import Running, Step

__all__ = ["RunCommand"]


class RunCommand(Step):
    """Runs a command line, after showing the results so far."""

    def __init__(self, statement: s.Command) -> None:
        self.statement = statement

    def run(self, running: Running) -> None:
        """See Step. Raises CommandFailed when the command ends with another status than 0."""
        running.emit_results()
        statement, engine = self.statement, running.network.engine
        if running.options.dry_run:
            running.add_undone(statement, "run")
            return
        before = running.look(foreign=True)
        namespace = statement.namespace
        if isinstance(statement, DockerExec):
            namespace = docker.namespace_to_enter(running.network.dockerd, statement)
        elif namespace:
            known_namespace(before.topology, namespace)
        running.changes()
        output: list[str] = []

        def pass_on(stream: str, text: str) -> None:
            output.append(text)
            running.stream(stream, text)

        ran = engine.run(statement.text, pass_on, running.cell, namespace, statement.following)
        if ran.hidden:
            running.stream("stderr", f"… {ran.hidden:,} more characters are not shown; the command ran to completion\n")
        if ran.status:
            raise self._failure(ran.status, before, "".join(output))
        if adds_rule(statement.text):
            for family in PROGRAM_OF:
                after = save_format.parse(engine.save(family), strict=False, family=family)
                for hint in repeated(before.rules_of(family), after):
                    running.stream("stderr", f"hint: {hint}\n")
        if mentions_nft(statement.text):
            for hint in nft_hints(before, running.seen()):
                running.stream("stderr", f"hint: {hint}\n")
        running.add(Ran(statement.text, ran.status, "".join(output)))

    def _failure(self, status: int, before: Seen, output: str) -> CommandFailed:
        """The error of a failed command; for iptables and nft, with the reason and a caret under the word."""
        statement = self.statement
        first = statement.text.splitlines()[0]
        message = f"the command ended with exit status {status}{_meaning(status, first)}"
        if reason := why_nft_refused(statement.text, output, before.native):
            return CommandFailed(f"{message}: {reason.message}", _line_of(statement, reason.place) or statement.place, status)
        is_inside = statement.namespace or isinstance(statement, DockerExec)
        reason = None if is_inside else why_refused(statement.text, before.by_family)
        if reason is None:
            return CommandFailed(message, statement.place, status)
        return CommandFailed(f"{message}: {reason.message}", _within(statement, reason.place) or statement.place, status)


def _line_of(statement: s.Command, place: Place | None) -> Place | None:
    """A place that counts lines from the command's first as a place in its cell."""
    if place is None or statement.place is None:
        return None
    return Place(statement.place.line + place.line, place.source, place.column, place.width)


def _within(statement: s.Command, place: Place | None) -> Place | None:
    """A place in a command as a place in its cell."""
    source = statement.place.source if statement.place else ""
    if place is None or statement.place is None or statement.text not in source:
        return None
    return Place(statement.place.line, source, source.index(statement.text) + place.column, place.width)


def _meaning(status: int, command: str) -> str:
    if command.removeprefix("sudo ").startswith("docker "):
        return " (in a lab, docker is a statement: write it without $)"
    if status == 127:
        words = [word for word in command.split() if word != "sudo" and not word.startswith("-")]
        return f" ({words[0]}: is it installed?)" if words else ""
    if status == 130:
        return " (interrupted)"
    return " (killed)" if status == 137 else ""
