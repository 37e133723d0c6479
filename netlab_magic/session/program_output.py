"""Programs that statements start in a lab: their command lines, their output, and their standard input."""

import re
import shlex
from collections.abc import Iterator
from itertools import count

from netlab_magic.engines.engine import Engine
from netlab_magic.errors import CommandFailed

__all__ = ["TooLong", "nft_command", "output_of", "with_text"]

_PLAIN = re.compile(r"[\w ./:@+-]*")


class TooLong(CommandFailed):
    """A command printed more than a lab keeps."""


def output_of(engine: Engine, command: str) -> str:
    """What a command in the lab prints. Raises CommandFailed with its error output, and TooLong."""
    printed: dict[str, list[str]] = {"stdout": [], "stderr": []}
    ran = engine.run(command, lambda stream, text: printed[stream].append(text))
    if ran.status:
        why = "".join(printed["stderr"]).strip() or f"exit status {ran.status}"
        raise CommandFailed(f"{command}: {why}", status=ran.status)
    if ran.hidden:
        raise TooLong(f"{command}: this prints {ran.hidden:,} characters more than a lab keeps", status=0)
    return "".join(printed["stdout"])


def nft_command(line: str) -> str:
    """A command of nft for the shell, in one word where the shell would read something into it.

    >>> nft_command("add rule inet fw forward tcp dport { 80, 443 } accept")
    "nft 'add rule inet fw forward tcp dport { 80, 443 } accept'"
    """
    return f"nft {line if _PLAIN.fullmatch(line) else shlex.quote(line)}"


def with_text(command: str, text: str) -> str:
    """A command line with a text as the program's standard input, whatever lines the text contains."""
    lines = set(text.splitlines())
    mark = next(name for name in _marks() if name not in lines)
    return f"{command} <<'{mark}'\n{text}{'' if text.endswith(chr(10)) else chr(10)}{mark}"


def _marks() -> Iterator[str]:
    yield "END"
    yield from (f"END{number}" for number in count(2))
