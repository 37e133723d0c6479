"""A scenario: a lab, what is broken in it, how it has to behave, and what is told about it; one TOML file each."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal

import msgspec

from netlab_magic.errors import StatementError, place_of
from netlab_magic.text import suggest

__all__ = ["Scenario", "Texts", "Wrong", "find", "library", "read"]


class Texts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is told in one language: the title, the symptom as a user would report it, hints from vague to plain, and the explanation."""

    title: str
    symptom: str
    explanation: str = ""
    hints: tuple[str, ...] = ()


class Wrong(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Statements that do not repair it, and words of the sentence with which the check says so."""

    do: str
    says: str


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A scenario. Texts and statements hold words in braces, see `cast`.

    `setup` builds the lab as it should be, `fault` breaks it, `solution` is one way to repair it. `open` and `closed` are the flows
    (`SRC DST[:PORT]`) that must pass and must not. All others have to be as they are after the solution, except for those of `either`.
    `change` is what a graded answer may have changed. A checkpoint has no fault.
    """

    name: str
    en: Texts
    zh_TW: Texts | None = None  # noqa: N815 - as languages are called
    level: int = 1
    firewall: str = "auto"
    setup: str = ""
    fault: str = ""
    solution: str = ""
    open: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    either: tuple[str, ...] = ()
    wrong: tuple[Wrong, ...] = ()
    change: tuple[Literal["rules", "sysctls", "routes", "ports"], ...] = ("rules", "sysctls", "routes", "ports")
    cast: Mapping[str, str] = {}

    def texts(self, language: str) -> Texts:
        """What is told in a language, in English where the file does not have it."""
        return (self.zh_TW if language == "zh_TW" else None) or self.en

    @property
    def is_checkpoint(self) -> bool:
        """Whether nothing is broken in it."""
        return not self.fault


def read(text: str, name: str) -> Scenario:
    """The scenario in the text of a file called `name`. Raises StatementError."""
    try:
        return msgspec.convert({"name": name, **tomllib.loads(text)}, Scenario)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise StatementError(f"the scenario {name} cannot be read: {error}") from None


@cache
def library() -> Mapping[str, Scenario]:
    """The scenarios and checkpoints that come with the package, by name."""
    inside = (files("netlab_magic.teaching") / "scenarios").iterdir()
    texts = {file.name.removesuffix(".toml"): file.read_text(encoding="utf-8") for file in inside if file.name.endswith(".toml")}
    found = [read(text, name) for name, text in texts.items()]
    return {scenario.name: scenario for scenario in sorted(found, key=lambda scenario: (scenario.level, scenario.name))}


def find(name: str) -> Scenario:
    """A scenario by its name, or by the path of its file, which ends in .toml. Raises StatementError."""
    if name.endswith(".toml"):
        try:
            return read(Path(name).expanduser().read_text(encoding="utf-8"), Path(name).stem)
        except OSError as error:
            raise StatementError(f"{name} cannot be read: {error.strerror}", place_of(name)) from None
    if name not in library():
        raise StatementError(f"there is no scenario {name}{suggest(name, library())}; scenario list shows all", place_of(name))
    return library()[name]
