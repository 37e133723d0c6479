"""The parser of `netlab-magic`, made from the table of subcommands."""

import argparse
import sys
from collections.abc import Iterable
from typing import NoReturn

from netlab_magic.cli.exit_status import Status
from netlab_magic.cli.subcommands import EVERYWHERE, SUBCOMMANDS, Argument, Subcommand
from netlab_magic.i18n import Language, message

__all__ = ["PROGRAM", "Parser", "parser_of"]

PROGRAM = "netlab-magic"

_ABOUT = message("Looks into the network of another host, or of this one, through what it prints. Nothing is changed, and nothing is sent.")
_STATUSES = message(
    "Exit status: 0 answered, or as expected; 1 not answered, different, or not as expected; 2 something cannot be read; 3 unknown."
)
_INPUT = message("Without --file, the dump is read from standard input.")


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Help as wide as its longest words need."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28)


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one sentence and a hint."""

    def error(self, message: str) -> NoReturn:
        """Prints what is wrong with the command line, and exits."""
        sys.stderr.write(f"{PROGRAM}: {message}; see {self.prog} -h\n")
        sys.exit(Status.WRONG)


def parser_of(say: Language, version: str) -> Parser:
    """The parser of the whole command line, with its help in a language."""
    top = Parser(PROGRAM, description=say(_ABOUT), epilog=say(_STATUSES), formatter_class=_Formatter, add_help=False, allow_abbrev=False)
    options = top.add_argument_group(say("Options"))
    options.add_argument("--version", action="version", version=f"{PROGRAM} {version}", help=say("show the version and exit"))
    _add(options, EVERYWHERE[-1:], say)
    chosen = top.add_subparsers(title=say("Subcommands"), dest="subcommand", metavar="SUBCOMMAND", required=True, parser_class=Parser)
    for row in SUBCOMMANDS:
        made = chosen.add_parser(
            row.name,
            help=say(row.summary),
            description=_description(row, say),
            epilog=say("For example: {}", row.example),
            formatter_class=_Formatter,
            add_help=False,
            allow_abbrev=False,
        )
        places, named = made.add_argument_group(say("Arguments")), made.add_argument_group(say("Options"))
        _add(places, (one for one in row.arguments if not one.names[0].startswith("-")), say)
        _add(named, (one for one in (*row.arguments, *EVERYWHERE) if one.names[0].startswith("-")), say)
        made.set_defaults(home=row.home)
    return top


def _description(row: Subcommand, say: Language) -> str:
    summary = say(row.summary)
    told = say("{}.", f"{summary[:1].upper()}{summary[1:]}")
    return f"{told} {say(_INPUT)}" if any("--file" in one.names for one in row.arguments) and row.name != "test" else told


def _add(group: argparse._ArgumentGroup, arguments: Iterable[Argument], say: Language) -> None:
    for one in arguments:
        group.add_argument(*one.names, help=say(one.summary), **one.settings)
