"""What nft 1.0.6 answers to commands: data/nft/answers.txt, recorded by `python tests/support/nft_answers.py` on a machine that has it.

A section begins with `== TITLE` and with no tables. A command stands behind `$ `, a here-document that it gets behind `| `; then comes all
that it prints, and behind `= ` its exit status, unless that is 0.
"""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ANSWERS", "RELEASE", "Section", "has_this_release", "questions", "really", "sections"]

ANSWERS = Path(__file__).parents[1] / "data" / "nft" / "answers.txt"
RELEASE = "v1.0.6"


@dataclass(frozen=True)
class Section:
    """Commands that build on each other, each with its answer."""

    title: str
    commands: list[str]
    answers: list[str]


def sections() -> list[Section]:
    """The recorded ones."""
    found = []
    for text in ANSWERS.read_text().split("\n== ")[1:]:
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
    return "nft flush ruleset\n" + "".join(asked)


def answered(output: str) -> list[str]:
    """The answers in what such a script printed."""
    return [re.sub(r"= 0\n$", "", part) for part in output.split("@@\n")[1:]]


def really(section: Section) -> list[str]:
    """The answers of the nft of this machine, in a namespace of its own."""
    done = subprocess.run(["unshare", "-rn", "bash"], input=questions(section), capture_output=True, text=True, check=False)
    return answered(done.stdout)


def has_this_release() -> bool:
    """Whether this machine has the nft that the answers are from."""
    try:
        return RELEASE in subprocess.run(["nft", "--version"], capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        return False


def _recorded(section: Section) -> str:
    lines = [f"== {section.title}"]
    for command, answer in zip(section.commands, really(section), strict=True):
        first, *document = command.split("\n")
        lines += [f"$ {first}", *(f"| {line}" for line in document), *([answer.rstrip("\n")] if answer else [])]
    return "\n".join(lines)


if __name__ == "__main__":
    head = ANSWERS.read_text().split("\n== ")[0]
    ANSWERS.write_text("\n\n".join([head.rstrip(), *map(_recorded, sections())]) + "\n")
