"""What the option table is made of: extensions (matches and targets), and the options that each understands."""

from collections.abc import Callable

import msgspec

__all__ = ["Extension", "Parameter", "ValueType"]


class ValueType(msgspec.Struct, frozen=True):
    """What one word behind an option may be: `what` names it in sentences.

    `canonical(word, family)` gives the word as iptables-save prints it and raises ValueError, with what would be right, for a word
    that iptables refuses.
    """

    what: str
    canonical: Callable[[str, str], str]


class Parameter(msgspec.Struct, frozen=True):
    """One row of the option table: an option, what it is about, the types of its words, and whether `!` may stand before it.

    `aliases` are other names that iptables takes for it, `default` the words that iptables-save prints where it was left out.

    `listed` is the text that `iptables -L` prints of it, with its exact blanks, `{}` or `{0}`, `{1}` standing for its words and `{s}` for
    the s of a plural. What `!` there is, with the blank behind it, stays only where the option is negated; where that does not make the
    negated text, it stands behind a `|`.

    `says` and `denies` (with `!`) are what the explanation says of it, `{}` or `{0}`, `{1}` standing for its words: of a match, what
    holds for packets ("go to port {}"), of a target, what the packet is done to ("gets the mark {}"). In parentheses it is a remark on
    the clause before it. They are messages of the catalogue.
    """

    name: str
    field: str
    types: tuple[ValueType, ...] = ()
    negatable: bool = False
    aliases: tuple[str, ...] = ()
    default: tuple[str, ...] | None = None
    listed: str = ""
    says: str = ""
    denies: str = ""


class Extension(msgspec.Struct, frozen=True):
    """A match or a target and its options, in the order in which iptables-save prints them.

    `protocols` are those of which `-p` must name one (any when empty); `family` is "" when both ipv4 and ipv6 have it. `says` is what
    the explanation says of it where none of its options says more than a remark, `listed` what `iptables -L` prints before them.
    """

    name: str
    parameters: tuple[Parameter, ...] = ()
    protocols: tuple[str, ...] = ()
    family: str = ""
    listed: str = ""
    says: str = ""

    def parameter(self, name: str) -> Parameter | None:
        """The row of the option called `name`, by its own name or an alias."""
        return next((row for row in self.parameters if name == row.name or name in row.aliases), None)
