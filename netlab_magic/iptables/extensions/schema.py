"""The types of the option table: extensions (matches and targets), and their options."""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from netlab_magic.iptables.extensions.constraints import NO_DEMAND, Demand
from netlab_magic.iptables.option import Option, Quotes

__all__ = ["Extension", "MatchExtension", "Options", "Parameter", "TargetExtension", "ValueType"]

Options = tuple[Option, ...]


Value = TypeVar("Value")


class ValueType(msgspec.Struct, Generic[Value], frozen=True, eq=False):
    """The type of an option's argument; `what` names it in sentences.

    `read(word, family)` gives the value of a word, and raises ValueError, saying what would be valid, for a word that iptables refuses.
    `printed(value)` is the word that iptables-save prints. `choices` are the valid words if there are only a few.
    """

    what: str
    read: Callable[[str, str], Value]
    printed: Callable[[Value], str]
    choices: tuple[str, ...] = ()

    def canonical(self, word: str, family: str) -> str:
        """The word as iptables-save prints it. Raises ValueError as `read` does."""
        return self.printed(self.read(word, family))


class Parameter(msgspec.Struct, frozen=True):
    """One row of the option table: an option, what it is about, the types of its arguments, and whether it can be negated with `!`.

    `aliases` are other names that iptables accepts for it, `default` the arguments that iptables-save prints if it was left out.

    `listed` is the text that `iptables -L` prints for it, with its exact blanks; `{}` or `{0}`, `{1}` stand for its arguments and `{s}`
    for a plural s. A `!` in it, with the blank after it, is only kept if the option is negated; if the negated text is different, it
    follows a `|`. `lists` gives the listed word of a value if it is not the one that iptables-save prints.

    `quotes` says when iptables-save quotes its arguments.

    `says` and `denies` (with `!`) are clauses for the explanation; `{}` or `{0}`, `{1}` stand for its arguments. For a match, they say
    what packets do ("go to port {}"), for a target, what happens to the packet ("gets the mark {}"). A clause in parentheses is a remark
    on the clause before it. They are messages of the catalogue.

    `steady` is False if its result may change between two rules of a chain although the rest of its match is steady.
    """

    name: str
    field: str
    types: tuple[ValueType[Any], ...] = ()
    negatable: bool = False
    aliases: tuple[str, ...] = ()
    default: tuple[str, ...] | None = None
    listed: str = ""
    lists: Callable[[Any], str] | None = None
    quotes: Quotes = Quotes.NEEDED
    says: str = ""
    denies: str = ""
    steady: bool = True

    def read(self, words: Sequence[str], family: str) -> tuple[Any, ...]:
        """The value of each argument. Raises ValueError for one that iptables refuses, and for too many or too few."""
        return tuple([kind.read(word, family) for kind, word in zip(self.types, words, strict=True)])


class Extension(msgspec.Struct, frozen=True):
    """A match or a target and its options, in the order in which iptables-save prints them.

    `protocols` are those of which `-p` must name one (any if empty); `family` is "" if both ipv4 and ipv6 have it. `demand` says
    which options must be given, and which together. `tracks` is set if it enables connection tracking in a namespace as long as a rule
    uses it (the callers of nf_ct_netns_get).

    `canonical` turns the written options into those that iptables-save prints, if they differ in more than order and spelling.

    `says` is the explanation's clause if its options give only remarks, `listed` is what `iptables -L` prints before them; `rearranged`
    gives the options in the order in which they are listed, with those that the kernel keeps as defaults, and `listed_whole` the whole
    text if it is not a sequence of options.
    """

    name: str
    parameters: tuple[Parameter, ...] = ()
    protocols: tuple[str, ...] = ()
    family: str = ""
    demand: Demand = NO_DEMAND
    tracks: bool = False
    canonical: Callable[[Options, str], Options] | None = None
    listed: str = ""
    rearranged: Callable[[Options], Options] | None = None
    listed_whole: Callable[[Options], str] | None = None
    says: str = ""
    rows: dict[str, Parameter] = {}
    places: dict[str, int] = {}
    defaults: tuple[Option, ...] = ()

    def __post_init__(self) -> None:
        """Looks up rows by name once for all: `rows`, their `places`, and the options that are printed where they were left out."""
        rows = {name: row for row in self.parameters for name in (row.name, *row.aliases)}
        msgspec.structs.force_setattr(self, "rows", rows)
        msgspec.structs.force_setattr(self, "places", {row.name: place for place, row in enumerate(self.parameters)})
        left_out = tuple(Option(row.name, row.default) for row in self.parameters if row.default is not None)
        msgspec.structs.force_setattr(self, "defaults", left_out)

    def parameter(self, name: str) -> Parameter | None:
        """The row of the option called `name`, by its own name or an alias."""
        return self.rows.get(name)


class MatchExtension(Extension, frozen=True):
    """A match.

    `aliases` are other names after `-m`. `steady` is set if its result for a packet does not change within a table: it depends on nothing
    that rules can change, nor on clocks, counters or lists. `holds_always` is set for remarks, which match every packet.
    `unlisted_by` is the variant whose `iptables -L` does not print it.
    """

    aliases: tuple[str, ...] = ()
    steady: bool = False
    holds_always: bool = False
    unlisted_by: str = ""

    def is_steady_with(self, options: Options) -> bool:
        """Whether it is steady when it has these options."""
        rows = (self.parameter(option.name) for option in options)
        return self.steady and all(row is None or row.steady for row in rows)


class TargetExtension(Extension, frozen=True):
    """A target.

    `terminates` is set if the table checks no further rules after it: it returns a verdict instead of XT_CONTINUE
    (net/netfilter/xt_*.c). `table` is the only one in which the kernel accepts it, "" for any, and `chains` are the built-in chains where
    it does, () for all (xt_check_target). `only_looks` is set if it only reads, copies or reports the packet, without changing what rules
    see. `translates` is the end of a connection whose address it changes, "source" or "destination". `listed_name` is the name
    that `iptables -L` prints, if it is another one.

    `then` is the sentence that explains what happens; `{what}` stands for the clauses of `says` and its options, and `{onward}` for where
    the packet goes on. It is a message of the catalogue, or "" for the usual one, that the packet goes on to the next rule.
    """

    terminates: bool = False
    table: str = ""
    chains: tuple[str, ...] = ()
    only_looks: bool = False
    translates: str = ""
    listed_name: str = ""
    then: str = ""
