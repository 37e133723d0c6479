"""What nft 1.0.6 and ipset 7.17 answer to commands: data/nft/answers.txt and data/ipset/answers.txt, recorded on a machine that has them by
`python tests/support/recorded_answers.py nft` (or ipset).

A section begins with `== TITLE` and with no tables. A command stands behind `$ `, a here-document that it gets behind `| `; then comes all
that it prints, and behind `= ` its exit status, unless that is 0.
"""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

__all__ = ["RELEASES", "Section", "answered", "has_this_release", "questions", "really", "sections"]

_DATA = Path(__file__).parents[1] / "data"
RELEASES = {"nft": "v1.0.6", "ipset": "v7.17"}


@dataclass(frozen=True)
class Section:
    """Commands that build on each other, each with its answer."""

    title: str
    commands: list[str]
    answers: list[str]


def _answers(program: str) -> Path:
    return _DATA / program / "answers.txt"


def sections(program: str) -> list[Section]:
    """The recorded ones of a program."""
    found = []
    for text in _answers(program).read_text().split("\n== ")[1:]:
        title, _, rest = text.partition("\n")
        parts = [part.split("\n") for part in f"\n{rest.rstrip()}".split("\n$ ")[1:]]
        commands = ["\n".join([lines[0], *(line[2:] for line in lines[1:] if line.startswith("| "))]) for lines in parts]
        answers = ["".join(f"{line}\n" for line in lines[1:] if not line.startswith("| ")) for lines in parts]
        found.append(Section(title, commands, answers))
    return found


def questions(section: Section) -> str:
    """A shell script that asks everything in a section; its output is for `answered`."""
    asked = []
    for command in section.commands:
        line, newline, document = command.partition("\n")
        here = f" <<'END'\n{document}\nEND" if newline else ""
        asked.append(f"echo '@@'\n{line} 2>&1{here}\necho \"= $?\"\n")
    return "".join(asked)


def answered(output: str) -> list[str]:
    """The answers in what such a script printed."""
    return [re.sub(r"= 0\n$", "", part) for part in output.split("@@\n")[1:]]


def really(section: Section) -> list[str]:
    """The answers of the program of this machine, in a namespace of its own."""
    inside = ["unshare", "-rnm", "sh", "-c", "mount -t tmpfs tmpfs /run && exec bash"]
    done = subprocess.run(inside, input=questions(section), capture_output=True, text=True, check=False)
    return answered(done.stdout)


def has_this_release(program: str) -> bool:
    """Whether this machine has the program that the answers are from."""
    try:
        return RELEASES[program] in subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        return False


def _recorded(section: Section) -> str:
    lines = [f"== {section.title}"]
    for command, answer in zip(section.commands, really(section), strict=True):
        first, *document = command.split("\n")
        lines += [f"$ {first}", *(f"| {line}" for line in document), *([answer.rstrip("\n")] if answer else [])]
    return "\n".join(lines)


if __name__ == "__main__":
    asked = sys.argv[1]
    head = _answers(asked).read_text().split("\n== ")[0]
    _answers(asked).write_text("\n\n".join([head.rstrip(), *map(_recorded, sections(asked))]) + "\n")
