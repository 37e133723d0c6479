"""Completion for bash, zsh and fish, written from the table of subcommands.

It is text that the shell evaluates once. A library that asks the program itself (argcomplete) would start Python at every Tab, and one that
writes such text (shtab) knows no fish; either would be one more dependency for these lines.
"""

from collections.abc import Callable, Iterator
from itertools import chain

from netlab_magic.cli.arguments import PROGRAM
from netlab_magic.cli.subcommands import EVERYWHERE, SUBCOMMANDS, Argument, Subcommand
from netlab_magic.i18n import Language, language

__all__ = ["code_for"]

_AT_TOP = ("--version", "-h", "--help")


def code_for(shell: str, language_name: str) -> str:
    """The code for bash, zsh or fish, with descriptions in a language where the shell shows them."""
    return "\n".join(_SHELLS[shell](language(language_name)))


def _options(row: Subcommand) -> list[Argument]:
    return [one for one in (*row.arguments, *EVERYWHERE) if one.names[0].startswith("-")]


def _places(row: Subcommand) -> list[Argument]:
    return [one for one in row.arguments if not one.names[0].startswith("-")]


def _takes_word(one: Argument) -> bool:
    return one.settings.get("action") in (None, "append")


def _choices(one: Argument) -> str:
    return " ".join(one.settings.get("choices", ()))


# --- bash --------------------------------------------------------------------------------------------------------------------


def _bash(_: Language) -> Iterator[str]:
    yield "_netlab_magic() {"
    yield "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words= files="
    yield "    if [ $COMP_CWORD -eq 1 ]; then"
    yield f"        words='{' '.join((*(row.name for row in SUBCOMMANDS), *_AT_TOP))}'"
    yield "    else case ${COMP_WORDS[1]},$before in"
    for row in SUBCOMMANDS:
        for one in filter(_takes_word, _options(row)):
            yield f"        {'|'.join(f'{row.name},{name}' for name in one.names)}) {_bash_words(one)} ;;"
    for row in SUBCOMMANDS:
        names = " ".join(chain.from_iterable(one.names for one in _options(row)))
        choices = " ".join(filter(None, map(_choices, _places(row))))
        files = " files=yes" if any(one.completes for one in _places(row)) else ""
        yield f"        {row.name},*) case $word in -*) words='{names}' ;; *) words='{choices}'{files} ;; esac ;;"
    yield "    esac fi"
    yield "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))"
    yield "    if [ -n \"$files\" ]; then compopt -o filenames; mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- \"$word\"); fi"
    yield "}"
    yield f"complete -F _netlab_magic {PROGRAM}"


def _bash_words(one: Argument) -> str:
    return "files=yes" if one.completes else f"words='{_choices(one)}'"


# --- zsh ---------------------------------------------------------------------------------------------------------------------


def _zsh(say: Language) -> Iterator[str]:
    yield f"#compdef {PROGRAM}"
    yield "_netlab_magic() {"
    yield "    local -a subcommands=("
    yield from (f"        {_quoted(f'{row.name}:{say(row.summary)}')}" for row in SUBCOMMANDS)
    yield "    )"
    yield "    if (( CURRENT == 2 )); then"
    yield f"        _describe subcommand subcommands; compadd -- {' '.join(_AT_TOP)}; return"
    yield "    fi"
    yield "    local subcommand=$words[2]"
    yield "    shift words; (( CURRENT-- ))"
    yield "    case $subcommand in"
    for row in SUBCOMMANDS:
        specs = " ".join(_quoted(spec) for one in row.arguments for spec in _zsh_specs(one, say))
        general = " ".join(_quoted(spec) for one in EVERYWHERE for spec in _zsh_specs(one, say))
        yield f"        {row.name}) _arguments {specs} {general} ;;"
    yield "    esac"
    yield "}"
    yield f"if [ \"$funcstack[1]\" = _netlab_magic ]; then _netlab_magic \"$@\"; else compdef _netlab_magic {PROGRAM}; fi"


def _zsh_specs(one: Argument, say: Language) -> Iterator[str]:
    summary = say(one.summary).translate({ord(char): f"\\{char}" for char in ":[]"})
    action = "_files" if one.completes else f"({_choices(one)})" if _choices(one) else " "
    if not one.names[0].startswith("-"):
        many = "*" if one.settings.get("nargs") in ("*", "+") else ""
        yield f"{many}:{summary}:{action}"
        return
    for name in one.names:
        yield f"*{name}[{summary}]" + (f":{one.settings.get('metavar', 'word')}:{action}" if _takes_word(one) else "")


# --- fish --------------------------------------------------------------------------------------------------------------------


def _fish(say: Language) -> Iterator[str]:
    yield f"complete -c {PROGRAM} -f"
    names = " ".join(row.name for row in SUBCOMMANDS)
    for row in SUBCOMMANDS:
        yield f"complete -c {PROGRAM} -n 'not __fish_seen_subcommand_from {names}' -a {row.name} -d {_quoted(say(row.summary))}"
    for row in SUBCOMMANDS:
        here = f"complete -c {PROGRAM} -n '__fish_seen_subcommand_from {row.name}'"
        for one in _options(row):
            known = " ".join(f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in one.names)
            word = "" if not _takes_word(one) else " -r -F" if one.completes else f" -x -a {_quoted(_choices(one))}"
            yield f"{here} {known}{word} -d {_quoted(say(one.summary))}"
        if any(one.completes for one in _places(row)):
            yield f"{here} -F"
        for choices in filter(None, map(_choices, _places(row))):
            yield f"{here} -a {_quoted(choices)}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


_SHELLS: dict[str, Callable[[Language], Iterator[str]]] = {"bash": _bash, "zsh": _zsh, "fish": _fish}
