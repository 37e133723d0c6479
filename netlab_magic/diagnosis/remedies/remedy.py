"""A remedy as a value: what to change, in a sentence, in statements of the language and in real commands."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from netlab_magic.docker import Daemon
from netlab_magic.forwarding.other_filters import OtherFilters
from netlab_magic.i18n import language
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.model.probe import Probe
from netlab_magic.model.topology import Topology

__all__ = ["Fix", "Remedy", "Scope", "World"]


class World(msgspec.Struct, frozen=True):
    """A lab as the model sees it: its topology, the rules of its namespaces, its dockerd; and the probe that should be answered.

    `other_filters` has what filters besides the rules of iptables, by namespace.
    """

    topology: Topology
    rulesets: dict[str, Ruleset]
    probe: Probe
    dockerd: Daemon | None = None
    other_filters: Mapping[str, OtherFilters] = {}


Scope = Literal[
    "ask", "reply", "flow", "translation", "server", "route", "link", "publish", "network", "masquerade", "interfaces",
    "delete rule", "policy", "sysctl", "advice",
]  # fmt: skip
"""What a change affects, the smallest in effect first."""


class Fix(msgspec.Struct, frozen=True):
    """One change; with the scope "advice", one that could not be tried in the model.

    `sentence` is a message, filled in by `values`. `statements` are lines of a cell that make the change, and `commands` are the commands
    for a real host; both apply to the lab's host. They are empty if the remedy is only to ask for another address or port.
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
        """The scope of the first change."""
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
        """What to change, in whole sentences, in one of the languages of `i18n`, such as `en` or `zh_TW`."""
        say = language(language_name)
        return say.paragraph([say(fix.sentence, **fix.values) for fix in self.fixes])
