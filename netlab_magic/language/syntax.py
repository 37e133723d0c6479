"""The table of all statements, which help, parsing and Tab completion share."""

from netlab_magic.language import statements as s
from netlab_magic.language.grammar.build import BUILD
from netlab_magic.language.grammar.firewall import FIREWALL
from netlab_magic.language.grammar.lesson import LESSON
from netlab_magic.language.grammar.probe import PROBE
from netlab_magic.language.grammar.row import Syntax
from netlab_magic.language.grammar.session import SESSION
from netlab_magic.language.grammar.show import SHOW
from netlab_magic.language.lexer import COMMANDS
from netlab_magic.language.statements import Statement
from netlab_magic.language.word_reader import Reader, wrong
from netlab_magic.text import suggest

__all__ = ["GROUPS", "SYNTAX"]


def read_help(r: Reader) -> Statement:
    """help = "help" [ WORD ]"""
    if not r.peek("<word>"):
        return s.Session("help", "")
    word = r.take("word")
    if word not in SYNTAX and word not in COMMANDS:
        wrong(f"{word} is not a statement{suggest(word, SYNTAX)}", word)
    return s.Session("help", word)


_HELP = Syntax("help [WORD]", "this list, or one statement", read_help)

GROUPS: dict[str, tuple[Syntax, ...]] = {
    "Build (run again, they change nothing that is already so)": BUILD,
    "Firewall": FIREWALL,
    "Probe": PROBE,
    "See": SHOW,
    "Learn": LESSON,
    "Session": (*SESSION, _HELP),
}
"""The statements by group, as help lists them."""

SYNTAX: dict[str, Syntax] = {syntax.word: syntax for group in GROUPS.values() for syntax in group}
"""Every statement of the language by its word."""
