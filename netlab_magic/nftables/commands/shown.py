"""What nft prints: lists, and with -e what commands have made."""

from collections.abc import Iterator

import msgspec

from netlab_magic.nftables.commands.complaints import MISSING, Refused
from netlab_magic.nftables.commands.draft import Tables
from netlab_magic.nftables.commands.missing import no_such
from netlab_magic.nftables.commands.request import Elements, Request
from netlab_magic.nftables.commands.set_elements import elements_asked_for
from netlab_magic.nftables.listing import block_lines, table_lines
from netlab_magic.nftables.ruleset import Block, Chain, Flowtable, Hook, NamedObject, Ruleset, Set, Table, Verbatim
from netlab_magic.nftables.state import stateless
from netlab_magic.nftables.statements import Counter, Quota
from netlab_magic.nftables.text.expression_printer import Style, style_of

__all__ = ["Form", "got", "reset", "shown"]

_PLURALS = {"chains": "chain", "sets": "set", "maps": "map", "flowtables": "flowtable"}
_QUIET = ("counters", "quotas", "limits")  # kinds of which nft does not print tables that have none


class Form(msgspec.Struct, frozen=True):
    """How lists are printed: with `handles` (-a), without state (-s), without elements (-t), priorities (-y) or all (-n) as numbers."""

    handles: bool = False
    stateless: bool = False
    terse: bool = False
    numeric_priorities: bool = False
    numeric: bool = False


def shown(tables: Tables, request: Request, form: Form) -> str:
    """What a `list` command prints. Raises Refused."""
    found = _formed(tables.ruleset, form)
    style = msgspec.structs.replace(style_of(found.version), numeric=form.numeric)
    kind = request.kind
    among = [table for table in found.tables if request.family in ("", table.family)]
    if kind == "ruleset":
        return _text(line for table in among for line in table_lines(table, style))
    if kind == "tables":
        return "".join(f"table {table.title}\n" for table in among)
    if request.table is None:
        return _text(line for table in among for line in _several(table, kind, style))
    table = found.table(*request.address)
    if table is None:
        raise Refused.at(MISSING, request.table.span)
    if kind == "table":
        return _text(table_lines(table, style))
    if request.name is None:
        return _text(_several(table, kind, style))
    block = next((block for block in table.blocks if _is(block, kind) and _name(block) == request.name.text), None)
    if block is None:
        raise Refused.at(MISSING, request.name.span)
    return _text(_framed(table, [block], style))


def got(tables: Tables, request: Request, form: Form) -> str:
    """What `get element` prints. Raises Refused."""
    assert request.table
    assert request.name
    assert isinstance(request.body, Elements)
    found = _formed(tables.ruleset, form)
    table = found.table(*request.address)
    held = table.set(request.name.text) if table else None
    if table is None:
        raise Refused.at(MISSING, request.table.span)
    if held is None:
        raise no_such("set", request.name, table, [each.name for each in table.sets], by_kernel=False)
    elements = elements_asked_for(held, request.body, table.family)
    if elements is None:
        raise Refused.by_kernel(MISSING, request.span)
    return _text(_framed(table, [msgspec.structs.replace(held, elements=elements, raw="")], style_of(found.version)))


def _text(lines: Iterator[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _is(block: Block, kind: str) -> bool:
    """Whether a block is of this kind."""
    match block:
        case Chain():
            return kind == "chain"
        case Set():
            return kind == ("map" if block.is_map else "set")
        case NamedObject():
            return block.kind == kind
        case Flowtable():
            return kind == "flowtable"
    return False


def _several(table: Table, kind: str, style: Style) -> Iterator[str]:
    """Everything of a kind in a table."""
    wanted = _PLURALS.get(kind, kind if kind.startswith("ct ") else kind.removesuffix("s"))
    blocks = [block for block in table.blocks if _is(block, wanted)]
    if kind == "chains":
        blocks = [msgspec.structs.replace(block, rules=()) for block in blocks if isinstance(block, Chain)]
    return iter(()) if kind in _QUIET and not blocks else _framed(table, blocks, style)


def _framed(table: Table, blocks: list[Block], style: Style) -> Iterator[str]:
    """Blocks in the braces of their table, without empty lines between them."""
    yield f"table {table.title} {{"
    for block in blocks:
        yield from block_lines(block, table.family, style)
    yield "}"


def reset(tables: Tables, request: Request) -> tuple[str, Tables]:
    """What a `reset` command prints, and the tables after it. Raises Refused."""
    kind = request.kind.removesuffix("s")
    listed = msgspec.structs.replace(request, kind=request.kind, verb="list")
    try:
        text = shown(tables, listed, Form())
    except Refused:
        if request.table and tables.ruleset.table(*request.address) is None:
            raise
        raise Refused.by_kernel(MISSING, request.span) from None
    names = {request.name.text} if request.name else None

    def one(table: Table) -> Table:
        if request.table and (table.family, table.name) != request.address:
            return table
        blocks = tuple(_zeroed(block, kind) if names is None or _name(block) in names else block for block in table.blocks)
        return msgspec.structs.replace(table, blocks=blocks)

    ruleset = msgspec.structs.replace(tables.ruleset, tables=tuple(map(one, tables.ruleset.tables)))
    return text, msgspec.structs.replace(tables, ruleset=ruleset)


def _name(block: Block) -> str:
    return "" if isinstance(block, Verbatim) else block.name


def _zeroed(block: Block, kind: str) -> Block:
    if not isinstance(block, NamedObject) or block.kind != kind:
        return block
    match block.value:
        case Counter():
            return msgspec.structs.replace(block, value=Counter(0, 0), raw="")
        case Quota(size, over):
            return msgspec.structs.replace(block, value=Quota(size, over), raw="")
    return block


# --- form -------------------------------------------------------------------------------------------------------------------------------


def _formed(ruleset: Ruleset, form: Form) -> Ruleset:
    found = stateless(ruleset) if form.stateless else ruleset
    return msgspec.structs.replace(found, tables=tuple(_formed_table(table, form) for table in found.tables))


def _formed_table(table: Table, form: Form) -> Table:
    handle = table.handle if form.handles else None
    return msgspec.structs.replace(table, blocks=tuple(_formed_block(block, form) for block in table.blocks), handle=handle)


def _formed_block(block: Block, form: Form) -> Block:
    if isinstance(block, Set) and form.terse:
        block = msgspec.structs.replace(block, elements=(), raw="")
    if isinstance(block, Chain) and block.hook and form.numeric_priorities:
        block = msgspec.structs.replace(block, hook=_numeric(block.hook))
    if form.handles or isinstance(block, Verbatim):
        return block
    if isinstance(block, Chain):
        block = msgspec.structs.replace(block, rules=tuple(msgspec.structs.replace(rule, handle=None) for rule in block.rules))
    return msgspec.structs.replace(block, handle=None)


def _numeric(hook: Hook) -> Hook:
    named = f"type {hook.kind} hook {hook.hook} "
    names = [f'"{name}"' for name in hook.devices] if len(hook.devices) == 1 else list(hook.devices)
    devices = f"device {names[0]} " if len(names) == 1 else f"devices = {{ {', '.join(names)} }} " if names else ""
    return msgspec.structs.replace(hook, raw=f"{named}{devices}priority {hook.priority}; policy {hook.policy};")
