"""What statements return: values that are true if all went well, with a text form that is complete by itself, and HTML on top of it."""

from collections.abc import Iterator, Mapping, Sequence

from netlab_magic.draw import Picture
from netlab_magic.session.results.html import Html, b, details, div, drawn, joined, pre, span
from netlab_magic.text import counted

__all__ = ["CellResult", "Changed", "Ran", "Result", "Text", "commands_html", "shown"]

_STYLE = Html(
    "<style>.netlab{font-family:var(--jp-code-font-family,monospace);font-size:var(--jp-code-font-size,13px);line-height:1.5}"
    ".netlab pre{margin:0;white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere;"
    "font:inherit}.netlab details{margin-left:1.6em}.netlab summary{cursor:pointer;"
    "color:var(--jp-ui-font-color2,#666)}.netlab .why{color:var(--jp-ui-font-color2,#666)}.netlab table{border-collapse:collapse}"
    ".netlab td,.netlab th{padding:.1em .5em;text-align:center;border:1px solid var(--jp-border-color2,#ccc)}"
    ".netlab .ok{color:#0072B2;color:light-dark(#0072B2,#56B4E9)}.netlab .bad{color:#D55E00;color:light-dark(#D55E00,#FF8F4D)}</style>"
)


def _styled(html: Html) -> Html:
    """HTML of results in our style, which follows the notebook's theme."""
    return joined(_STYLE, div(html, class_="netlab"))


class Result:
    """What a statement returns. `bool()` says whether it went well, `str()` is all of it as text; a notebook shows it as HTML."""

    def __bool__(self) -> bool:
        return True

    def html(self, commands: bool = False) -> Html:
        """The result as HTML, everything from outside escaped; `commands` unfolds the commands."""
        return pre(str(self))

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> Mapping[str, str]:
        return {"text/plain": str(self), "text/html": _styled(self.html())}

    def __repr__(self) -> str:
        return str(self)


class Text(Result):
    """A plain text, such as a rule listing or help.

    Attributes:
        text: the text.
    """

    def __init__(self, text: str, ok: bool = True) -> None:
        self.text = text
        self._ok = ok

    def __bool__(self) -> bool:
        return self._ok

    def __str__(self) -> str:
        return self.text.rstrip("\n")


class Changed(Result):
    """What a build or firewall statement did.

    Attributes:
        statement: the statement as it was written.
        sentence: what it did, in words.
        commands: the commands that would have done the same; none if there was nothing to change.
    """

    def __init__(self, statement: str, sentence: str, commands: Sequence[str], open_commands: bool = False) -> None:
        self.statement = statement
        self.sentence = sentence
        self.commands = tuple(commands)
        self._unfolded = open_commands

    @property
    def changed(self) -> bool:
        """Whether there was anything to do."""
        return bool(self.commands)

    @property
    def _sign(self) -> str:
        return "+" if self.changed else "="

    def __str__(self) -> str:
        head = f"{self._sign} {self.statement}: {self.sentence}"
        return "\n".join([head, *(f"    {command}" for command in self.commands)]) if self._unfolded else head

    def html(self, commands: bool = False) -> Html:
        """See Result."""
        head = pre(f"{self._sign} ", b(self.statement), " ", span(self.sentence, class_="why"))
        return joined(head, commands_html(self.commands, unfolded=self._unfolded or commands))


def commands_html(commands: Sequence[str], *, unfolded: bool) -> Html:
    """Commands folded under a line that says how many there are; nothing if there are none."""
    count = counted(len(commands), "command")
    return details(count, pre("\n".join(commands)), unfolded=unfolded) if commands else Html()


class Ran(Result):
    """A command that ended with status 0 and has already shown its output.

    Attributes:
        command: the command line.
        status: its exit status, which is 0: any other raises CommandFailed.
        output: what it printed, both streams in the order in which they came.
    """

    def __init__(self, command: str, status: int, output: str) -> None:
        self.command = command
        self.status = status
        self.output = output

    def __str__(self) -> str:
        return self.output.rstrip("\n")

    def _ipython_display_(self) -> None:
        """Nothing: the output was shown while the command ran."""


class CellResult(Result):
    """The results of a cell, in order; true when all of them are. It can be indexed and iterated over.

    Attributes:
        results: a Result or a Picture for each statement.
    """

    def __init__(self, results: Sequence["Result | Picture"], shown: int = 0, commands: bool = False) -> None:
        """`shown` of the results were displayed while the cell ran."""
        self.results = tuple(results)
        self._shown = shown
        self._commands = commands

    def __bool__(self) -> bool:
        return all(bool(result) for result in self.results if isinstance(result, Result))

    def __iter__(self) -> "Iterator[Result | Picture]":
        return iter(self.results)

    def __len__(self) -> int:
        return len(self.results)

    def __getitem__(self, index: int) -> "Result | Picture":
        return self.results[index]

    def __str__(self) -> str:
        return "\n".join(text for text in (str(result) for result in self.left()) if text)

    def left(self) -> "list[Result | Picture]":
        """The results that have not been displayed yet."""
        return [result for result in self.results[self._shown :] if not isinstance(result, Ran)]

    def html(self, commands: bool = False) -> Html:
        """See Result."""
        unfolded = self._commands or commands
        return joined(*(result.html(unfolded) if isinstance(result, Result) else drawn(result) for result in self.left()))

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> Mapping[str, str]:
        return super()._repr_mimebundle_(include, exclude) if self.left() else {"text/plain": ""}


def shown(results: Sequence["Result | Picture"]) -> "Result | Picture | None":
    """What to display for a list of results: a single one itself, several as a `CellResult`, None for none."""
    if not results:
        return None
    return results[0] if len(results) == 1 else CellResult(results)
