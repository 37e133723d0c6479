"""`%netlab` and `%%netlab`: IPython's side of the language. Parsing, running and results live in the folders above this one.

The lab and the completer are imported when they are first used, so that `%load_ext` is fast.
"""

import os
import re
import sys
from functools import cached_property
from typing import TYPE_CHECKING, Any

from IPython.core.completer import CompletionContext, SimpleMatcherResult, context_matcher
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand, output_can_be_silenced
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring
from IPython.display import display
from traitlets import Bool, Enum, Unicode, default

from netlab_magic.engines import ENGINES
from netlab_magic.errors import NetlabError, Place, StatementError
from netlab_magic.i18n import LANGUAGES, preferred
from netlab_magic.text import suggest

if TYPE_CHECKING:
    from netlab_magic.jupyter.completion import Completer
    from netlab_magic.teaching.lab import Lab

__all__ = ["NetlabMagics", "load", "unload"]

_OPTIONS: dict[str, dict[str, Any]] = {
    "--lab": {"help": "Use the lab with this name; several can be up at the same time."},
    "--engine": {"choices": ENGINES, "help": "What runs the statements: the kernel, or a model of it."},
    "--firewall": {"choices": ["auto", "legacy", "nft"], "help": "The iptables variant of the lab, if this starts it."},
    "--commands": {"action": "store_true", "help": "Unfold the commands that each statement stands for."},
    "--dry-run": {"action": "store_true", "help": "Check and show the commands, but change nothing."},
    "--quiet": {"action": "store_true", "help": "Show only the results of probes and of show statements."},
}
"""The options of the magic, as argparse takes them."""

_FLAGS, _VALUED = ([name[2:] for name, held in _OPTIONS.items() if ("action" in held) is flag] for flag in (True, False))
_OPTION = re.compile(rf"\s*(--(?:{'|'.join(_VALUED)})(?:=|\s+)\S+|--(?:{'|'.join(_FLAGS)})\b|--\S*)")


_EXPANDS = re.compile(r"[${}]")


def split_options(line: str) -> tuple[str, str]:
    """The options at the start of a line, and what follows them.

    >>> split_options("--lab two --quiet ping ns1 ns0")
    ('--lab two --quiet', 'ping ns1 ns0')
    """
    at = 0
    while match := _OPTION.match(line, at):
        at = match.end()
    return line[:at].strip(), line[at:].lstrip()


def _with_options(function: Any) -> Any:
    for name, held in reversed(_OPTIONS.items()):
        function = argument(name, **held)(function)
    return function


@magics_class
class NetlabMagics(Magics):
    """The magics, and the labs that they made in this notebook kernel."""

    lab = Unicode("lab", help="The name of the lab that cells use.").tag(config=True)
    firewall = Enum(["auto", "legacy", "nft"], "auto", help="The iptables variant of new labs.").tag(config=True)
    engine = Enum(list(ENGINES), "auto", help="What runs the statements: the kernel, or a model of it.").tag(config=True)
    language = Enum(list(LANGUAGES), help="The language of explanations (by default the one that LANG asks for).").tag(config=True)
    commands = Bool(False, help="Unfold the commands that each statement stands for.").tag(config=True)

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self.labs: dict[str, Lab] = {}

    @cached_property
    def completer(self) -> "Completer":
        """What completes words of the language."""
        from netlab_magic.jupyter.completion import Completer

        return Completer(self.current_lab, tuple(_OPTIONS), split_options)

    @context_matcher(identifier="netlab_magic", priority=100)
    def match(self, context: CompletionContext) -> SimpleMatcherResult:
        """The matcher to register with IPython's completer."""
        return self.completer.match(context)

    @default("language")
    def _language_of_the_environment(self) -> str:
        return preferred(os.environ)

    def current_lab(self) -> "Lab | None":
        """The lab that a cell without options would use, if it exists."""
        return self.labs.get(self.lab)

    @no_var_expand
    @output_can_be_silenced
    @magic_arguments()
    @_with_options
    @argument("statement", nargs="*", help="A statement; in a %%%%netlab cell, nothing or: sh [NS]")
    @line_cell_magic
    def netlab(self, line: str, cell: str | None = None) -> Any:
        """Build, change and probe a network lab on the real kernel; %netlab help lists the statements.

        %netlab STATEMENT runs one statement; a %%netlab cell runs its body, one statement a line.
        %%netlab sh [NS] runs the body with a shell in the lab host, or in a namespace.
        """
        from netlab_magic.session.results.base import CellResult

        options, rest = split_options(line)
        arguments = self._arguments(options)
        lab = self._lab(arguments)
        try:
            if cell is None:
                return self._run(lab, rest, arguments)
            if not rest:
                return self._run(lab, cell, arguments)
            return self._shell(lab, rest, cell)
        except NetlabError as error:
            unseen = CellResult(lab.partial, lab.emitted)
            if unseen.left():
                display(unseen)
            # An ExceptionGroup anywhere in the context would make IPython print a traceback after all.
            error.__context__ = error.__cause__ = None
            raise

    def _arguments(self, options: str) -> Any:
        try:
            return parse_argstring(self.netlab, options)
        except UsageError as error:
            wrong = options.rsplit(maxsplit=1)[-1]
            hint = suggest(wrong, _OPTIONS) if wrong.startswith("--") and wrong not in _OPTIONS else ""
            raise StatementError(f"{error}{hint}", Place(1, f"%netlab {options}")) from None

    def _lab(self, arguments: Any) -> "Lab":
        from netlab_magic.engines.protocol import SIMULATED
        from netlab_magic.teaching.lab import Lab

        name = arguments.lab or self.lab
        if not re.fullmatch(r"[A-Za-z0-9_.-]{1,32}", name):
            raise StatementError(f"{name} cannot name a lab; use up to 32 letters, digits and . _ -")
        wanted = arguments.firewall or self.firewall
        engine = arguments.engine or self.engine
        lab = self.labs.setdefault(name, Lab(name, wanted))
        lab.language = self.language
        if not lab.is_up:
            lab.firewall, lab.wanted_engine = wanted, engine
        elif arguments.engine in ("kernel", "simulated") and (arguments.engine == "simulated") != (lab.engine.ready.way == SIMULATED):
            other = "simulated" if lab.engine.ready.way == SIMULATED else "on the kernel"
            raise StatementError(f"the lab {name} is up, {other}; end it first (%netlab down), or use another --lab")
        elif arguments.firewall not in (None, "auto", lab.engine.ready.firewall):
            raise StatementError(
                f"the lab {name} is up with the {lab.engine.ready.firewall} variant; end it first (%netlab down), or use another --lab"
            )
        return lab

    def _run(self, lab: "Lab", text: str, arguments: Any) -> Any:
        from netlab_magic.session.results.base import CellResult

        if text.strip() == "panel":
            from netlab_magic.jupyter.panel import Panel

            return Panel(lab)
        result = lab.run(
            text,
            commands=arguments.commands or self.commands,
            dry_run=arguments.dry_run,
            quiet=arguments.quiet,
            expand=self._expand,
            stream=_stream,
            emit=display,
        )
        return None if isinstance(result, CellResult) and not result.left() else result

    def _shell(self, lab: "Lab", rest: str, cell: str) -> Any:
        words = rest.split()
        if words[0] not in ("sh", "bash") or len(words) > 2:
            raise StatementError(f"after %%netlab, a cell takes options or sh [NS], not {rest}", Place(1, f"%%netlab {rest}"))
        lab.shell(cell, words[1] if len(words) == 2 else None, _stream)
        return None

    def _expand(self, line: str) -> str:
        # IPython takes as long for a line in which nothing is to expand as all else does that is done with it.
        return str(self.shell.var_expand(line)) if self.shell and _EXPANDS.search(line) else line


def _stream(stream: str, text: str) -> None:
    (sys.stderr if stream == "stderr" else sys.stdout).write(text)


def load(shell: InteractiveShell) -> None:
    """Registers the magics with a shell; does nothing when they are there already."""
    if _registered(shell) is not None:
        return
    magics = NetlabMagics(shell)
    shell.register_magics(magics)
    shell.Completer.custom_matchers.append(magics.match)


def _registered(shell: InteractiveShell) -> NetlabMagics | None:
    found = shell.magics_manager.registry.get(NetlabMagics.__name__)
    return found if isinstance(found, NetlabMagics) else None


def unload(shell: InteractiveShell) -> None:
    """Takes everything back that `load` registered; labs stay up until the notebook kernel ends, and are named."""
    magics = _registered(shell)
    if magics is None:
        return
    shell.Completer.custom_matchers.remove(magics.match)
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop("netlab", None)
    shell.magics_manager.registry.pop(NetlabMagics.__name__, None)
    shell.configurables.remove(magics)  # type: ignore[arg-type]  # IPython annotates the list too narrowly
    up = [name for name, lab in magics.labs.items() if lab.is_up]
    if up:
        sys.stdout.write(f"netlab_magic is unloaded; still up until this kernel ends: {', '.join(up)}\n")
