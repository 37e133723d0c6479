"""A remedy as a value: what to change, in a sentence, in statements of the language and in real commands."""

from typing import Literal

import msgspec

from netlab_magic.docker import Daemon
from netlab_magic.i18n import language
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.model.probe import Probe
from netlab_magic.model.topology import Topology

__all__ = ["Fix", "Remedy", "Scope", "World"]


class World(msgspec.Struct, frozen=True):
    """A lab as the model sees it: its topology, the rules of its namespaces, its dockerd; and the packet that is to be answered there."""

    topology: Topology
    rulesets: dict[str, Ruleset]
    probe: Probe
    dockerd: Daemon | None = None


Scope = Literal[
    "ask", "reply", "flow", "translation", "server", "route", "link", "publish", "network", "masquerade", "interfaces",
    "delete rule", "policy", "sysctl", "advice",
]  # fmt: skip
"""What a change is about, the smallest in effect first."""


class Fix(msgspec.Struct, frozen=True):
    """One change; with the scope "advice", one that could not be tried.

    `sentence` is a message of the catalogue, which `values` fill. `statements` are lines of a cell that make the change, and `commands`
    are what one would type on a real host; both are typed in the lab's host. There are none where another question is the whole change.
    """

    scope: Scope
    sentence: str
    values: dict[str, str]
    statements: tuple[str, ...]
    commands: tuple[str, ...]


class Remedy(msgspec.Struct, frozen=True):
    """One to three changes that together let the packets through."""

    fixes: tuple[Fix, ...]

    @property
    def scope(self) -> Scope:
        """What the first change is about."""
        return self.fixes[0].scope

    @property
    def statements(self) -> tuple[str, ...]:
        """The lines of a cell that make all changes."""
        return tuple(line for fix in self.fixes for line in fix.statements)

    @property
    def commands(self) -> tuple[str, ...]:
        """The commands that make all changes on a real host."""
        return tuple(line for fix in self.fixes for line in fix.commands)

    def sentence(self, language_name: str = "en") -> str:
        """What is to be changed, in whole sentences, in a language such as `en` or `zh_TW`."""
        say = language(language_name)
        return say.paragraph([say(fix.sentence, **fix.values) for fix in self.fixes])
