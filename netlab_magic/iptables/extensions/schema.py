"""What the option table is made of: extensions (matches and targets), and the options that each understands."""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from netlab_magic.iptables.extensions.constraints import NO_DEMAND, Demand
from netlab_magic.iptables.option import Option, Quotes

__all__ = ["Extension", "MatchExtension", "Options", "Parameter", "TargetExtension", "ValueType"]

Options = tuple[Option, ...]


Value = TypeVar("Value")


class ValueType(msgspec.Struct, Generic[Value], frozen=True, eq=False):
    """What one word behind an option may be: `what` names it in sentences.

    `read(word, family)` gives the value that the word stands for, and raises ValueError, with what would be right, for a word that
    iptables refuses. `printed(value)` is the word that iptables-save prints. `choices` are the words that it may be, where these are few.
    """

    what: str
    read: Callable[[str, str], Value]
    printed: Callable[[Value], str]
    choices: tuple[str, ...] = ()

    def canonical(self, word: str, family: str) -> str:
        """The word as iptables-save prints it. Raises ValueError as `read` does."""
        return self.printed(self.read(word, family))


class Parameter(msgspec.Struct, frozen=True):
    """One row of the option table: an option, what it is about, the types of its words, and whether `!` may stand before it.

    `aliases` are other names that iptables takes for it, `default` the words that iptables-save prints where it was left out.

    `listed` is the text that `iptables -L` prints of it, with its exact blanks, `{}` or `{0}`, `{1}` standing for its words and `{s}` for
    the s of a plural. What `!` there is, with the blank behind it, stays only where the option is negated; where that does not make the
    negated text, it stands behind a `|`. `lists` makes the listed word of a value, where that is not the one that iptables-save prints.

    `quotes` says when iptables-save puts its words in quotes.

    `says` and `denies` (with `!`) are what the explanation says of it, `{}` or `{0}`, `{1}` standing for its words: of a match, what
    holds for packets ("go to port {}"), of a target, what the packet is done to ("gets the mark {}"). In parentheses it is a remark on
    the clause before it. They are messages of the catalogue.

    `steady` is False where what it asks for may change between two rules of a chain though the rest of its match's does not.
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
        """The value of each word. Raises ValueError for a word that iptables refuses, and where there are more or fewer than it takes."""
        return tuple([kind.read(word, family) for kind, word in zip(self.types, words, strict=True)])


class Extension(msgspec.Struct, frozen=True):
    """A match or a target and its options, in the order in which iptables-save prints them.

    `protocols` are those of which `-p` must name one (any when empty); `family` is "" when both ipv4 and ipv6 have it. `demand` says
    which options must be given, and which together. `tracks` tells that connection tracking runs in a namespace as long as this is in
    its rules (the callers of nf_ct_netns_get).

    `canonical` makes the options that iptables-save prints of those that were written, where they differ in more than order and spelling.

    `says` is what the explanation says of it where none of its options says more than a remark, `listed` what `iptables -L` prints before
    them; `rearranged` gives the options in the order in which they are listed, with those that the kernel keeps as defaults, and
    `listed_whole` all of the text where it is no row of options.
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

    `aliases` are other names behind `-m`. `steady` tells that it answers the same whenever the same packet asks it in one table: it looks
    at nothing that rules can change on the way, no clocks, no counters, no lists. `holds_always` is said of remarks, which every packet
    fulfils. `unlisted_by` is the variant whose `iptables -L` prints nothing of it.
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

    `terminates` tells that the table asks no further rule after it: it gives a verdict of its own instead of XT_CONTINUE
    (net/netfilter/xt_*.c). `table` is the one in which the kernel takes it, "" for any, and `chains` the built-in chains where it does,
    () for all (xt_check_target). `only_looks` tells that it looks at the packet, copies it or tells others: what rules can see of it stays
    as it is. `translates` is the end of a connection that it gives another address, "source" or "destination". `listed_name` is the name
    that `iptables -L` prints, where it is another one.

    `then` is the sentence that explains what happens, `{what}` standing for what `says` and its options say and `{onward}` for where
    the packet goes on; "" for the usual one, that the packet goes on to the next rule. It is a message of the catalogue.
    """

    terminates: bool = False
    table: str = ""
    chains: tuple[str, ...] = ()
    only_looks: bool = False
    translates: str = ""
    listed_name: str = ""
    then: str = ""
