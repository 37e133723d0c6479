"""A remedy as a value: what to change, in a sentence, in statements of the language and in real commands."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from netlab_magic.docker import Daemon
from netlab_magic.forwarding.other_filters import OtherFilters
from netlab_magic.i18n import language, message
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.model.probe import Probe
from netlab_magic.model.topology import HOST, Topology

__all__ = ["Fix", "Remedy", "Scope", "World"]

_THE_HOST = message("the host")
_ALSO = message("This also opens {}.")
_AND = message("{} and {}")
_COMMA = message("{}, {}")


class World(msgspec.Struct, frozen=True):
    """A lab as the model sees it: its topology, the rules of its namespaces, its dockerd; and the probe that should be answered.

    `other_filters` has what filters besides the rules of iptables, by namespace. `is_foreign` tells that the host is only looked at:
    programs run on it that the model does not know.
    """

    topology: Topology
    rulesets: dict[str, Ruleset]
    probe: Probe
    dockerd: Daemon | None = None
    other_filters: Mapping[str, OtherFilters] = {}
    is_foreign: bool = False


Scope = Literal[
    "restart", "ask", "reply", "flow", "translation", "server", "route", "link", "publish", "network", "masquerade", "interfaces",
    "delete rule", "policy", "sysctl", "advice",
]  # fmt: skip
"""What a change affects, the smallest in effect first."""


class Fix(msgspec.Struct, frozen=True):
    """One change; with the scope "advice" or "restart", one that could not be tried in the model.

    `sentence` is a message, filled in by `values`. `statements` are lines of a cell that make the change, and `commands` are the commands
    for a real host; both apply to the lab's host. They are empty if the remedy is only to ask for another address or port. `remark` is a
    second message, filled in by the same values: what to know before one makes the change.
    """

    scope: Scope
    sentence: str
    values: dict[str, str]
    statements: tuple[str, ...]
    commands: tuple[str, ...]
    remark: str = ""


class Remedy(msgspec.Struct, frozen=True):
    """One to three changes that together let the packets through.

    `also_opens` says, in messages with their values, which other packets pass as well where these were stopped.
    """

    fixes: tuple[Fix, ...]
    also_opens: tuple[tuple[str, dict[str, str]], ...] = ()

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
        also = say.several(_COMMA, _AND, [say(kind, **values) for kind, values in self.also_opens])
        host = {"namespace": say(_THE_HOST)}
        changes = [
            say(text, **(fix.values | host if fix.values.get("namespace") == HOST else fix.values))
            for fix in self.fixes
            for text in (fix.sentence, fix.remark)
        ]
        return say.paragraph([*changes, say(_ALSO, also) if also else ""])
