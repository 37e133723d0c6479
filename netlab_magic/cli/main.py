"""`netlab-magic`: reads the command line, has the subcommand answer, and prints what it says."""

import os
import signal
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from netlab_magic.cli.arguments import PROGRAM, parser_of
from netlab_magic.cli.exit_status import Status
from netlab_magic.errors import NetlabError
from netlab_magic.i18n import LANGUAGES, language, preferred

if TYPE_CHECKING:
    import argparse

    from netlab_magic.cli.answer import Answer

__all__ = ["main"]


def main(words: Sequence[str] | None = None) -> int:
    """Carries out a command line, by default that of this process; returns its exit status."""
    words = sys.argv[1:] if words is None else words
    try:
        status = _main(words)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left in the buffer has nowhere to go
        return Status.BROKEN_PIPE
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # ends as by the signal itself, so that a script that runs this stops too
        os.kill(os.getpid(), signal.SIGINT)
        return Status.INTERRUPTED
    return status


def _main(words: Sequence[str]) -> int:
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # a terminal that lacks ✓ is no reason to fail
    wanted = _asked_language(words)
    options = parser_of(language(wanted), _version()).parse_args(words)
    options.lang = wanted
    module, _, function = options.home.partition(":")
    answer: Callable[[argparse.Namespace], Answer] = getattr(import_module(f"netlab_magic.cli.{module}"), function)
    try:
        found = answer(options)
        _print(found, options)
    except NetlabError as error:
        sys.stderr.write(f"{PROGRAM}: {error}\n")
        return Status.WRONG
    return found.status


def _print(found: "Answer", options: "argparse.Namespace") -> None:
    from netlab_magic.cli import printing

    if getattr(options, "picture", None):
        printing.draw(found.pictures, options.picture)
    for remark in found.remarks:
        sys.stderr.write(f"{remark}\n")
    if getattr(options, "json", False):
        printing.print_json(found.fields)
    else:
        printing.print_text(found.text)


def _asked_language(words: Sequence[str]) -> str:
    """The language of `--lang`, which help is printed in too, or else of the environment."""
    for at, word in enumerate(words):
        name = word.removeprefix("--lang=") if word.startswith("--lang=") else words[at + 1] if word == "--lang" and words[at + 1 :] else ""
        if name in LANGUAGES:
            return name
    return preferred(os.environ)


def _version() -> str:
    try:
        return version("netlab-magic")
    except PackageNotFoundError:  # a tree that is not installed
        return "?"
