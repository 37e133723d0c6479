"""The commonest forms of Go's templates, as `docker inspect --format` takes them: fields, `json`, `index`, `len`, `range`, `if`, `with`."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

from netlab_magic.language.plan_topology import refuse

__all__ = ["filled"]

_ACTION = re.compile(r"\{\{(?P<left>-\s)?\s*(?P<action>.*?)\s*(?P<right>\s-)?\}\}", re.DOTALL)
_TOKEN = re.compile(r"""\s*(?:(?P<string>"(?:[^"\\]|\\.)*"|`[^`]*`)|(?P<word>\$?[\w.$-]+|\$)|(?P<sign>:=|[(),|]))""")
_BLOCKS = ("range", "if", "with")


class _Block(NamedTuple):
    """A part of a template: text, an action, or `range`, `if`, `with` with what is inside, and behind `else`."""

    kind: str
    text: str
    inside: "Sequence[_Block]" = ()
    otherwise: "Sequence[_Block]" = ()


class _Template:
    """A template under evaluation; refusals point at its word."""

    def __init__(self, word: str) -> None:
        self.word = word

    def refuse(self, message: str) -> NoReturn:
        refuse(f"{message}; of Go's templates, fields, json, index, len, range, if and with are supported", self.word)

    # --- reading ------------------------------------------------------------------------------------------------------------

    def parts(self) -> list[tuple[str, str]]:
        """Texts and actions in order, with the white space gone that `{{-` and `-}}` take away."""
        found: list[tuple[str, str]] = []
        at, trims = 0, False
        for match in _ACTION.finditer(self.word):
            text = self.word[at : match.start()]
            text = text.lstrip() if trims else text
            found.append(("text", text.rstrip() if match["left"] else text))
            found.append(("action", match["action"].strip()))
            at, trims = match.end(), bool(match["right"])
        rest = self.word[at:]
        if "{{" in rest:
            self.refuse("this {{ is not closed")
        return [*found, ("text", rest.lstrip() if trims else rest)]

    def blocks(self, parts: list[tuple[str, str]]) -> tuple[list[_Block], str]:
        """The blocks up to `end`, `else` or the end of the template, and which of them it was; `parts` are used up."""
        found: list[_Block] = []
        while parts:
            kind, text = parts.pop(0)
            first = text.split(" ")[0] if kind == "action" else ""
            if first in ("end", "else"):
                return found, first
            if first in _BLOCKS:
                inside, ended = self.blocks(parts)
                otherwise, ended = self.blocks(parts) if ended == "else" else ([], ended)
                if ended != "end":
                    self.refuse(f"{{{{{first}}}}} has no {{{{end}}}}")
                found.append(_Block(first, text[len(first) :], inside, otherwise))
            else:
                found.append(_Block(kind, text))
        return found, ""

    # --- evaluating ---------------------------------------------------------------------------------------------------------

    def run(self, blocks: Sequence[_Block], dot: Any, names: Mapping[str, Any]) -> str:
        """What blocks come to with the value of `.` and those of the variables."""
        return "".join(self._run(block, dot, names) for block in blocks)

    def _run(self, block: _Block, dot: Any, names: Mapping[str, Any]) -> str:
        match block.kind:
            case "text":
                return block.text
            case "action":
                return _printed(self.value(block.text, dot, names))
            case "range":
                return self._range(block, dot, names)
        value = self.value(block.text, dot, names)
        if not value:
            return self.run(block.otherwise, dot, names)
        return self.run(block.inside, value if block.kind == "with" else dot, names)

    def _range(self, block: _Block, dot: Any, names: Mapping[str, Any]) -> str:
        declared, assigned, expression = block.text.rpartition(":=")
        variables = [name.strip() for name in declared.split(",")] if assigned else []
        over = self.value(expression, dot, names)
        items = sorted(over.items()) if isinstance(over, dict) else list(enumerate(over or ())) if isinstance(over, list | None) else None
        if items is None:
            self.refuse(f"{expression.strip()} is not a list, so {{{{range}}}} has nothing to go through")
        if not items:
            return self.run(block.otherwise, dot, names)
        said = ""
        for key, value in items:
            values = (value,) if len(variables) == 1 else (key, value)
            said += self.run(block.inside, value, {**names, **dict(zip(variables, values, strict=False))})
        return said

    def value(self, text: str, dot: Any, names: Mapping[str, Any]) -> Any:
        """What a pipeline comes to."""
        tokens = self._tokens(text)
        value = self._pipeline(tokens, dot, names)
        if tokens:
            self.refuse(f"{tokens[0]} is not understood")
        return value

    def _tokens(self, text: str) -> list[str]:
        found, at = [], 0
        while text[at:].strip():
            match = _TOKEN.match(text, at)
            if match is None:
                self.refuse(f"{text[at:].strip()} is not understood")
            found.append(match[0].strip())
            at = match.end()
        return found

    def _pipeline(self, tokens: list[str], dot: Any, names: Mapping[str, Any]) -> Any:
        value = self._call(tokens, dot, names, [])
        while tokens and tokens[0] == "|":
            tokens.pop(0)
            value = self._call(tokens, dot, names, [value])
        return value

    def _call(self, tokens: list[str], dot: Any, names: Mapping[str, Any], last: list[Any]) -> Any:
        """A function with its operands, or one operand."""
        if not tokens:
            self.refuse("something is missing between {{ and }}")
        name = tokens.pop(0) if tokens[0] in ("json", "index", "len", "print", "println") else ""
        operands = []
        while tokens and tokens[0] not in ("|", ")"):
            operands.append(self._operand(tokens, dot, names))
        operands += last
        if (not name and len(operands) != 1) or not operands:
            self.refuse(f"{name or 'a field'} has {len(operands)} values where one should be")
        match name:
            case "json":
                return json.dumps(operands[0], separators=(",", ":"))
            case "len":
                return len(operands[0])
            case "index":
                return self._indexed(operands)
            case "print" | "println":
                return " ".join(map(_printed, operands)) + ("\n" if name == "println" else "")
        return operands[0]

    def _operand(self, tokens: list[str], dot: Any, names: Mapping[str, Any]) -> Any:
        first = tokens.pop(0)
        if first == "(":
            value = self._pipeline(tokens, dot, names)
            if not tokens or tokens.pop(0) != ")":
                self.refuse("a ( is not closed")
            field = tokens.pop(0) if tokens and tokens[0].startswith(".") and tokens[0] != "." else ""
            return self._field(value, field)
        if first[0] in '"`':
            return json.loads(first) if first[0] == '"' else first[1:-1]
        if first.lstrip("-").isdecimal():
            return int(first)
        if first.startswith("."):
            return self._field(dot, first)
        variable, _, rest = first.partition(".")
        if variable not in names:
            self.refuse(f"{first} is not understood")
        return self._field(names[variable], f".{rest}" if rest else "")

    def _field(self, value: Any, path: str) -> Any:
        for name in filter(None, path.split(".")):
            if not isinstance(value, dict) or name not in value:
                known = f" (there is {', '.join(value)})" if isinstance(value, dict) and value else ""
                refuse(f"there is no field {name} in what a lab shows{known}", self.word)
            value = value[name]
        return value

    def _indexed(self, operands: list[Any]) -> Any:
        value = operands[0]
        for key in operands[1:]:
            try:
                value = value[key]
            except (KeyError, IndexError, TypeError):
                self.refuse(f"there is nothing at {key}")
        return value


def _printed(value: Any) -> str:
    """A value as Go prints it."""
    match value:
        case None:
            return "<no value>"
        case bool():
            return str(value).lower()
        case dict():
            return f"map[{' '.join(f'{key}:{_printed(held)}' for key, held in sorted(value.items()))}]"
        case list():
            return f"[{' '.join(map(_printed, value))}]"
    return str(value)


def filled(template: str, value: Any) -> str:
    """A template filled with a value. Raises StatementError, at the template, for what is not understood.

    >>> filled("{{range .Networks}}{{.IPAddress}} {{end}}", {"Networks": {"back": {"IPAddress": "10.60.0.2"}}})
    '10.60.0.2 '
    """
    if str(template) == "json":
        template = "{{json .}}"
    reading = _Template(template)
    blocks, ended = reading.blocks(reading.parts())
    if ended:
        reading.refuse(f"{{{{{ended}}}}} belongs to nothing")
    return reading.run(blocks, value, {"$": value})
