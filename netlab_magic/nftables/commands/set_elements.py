"""Elements that come into a set and go from it."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import msgspec

from netlab_magic.nftables.commands.complaints import EXISTS, INVALID, MISSING, NOT_SUPPORTED, Refused, Span
from netlab_magic.nftables.commands.draft import OBJECT_MAPS, DraftTable
from netlab_magic.nftables.commands.elements import in_order, interval_of, is_interval, merged, plain, shortest
from netlab_magic.nftables.commands.request import Elements
from netlab_magic.nftables.commands.rule_parser import RuleParser
from netlab_magic.nftables.commands.tokens import Token
from netlab_magic.nftables.expressions import CatchAll, Concatenation, Element, Expression, Prefix
from netlab_magic.nftables.ruleset import Set
from netlab_magic.nftables.statements import Counter, Statement, Verdict
from netlab_magic.nftables.text.words import NotUnderstood

__all__ = ["elements_asked_for", "with_elements", "without_elements"]

_FULL = "Too many open files in system"
_Placed = tuple[Element, Span]


def with_elements(found: Set, body: Elements, table: DraftTable, *, create: bool) -> Set:
    """The set with more elements. Raises Refused."""
    added = [*_read(found, body, table.family)]
    _check_form(found, added)
    held = {element.key: element for element in found.elements}
    by_interval = _is_by_interval(found)
    has_ranges = "interval" in found.flags and not by_interval
    if by_interval and not found.auto_merge:
        _check_overlap(found, added)
    for element, span in added:
        _check_data(found, element, table, span)
        known = held.get(element.key)
        if known is not None and (create or (found.is_map and known.data != element.data)):
            raise Refused.by_kernel(EXISTS, span)
        if known is None and has_ranges and any(_overlaps(element.key, key) for key in held):
            raise Refused.by_kernel(EXISTS, span)
        if known is None and found.size is not None and len(held) >= found.size:
            raise Refused.by_kernel(_FULL, span)
        if known is None or element.timeout is not None:
            held[element.key] = _completed(element, found)
    elements = tuple(held.values())
    if by_interval and found.auto_merge and not found.is_map:
        return msgspec.structs.replace(found, elements=merged(elements, found.key_types))
    return msgspec.structs.replace(found, elements=in_order(elements, found.key_types, by_interval=by_interval))


def without_elements(found: Set, body: Elements, table: DraftTable) -> Set:
    """The set without elements. Raises Refused."""
    held = {element.key: element for element in found.elements}
    for element, span in _read(found, body, table.family):
        if held.pop(element.key, None) is None:
            raise Refused.at("element does not exist", span) if _is_by_interval(found) else Refused.by_kernel(MISSING, span)
    return msgspec.structs.replace(found, elements=tuple(held.values()))


def elements_asked_for(found: Set, body: Elements, family: str) -> tuple[Element, ...] | None:
    """The elements of a set in which keys are found; None where one is in none of them. Raises Refused."""
    asked = [_holding(found, element.key) for element, _ in _read(found, body, family)]
    there = [element for element in asked if element is not None]
    if len(there) < len(asked):
        return None
    return tuple(there) if _is_by_interval(found) else in_order(there, found.key_types, by_interval=False)


def _holding(found: Set, key: Expression) -> Element | None:
    parts = key.parts if isinstance(key, Concatenation) else (key,)
    for element in found.elements:
        held = element.key.parts if isinstance(element.key, Concatenation) else (element.key,)
        spans = [(interval_of(whole), interval_of(part)) for whole, part in zip(held, parts, strict=False)]
        if element.key == key or all(whole[0] <= part[0] and part[1] <= whole[1] for whole, part in spans):
            return element
    return None


def _is_by_interval(found: Set) -> bool:
    return "interval" in found.flags and len(found.key) == 1


def _read(found: Set, body: Elements, family: str) -> Iterator[_Placed]:
    """Elements with the places of their keys."""
    after: Token = body.tokens[-1]
    parser = RuleParser(body.tokens, after, family)
    keys, data = found.key_types, found.data_types
    parser.at, last = 1, len(parser.spans) - 1
    while parser.at < last:
        start, parser.expected, parser.depth = parser.at, (), 0
        try:
            key = parser.constants(keys)
            span = parser.span(start).to(parser.span(parser.at - 1))
            if not isinstance(key, CatchAll) and isinstance(key, Concatenation) != (len(keys) > 1):
                raise Refused.at("Can't parse symbolic invalid expressions", parser.span(start))
            element = Element(key) if parser.word in (",", "}") else parser.with_extras(key, data)
            if parser.at < last:
                parser.expect(",")
        except NotUnderstood:
            raise parser.refusal(start) from None
        yield shortest(msgspec.structs.replace(element, key=plain(element.key))), span


def _check_form(found: Set, added: Sequence[_Placed]) -> None:
    if "interval" in found.flags:
        return
    for element, span in added:
        if is_interval(element.key):
            what = "prefix" if isinstance(element.key, Prefix) else "range"
            raise Refused.at(f"You must add 'flags interval' to your set declaration if you want to add {what} elements", span)


def _check_overlap(found: Set, added: Sequence[_Placed]) -> None:
    """What nft finds before it asks the kernel: intervals in one command, then those that are there already."""
    intervals = [(interval_of(one.key), one, span) for one, span in added if not isinstance(one.key, CatchAll)]
    ordered = sorted(intervals, key=lambda each: each[0])
    for (first, one, span), (second, other, behind) in pairwise(ordered):
        if second[0] <= first[1] and first != second:
            raise Refused.at("conflicting intervals specified", behind, span)
        if first == second and one.data != other.data:
            raise Refused.by_kernel(EXISTS, behind)
    held = [interval_of(element.key) for element in found.elements if not isinstance(element.key, CatchAll)]
    for (low, high), _, span in ordered:
        if any(low <= last and first <= high and (low, high) != (first, last) for first, last in held):
            raise Refused.at("interval overlaps with an existing one", span)


def _overlaps(key: Expression, other: Expression) -> bool:
    """Whether two concatenations with intervals have something in common."""
    if not isinstance(key, Concatenation) or not isinstance(other, Concatenation) or not (is_interval(key) or is_interval(other)):
        return False
    pairs = [(interval_of(one), interval_of(two)) for one, two in zip(key.parts, other.parts, strict=False)]
    return all(first[0] <= second[1] and second[0] <= first[1] for first, second in pairs)


def _check_data(found: Set, element: Element, table: DraftTable, span: Span) -> None:
    """What a map leads to must be there."""
    if found.is_map != (element.data is not None) or (element.timeout is not None and "timeout" not in found.flags):
        raise Refused.by_kernel(INVALID, span)
    if isinstance(element.data, Verdict) and element.data.chain:
        if element.data.chain not in table.chains:
            raise Refused.by_kernel(MISSING, span)
        if table.chains[element.data.chain].hook:
            raise Refused.by_kernel(NOT_SUPPORTED, span)
    if found.data and found.data[0] in OBJECT_MAPS and (found.data[0], str(element.data)) not in table.objects:
        raise Refused.by_kernel(MISSING, span)


def _completed(element: Element, found: Set) -> Element:
    """An element with what each element of its set gets; no time passes in a lab that is a value."""
    timeout = element.timeout if element.timeout not in (None, 0, found.timeout) else None
    expires = element.expires if element.expires is not None else timeout if timeout is not None else found.timeout
    mine = {type(statement) for statement in element.statements}
    statements = (*map(_counting, element.statements), *(_counting(one) for one in found.statements if type(one) not in mine))
    return msgspec.structs.replace(element, timeout=timeout, expires=expires, statements=statements)


def _counting(statement: object) -> Statement:
    return Counter(statement.packets or 0, statement.bytes or 0) if isinstance(statement, Counter) else statement  # type: ignore[return-value]
