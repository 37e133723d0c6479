"""Rulesets as `nft list ruleset` prints them: all tables or one, with handles if they are known."""

from collections.abc import Iterator, Sequence

import msgspec

from netlab_magic.nftables.datatypes import duration
from netlab_magic.nftables.expressions import Element
from netlab_magic.nftables.ruleset import (
    Block,
    Chain,
    CtExpectation,
    CtHelper,
    CtTimeout,
    Flowtable,
    Hook,
    NamedObject,
    ObjectValue,
    Remark,
    Rule,
    Ruleset,
    Secmark,
    Set,
    Table,
    Verbatim,
)
from netlab_magic.nftables.statements import Counter, Last, Limit, Quota, Statement, Synproxy
from netlab_magic.nftables.symbols import priorities
from netlab_magic.nftables.text.expression_printer import Style, element_text, limit_text, quota_text, stateful_text, style_of
from netlab_magic.nftables.text.statement_printer import statement_text

__all__ = ["block_lines", "canonical", "hook_text", "listing", "priority_text", "table_lines"]

_REACH = 10  # how far from a named priority nft still writes it as an offset (nftables, src/rule.c, prio2str)
_INDENT = "\t\t\t     "
_AT_HOOKS = {"dstnat": ("prerouting",), "srcnat": ("postrouting",), "out": ("output",)}
_AT_HOOKS_SINCE_1_1 = {"dstnat": ("prerouting", "output"), "srcnat": ("postrouting", "input")}
_BY_FIVE = "inet_service mark inet_proto integer uid gid tcp_flag classid arp_op dccp_pkttype"
_BY_TWO = "ipv4_addr nf_proto ct_status ct_dir ct_state pkt_type"
_A_LINE = {**dict.fromkeys(_BY_FIVE.split(), 5), **dict.fromkeys(_BY_TWO.split(), 2)}


def canonical(ruleset: Ruleset) -> Ruleset:
    """The same ruleset without the texts it was read from, so that it is printed from its values alone."""
    return msgspec.structs.replace(ruleset, tables=tuple(_plain_table(table) for table in ruleset.tables))


def _plain_table(table: Table) -> Table:
    return msgspec.structs.replace(table, blocks=tuple(map(_plain_block, table.blocks)))


def _plain_block(block: Block) -> Block:
    if isinstance(block, Chain):
        hook = block.hook and msgspec.structs.replace(block.hook, raw="")
        rules = tuple(Rule(rule.statements, rule.comment, rule.handle) for rule in block.rules)
        return msgspec.structs.replace(block, rules=rules, hook=hook)
    return block if isinstance(block, Verbatim) else msgspec.structs.replace(block, raw="")


def listing(ruleset: Ruleset, family: str = "", table: str = "") -> str:
    """What `nft list ruleset` prints, or `nft list table FAMILY NAME`; nothing for an unknown table."""
    style = style_of(ruleset.version)
    shown = [found for found in ruleset.tables if not table or (found.family == family and found.name == table)]
    lines = [line for found in shown for line in table_lines(found, style)]
    return "".join(f"{line}\n" for line in (lines if table else [*lines, *ruleset.remarks]))


def table_lines(table: Table, style: Style) -> Iterator[str]:
    """The lines of a table, with the remarks before it."""
    remarks = list(table.remarks)
    yield from _remarks(remarks, -1)
    note = _handle(table.handle)
    if table.owner:
        note = f"{note or ' #'} progname {table.owner}"
    yield f"table {table.family} {table.name} {{{note}"
    head = [f"\tflags {','.join(table.flags)}"] * bool(table.flags) + [f'\tcomment "{table.comment}"'] * bool(table.comment)
    yield from head
    for place, block in enumerate(table.blocks):
        if place or table.flags:
            yield ""
        yield from _remarks(remarks, place)
        yield from block_lines(block, table.family, style)
    yield from _remarks(remarks, len(table.blocks))
    yield "}"


def _remarks(remarks: Sequence[Remark], place: int) -> Iterator[str]:
    return (remark.line for remark in remarks if remark.place == place)


def _handle(handle: int | None) -> str:
    return "" if handle is None else f" # handle {handle}"


def block_lines(block: Block, family: str, style: Style) -> Iterator[str]:
    """The lines of a chain, set, object or flowtable in a table of `family`."""
    match block:
        case Chain():
            yield from _chain_lines(block, family, style)
        case Set():
            yield f"\t{'map' if block.is_map else 'set'} {block.name} {{{_handle(block.handle)}"
            yield from [block.raw] if block.raw else (f"\t\t{line}" for line in _set_lines(block, family, style))
            yield "\t}"
        case NamedObject():
            yield f"\t{block.kind} {block.name} {{{_handle(block.handle)}"
            comment = [f'comment "{block.comment}"'] * bool(block.comment)
            yield from [block.raw] if block.raw else (f"\t\t{line}" for line in (*comment, *_object_lines(block.value, style)))
            yield "\t}"
        case Flowtable():
            yield f"\tflowtable {block.name} {{{_handle(block.handle)}"
            yield from [block.raw] if block.raw else (f"\t\t{line}" for line in _flowtable_lines(block, style))
            yield "\t}"
        case Verbatim(lines):
            yield from lines


def _chain_lines(chain: Chain, family: str, style: Style) -> Iterator[str]:
    yield f"\tchain {chain.name} {{{_handle(chain.handle)}"
    if chain.comment:
        yield f'\t\tcomment "{chain.comment}"'
    if chain.hook:
        yield f"\t\t{hook_text(chain.hook, family, style)}"
    remarks = iter(chain.remarks)
    remark = next(remarks, None)
    for place, rule in enumerate(chain.rules):
        while remark and remark.place == place:
            yield remark.line
            remark = next(remarks, None)
        yield f"\t\t{rule.text(family, style)}{_handle(rule.handle)}"
    while remark:
        yield remark.line
        remark = next(remarks, None)
    yield "\t}"


def hook_text(hook: Hook, family: str, style: Style = Style()) -> str:  # noqa: B008 – a value
    """The line that declares a base chain, as it was read, else as nft prints it in a table of `family`."""
    if hook.raw:
        return hook.raw
    names = [f'"{hook.devices[0]}"'] if len(hook.devices) == 1 else _device_texts(hook.devices, style)
    devices = "" if not names else f"device {names[0]} " if len(names) == 1 else f"devices = {{ {', '.join(names)} }} "
    priority = priority_text(hook.priority, family, hook.hook, style)
    flags = f" flags {','.join(hook.flags)};" if hook.flags else ""
    return f"type {hook.kind} hook {hook.hook} {devices}priority {priority}; policy {hook.policy};{flags}"


def _device_texts(devices: Sequence[str], style: Style) -> list[str]:
    return [f'"{name}"' if style.recent else name for name in devices]


def priority_text(priority: int, family: str, hook: str, style: Style = Style()) -> str:  # noqa: B008 – a value
    """A priority as nft prints it: by the name that is at most 10 away and fits the hook, else as a number.

    >>> priority_text(-1, "inet", "forward")
    'filter - 1'
    """
    for name, value in priorities(family, hook).items():
        hooks: tuple[str, ...] | None = _AT_HOOKS.get(name)
        if style.recent and family != "bridge":
            hooks = _AT_HOOKS_SINCE_1_1.get(name, hooks)
        if abs(priority - value) <= _REACH and (hooks is None or hook in hooks):
            offset = priority - value
            return f"{name} {'-' if offset < 0 else '+'} {abs(offset)}" if offset else name
    return str(priority)


def _set_lines(found: Set, family: str, style: Style) -> Iterator[str]:
    types = " . ".join(found.key)
    if found.data is not None:
        types += f" : {'interval ' * found.leads_to_intervals}{' . '.join(found.data)}"
    yield f"typeof {found.typeof}" if found.typeof else f"type {types}"
    if found.policy:
        yield f"policy {found.policy}"
    if found.size is not None:
        yield f"size {found.size}"
    if found.flags and not (found.flags == ("timeout",) and found.timeout is not None):
        yield f"flags {','.join(found.flags)}"
    if found.statements:
        yield " ".join(_declared_text(statement, family, style) for statement in found.statements)
    if found.auto_merge:
        yield "auto-merge"
    if found.timeout is not None:
        yield f"timeout {style.duration(found.timeout)}"
    if found.gc_interval is not None:
        yield f"gc-interval {style.duration(found.gc_interval)}"
    if found.comment:
        yield f'comment "{found.comment}"'
    if found.elements:
        yield f"elements = {{ {_elements_text(found, style)} }}"


def _declared_text(statement: Statement, family: str, style: Style) -> str:
    """A set's statement for each element, without counts of its own."""
    return "last" if isinstance(statement, Last) else statement_text(statement, family, style)


def _elements_text(found: Set, style: Style) -> str:
    """The elements, as many in a line as nft prints for their type."""
    keys, data = tuple(map(style.printed, found.key_types)), tuple(map(style.printed, found.data_types))
    texts = [element_text(element, keys, data, style) for element in found.elements]
    width = 1 if len(found.key) > 1 else _A_LINE.get(found.key[0], 1)
    if style.recent and (found.is_map or any(map(_is_long, found.elements))):
        width = 1
    rows = [", ".join(texts[start : start + width]) for start in range(0, len(texts), width)]
    return f",\n{_INDENT}".join(rows)


def _is_long(element: Element) -> bool:
    return bool(element.statements or element.comment or element.timeout is not None or element.expires is not None)


def _object_lines(value: ObjectValue, style: Style) -> Iterator[str]:
    match value:
        case Counter():
            text = stateful_text(value, style).removeprefix("counter").strip()
            yield from [text] * bool(text)
        case Quota():
            yield quota_text(value)
        case Limit():
            burst_is_hidden = value.burst == 5 and not value.in_bytes
            yield limit_text(value, Style(recent=False) if burst_is_hidden else style)
        case Synproxy(mss, wscale, flags):
            yield f"mss {mss}"
            yield f"wscale {wscale}"
            if flags:
                yield " ".join(name if name in flags else "" for name in ("timestamp", "sack-perm"))
        case CtHelper(kind, protocol, l3proto):
            yield f'type "{kind}" protocol {protocol}'
            yield f"l3proto {l3proto}"
        case CtTimeout(protocol, l3proto, policy):
            yield f"protocol {protocol}"
            yield f"l3proto {l3proto}"
            shown = (f"{state} : {duration(seconds * 1000) if style.recent else seconds}" for state, seconds in policy)
            yield f"policy = {{ {', '.join(shown)} }}"
        case CtExpectation(protocol, dport, timeout, size, l3proto):
            yield f"protocol {protocol}"
            yield f"dport {dport}"
            yield f"timeout {style.duration(timeout)}"
            yield f"size {size}"
            yield f"l3proto {l3proto}"
        case Secmark(context):
            yield f'"{context}"'


def _flowtable_lines(flowtable: Flowtable, style: Style) -> Iterator[str]:
    yield f"hook {flowtable.hook} priority {priority_text(flowtable.priority, 'netdev', flowtable.hook)}"
    if flowtable.devices:
        yield f"devices = {{ {', '.join(_device_texts(flowtable.devices, style))} }}"
    if flowtable.flags:
        yield f"flags {','.join(flowtable.flags)}"
    if flowtable.counter:
        yield "counter"
