"""Rules, chains, tables and sets in words, of iptables or of nft, as values."""

import msgspec

from netlab_magic.text import aligned

__all__ = ["ChainExplanation", "Explanation", "SetExplanation", "TableExplanation"]


class Explanation(msgspec.Struct, frozen=True):
    """A rule in words: `matches` and `then` are a sentence each, `situation` is a few sentences or "", `notes` apply to this ruleset.

    `short` is the text for a tooltip; `rule` is the rule as written, without control characters.
    """

    chain: str
    number: int
    rule: str
    matches: str
    then: str
    situation: str = ""
    notes: tuple[str, ...] = ()
    short: str = ""

    @property
    def sentences(self) -> tuple[str, ...]:
        """The whole explanation of the rule."""
        return tuple(line for line in (self.short, self.situation, *self.notes) if line)

    def __str__(self) -> str:
        return "\n".join([f"{self.chain} {self.number}: {self.rule}".rstrip(), *(f"  {line}" for line in self.sentences)])


class ChainExplanation(msgspec.Struct, frozen=True):
    """A chain in words: its purpose, the rules that jump to it, its rules, what happens at its end, and `notes` as for a rule."""

    table: str
    chain: str
    purpose: str
    entered: str
    rules: tuple[Explanation, ...]
    end: str
    notes: tuple[str, ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        """The whole explanation of the chain, with its rules in short form."""
        return tuple(line for line in (self.purpose, self.entered, *self.notes, *(rule.short for rule in self.rules), self.end) if line)

    def __str__(self) -> str:
        head = f"{self.chain} ({self.table})"
        lines = [f"  {line}" for line in (self.purpose, self.entered, *self.notes) if line]
        width = len(str(len(self.rules)))
        lines += [f"  {rule.number:>{width}}. {rule.short}" for rule in self.rules]
        return "\n".join([head, *lines, f"  {self.end}"])


class TableExplanation(msgspec.Struct, frozen=True):
    """A table in words: `chains` are pairs of a chain's name and its purpose, `notes` say what in the table has no effect.

    Of a table of nft, `chains` has its sets, maps and objects too.
    """

    table: str
    chains: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        """Each chain's name and purpose, and the notes."""
        return (*(f"{name}: {said}" for name, said in self.chains), *self.notes)

    def __str__(self) -> str:
        chains = [f"  {line}" for line in aligned(self.chains)]
        return "\n".join([self.table, *chains, *(f"  {note}" for note in self.notes)])


class SetExplanation(msgspec.Struct, frozen=True):
    """A set or map of nft in words: `told` are sentences about it, `elements` what it holds, as nft writes them."""

    table: str
    name: str
    told: tuple[str, ...]
    elements: tuple[str, ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        """All that is said of it."""
        return self.told

    def __str__(self) -> str:
        return "\n".join([f"@{self.name} ({self.table})", *(f"  {line}" for line in self.told), *(f"    {line}" for line in self.elements)])
