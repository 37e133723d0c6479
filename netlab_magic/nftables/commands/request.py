"""Commands of nft as values."""

import msgspec

from netlab_magic.nftables.commands.complaints import Span
from netlab_magic.nftables.commands.cursor import Name
from netlab_magic.nftables.commands.rule_parser import PlacedRule
from netlab_magic.nftables.commands.tokens import Token
from netlab_magic.nftables.ruleset import Flowtable, Hook, ObjectValue, Set

__all__ = ["ChainBody", "Elements", "FlowtableBody", "ObjectBody", "Position", "Request", "SetBody", "TableBody"]


class Position(msgspec.Struct, frozen=True):
    """Where a rule goes: `kind` is handle, position or index; the whole of it stands at `span`, its number has a place of its own."""

    kind: str
    number: Name
    span: Span


class TableBody(msgspec.Struct, frozen=True):
    """What the head of a table says."""

    flags: tuple[str, ...] = ()
    comment: str = ""


class ChainBody(msgspec.Struct, frozen=True):
    """What makes a chain a base chain. `policy` is "" where none is said; `policy_span` and `type_span` are where those stand."""

    hook: Hook | None = None
    policy: str = ""
    policy_span: Span | None = None
    type_span: Span | None = None
    hook_span: Span | None = None
    comment: str = ""


class Elements(msgspec.Struct, frozen=True):
    """Elements of a set as they were typed, with their braces."""

    tokens: tuple[Token, ...]


class SetBody(msgspec.Struct, frozen=True):
    """A set or map without its elements."""

    found: Set
    span: Span


class FlowtableBody(msgspec.Struct, frozen=True):
    """A flowtable."""

    found: Flowtable


class ObjectBody(msgspec.Struct, frozen=True):
    """What an object is, and its comment."""

    value: ObjectValue
    comment: str = ""


_Body = TableBody | ChainBody | Elements | SetBody | FlowtableBody | ObjectBody | PlacedRule
"""What a command says beside names."""


class Request(msgspec.Struct, frozen=True):
    """One command: `verb` as typed, and `kind` of what it is about, such as chain or ruleset. A family of "" is not said."""

    verb: str
    kind: str
    span: Span
    family: str = ""
    table: Name | None = None
    name: Name | None = None
    handle: Name | None = None
    position: Position | None = None
    body: _Body | None = None
    new_name: Name | None = None

    @property
    def address(self) -> tuple[str, str]:
        """The family and the name of the table that it is about."""
        return self.family or "ip", self.table.text if self.table else ""
