"""A small shell for the command lines of a simulated lab: it supports what tutorials use, and refuses the rest in a sentence."""

import re
from collections.abc import Callable, Sequence

import msgspec

from netlab_magic.engines.simulated.programs import PROGRAMS, Call, Ended
from netlab_magic.engines.simulated.shell_parser import Job, Pipeline, Simple, Unreadable, expanded, read_script
from netlab_magic.engines.simulated.sysctls import key_of, read
from netlab_magic.engines.simulated.world import World
from netlab_magic.model.topology import HOST

__all__ = ["Shell"]

Write = Callable[[str, str], None]
_SHELLS = ("sh", "bash", "dash", "zsh")
_OPENS = ("sudo", "env", "nsenter", "ip", "exec", "time", "command")
_SUDO_TAKES = ("-u", "-g", "-h", "-p", "-C", "-r", "-t", "-U", "-D", "-R", "-T", "--user", "--group", "--host", "--prompt", "--chdir")


class _Exit(Exception):
    """The script ends here."""


class Shell:
    """The shell's own state: variables and folder of a cell, and the files that its commands have written."""

    def __init__(self, name: str, moment: Callable[[], str]) -> None:
        self._name = name
        self._moment = moment
        self._cell = 0
        self._variables: dict[str, str] = {}
        self._files: dict[str, str] = {}
        self._world: World

    def run(self, world: World, text: str, write: Write, cell: int = 0, namespace: str = HOST) -> tuple[World, int]:
        """Runs a script; gives the lab after it, and its exit status."""
        if cell != self._cell:
            self._cell, self._variables = cell, {"HOME": "/root", "USER": "root", "PWD": "/"}
        self._world = world
        status = self._script(text, namespace, write)
        return self._world, status

    def _script(self, text: str, namespace: str, write: Write) -> int:
        try:
            jobs = read_script(text)
        except Unreadable as error:
            write("stderr", f"the simulated engine's shell does not understand this: {error}; the kernel engine runs a real one\n")
            return 2
        try:
            return self._jobs(jobs, namespace, write)
        except _Exit:
            return int(self._variables["?"])

    def _jobs(self, jobs: Sequence[Job], namespace: str, write: Write) -> int:
        status = 0
        for job in jobs:
            if (job.when == "&&" and status) or (job.when == "||" and not status):
                continue
            status = self._pipeline(job.pipeline, namespace, write)
            self._variables["?"] = str(status)
        return status

    def _pipeline(self, pipeline: Pipeline, namespace: str, write: Write) -> int:
        if pipeline.group is not None:
            return self._jobs(pipeline.group, namespace, write)
        status, passed = 0, ""
        for number, command in enumerate(pipeline.commands, 1):
            parts: list[str] = []
            is_last = number == len(pipeline.commands)

            def tell(stream: str, text: str, parts: list[str] = parts, is_last: bool = is_last) -> None:
                if stream == "stdout" and not is_last:
                    parts.append(text)
                else:
                    write(stream, text)

            status = self._command(command, namespace, tell, passed)
            passed = "".join(parts)
        return int(not status) if pipeline.negated else status

    def _command(self, command: Simple, namespace: str, write: Write, passed: str) -> int:
        words = [expanded(word, self._variables) for word in command.words]
        while words and "=" in (first := command.words[0]) and first.partition("=")[0].isidentifier():
            name, _, value = words[0].partition("=")
            self._variables[name] = value
            command, words = msgspec.structs.replace(command, words=command.words[1:]), words[1:]
        written: dict[str, list[str]] = {"stdout": [], "stderr": []}
        is_plain = not command.outputs and not command.errors_with_output

        def collect(stream: str, text: str) -> None:
            written["stdout" if command.errors_with_output else stream].append(text)

        try:
            status = self._call(words, namespace, write if is_plain else collect, self._input(command, passed))
        except FileNotFoundError as error:
            write("stderr", f"sh: {error.args[0]}: No such file or directory\n")
            return 1
        if is_plain:
            return status
        for number, stream in ((1, "stdout"), (2, "stderr")):
            text = "".join(written[stream])
            if number in command.outputs:
                target, appends = command.outputs[number]
                status = self._write_file(expanded(target, self._variables), text, appends, namespace, write) or status
            elif text:
                write(stream, text)
        return status

    def _input(self, command: Simple, passed: str) -> str:
        if command.document:
            text, is_literal = command.document
            return text if is_literal else expanded('"' + text.replace('"', '\\"') + '"', self._variables)
        if command.reads is not None:
            name = expanded(command.reads, self._variables)
            if name not in self._files:
                raise FileNotFoundError(name)
            return self._files[name]
        return passed

    def _write_file(self, name: str, text: str, appends: bool, namespace: str, write: Write) -> int:
        if name == "/dev/null":
            return 0
        if name in ("/dev/stderr", "/dev/stdout"):
            write(name.removeprefix("/dev/"), text)
            return 0
        if name.startswith("/proc/sys/"):
            return self._call(["sysctl", "-q", "-w", f"{key_of(name)}={text.strip()}"], namespace, write, "")
        self._files[name] = (self._files.get(name, "") if appends else "") + text
        return 0

    # --- one command -----------------------------------------------------------------------------------------------------

    def _call(self, words: list[str], namespace: str, write: Write, given: str) -> int:
        if not words:
            return 0
        program = words[0].rpartition("/")[2]
        if program == "exit":
            self._variables["?"] = words[1] if len(words) > 1 else self._variables.get("?", "0")
            raise _Exit
        if program in ("export", "set", "unset", "cd", "ulimit", "source", ".", "alias"):
            return self._builtin(program, words[1:], write)
        if program in _SHELLS:
            return self._shell(words[1:], namespace, write, given)
        if program in _OPENS:
            inner = self._opened(program, words, namespace, write)
            if isinstance(inner, int):
                return inner
            if inner is not None:
                if not inner[0]:
                    return self._shell([], inner[1], write, given)
                return self._call(inner[0], inner[1], write, given)
        run = PROGRAMS.get(program)
        if run is None:
            write("stderr", f"{program}: the simulated engine does not have this program\n")
            return 127
        call = Call(self._world, namespace, [program, *words[1:]], given, write, self._file, self._name, self._moment)
        try:
            status = run(call)
        except Ended as end:
            if end.said:
                write("stderr", end.said)
            status = end.status
        self._world = call.world
        for name, text in call.written.items():
            if text is None:
                del self._files[name]
            else:
                self._write_file(name, text, False, namespace, write)
        return status

    def _file(self, name: str, namespace: str) -> str | None:
        if name.startswith("/proc/sys/"):
            value = read(self._world.topology.namespaces[namespace], key_of(name))
            return None if value is None else value.replace(" ", "\t") + "\n"
        return self._files.get(name)

    def _builtin(self, program: str, words: list[str], write: Write) -> int:
        if program == "export":
            for word in words:
                name, equals, value = word.partition("=")
                if equals:
                    self._variables[name] = value
        elif program == "cd":
            self._variables["PWD"] = words[0] if words else "/root"
        elif program == "unset":
            for word in words:
                self._variables.pop(word, None)
        elif program != "set":
            write("stderr", f"{program}: the simulated engine does not have this program\n")
            return 127
        return 0

    def _shell(self, words: list[str], namespace: str, write: Write, given: str) -> int:
        """`sh -c TEXT`, or a shell that reads its standard input."""
        while words and words[0].startswith("-") and words[0].endswith("c") and len(words) > 1:
            return self._script(words[1], namespace, write)
        return self._script(given, namespace, write)

    def _opened(self, program: str, words: list[str], namespace: str, write: Write) -> "tuple[list[str], str] | int | None":
        """What a program that runs another one runs, and where; an exit status where it refuses; None where it runs nothing."""
        if program == "sudo":
            return _behind_sudo(words[1:]), namespace
        if program in ("exec", "time", "command", "env"):
            left = words[1:]
            while left and (left[0].startswith("-") or (program == "env" and "=" in left[0])):
                left = left[1:]
            return (left, namespace) if left else None
        if program == "nsenter":
            return self._entered(words[1:], namespace, write)
        at = 1
        while at < len(words) and words[at].startswith("-") and words[at] not in ("-n", "-netns"):
            at += 1
        if re.match(r"netn?s? exe?c?$|net exec$", " ".join(words[at : at + 2])):
            if len(words) < at + 4:
                write("stderr", 'No command specified\n' if len(words) == at + 3 else 'No netns name specified\n')
                return 255
            return self._checked(words[at + 3 :], words[at + 2], write)
        return None

    def _checked(self, words: list[str], name: str, write: Write) -> "tuple[list[str], str] | int":
        if name == HOST or name not in self._world.topology.namespaces:
            write("stderr", f'Cannot open network namespace "{name}": No such file or directory\n')
            return 255
        return words, name

    def _entered(self, words: list[str], namespace: str, write: Write) -> "tuple[list[str], str] | int":
        name = namespace
        while words and words[0].startswith("-"):
            word = words.pop(0)
            if word.startswith(("--net=", "-n")) and len(word) > 2:
                path = word.partition("=")[2] or word.removeprefix("-n")
                name = path.rpartition("/")[2]
                if name == HOST or name not in self._world.topology.namespaces:
                    write("stderr", f"nsenter: cannot open {path}: No such file or directory\n")
                    return 1
        return words, name


def _behind_sudo(words: list[str]) -> list[str]:
    while words and (words[0].startswith("-") or ("=" in words[0] and words[0].partition("=")[0].isidentifier())):
        word = words[0]
        words = words[2:] if word in _SUDO_TAKES else words[1:]
        if word == "--":
            break
    return [] if words[:1] == ["su"] else words
