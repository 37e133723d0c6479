"""How the value that a rule of nft asks for is compared: each comparison is a test of a frame once its first arguments are known."""

from collections.abc import Callable

from netlab_magic.model.topology import possible_names
from netlab_magic.netfilter.frame import Frame
from netlab_magic.netfilter.nft_fields import Operand, is_limited
from netlab_magic.netfilter.nft_sets import Index, Value

__all__ = [
    "compares", "equals", "has_a_bit", "in_set", "is_between", "is_in", "is_name", "is_one_in", "is_several",
    "is_status", "judged",
]  # fmt: skip


def is_several(value: Value) -> bool:
    """Whether it is one of several names of devices."""
    return isinstance(value, str) and " " in value


def judged(get: Callable[[Frame], Value | None], holds: Callable[[Value], bool | None]) -> Callable[[Frame], bool | None]:
    def test(frame: Frame) -> bool | None:
        value = get(frame)
        if value is None:
            return None
        if type(value) is str and " " in value:
            answers = {holds(one) for one in possible_names(value)}
            return answers.pop() if len(answers) == 1 else None
        return holds(value)

    return test


def equals(get: Callable[[Frame], Value | None], wanted: Value, denied: bool) -> Callable[[Frame], bool | None]:
    """Whether a value that is no name of a device is this one."""

    def test(frame: Frame) -> bool | None:
        value = get(frame)
        return None if value is None else (value == wanted) is not denied

    return test


def is_name(wanted: str, denied: bool, value: Value) -> bool:
    """Whether a device has this name; * at its end stands for any continuation."""
    found = str(value).startswith(wanted[:-1]) if wanted.endswith("*") else value == wanted
    return found is not denied


def is_status(get: Callable[[Frame], Value | None], wanted: Value, denied: bool) -> Callable[[Frame], bool | None]:
    """Whether the bits of a connection's status are these. Once NAT has decided, two more may be set (IPS_NAT_DONE_MASK)."""

    def test(frame: Frame) -> bool | None:
        if get(frame) != wanted:
            return denied
        return None if frame.translated else not denied

    return test


def is_between(low: int, high: int, denied: bool, value: Value) -> bool:
    return (isinstance(value, int) and low <= value <= high) is not denied


def compares(compare: Callable[[int, int], bool], wanted: int, value: Value) -> bool:
    return isinstance(value, int) and compare(value, wanted)


def has_a_bit(wanted: int, denied: bool, value: Value) -> bool:
    return bool(isinstance(value, int) and value & wanted) is not denied


def is_one_in(asked: Operand, index: Index) -> Callable[[Frame], bool | None]:
    """Whether the value is in a set, whichever of several it is."""

    def test(frame: Frame) -> bool | None:
        answers = {is_in(index, False, value) for value in asked.possible(frame)}
        return answers.pop() if len(answers) == 1 else None

    return test


def in_set(get: Callable[[Frame], Value | None], index: Index, denied: bool) -> Callable[[Frame], bool | None]:
    """Whether the value is in a set: the test of most rules that look something up."""
    find = index.find

    def test(frame: Frame) -> bool | None:
        value = get(frame)
        if value is None:
            return None
        if type(value) is str and " " in value:
            answers = {is_in(index, denied, one) for one in possible_names(value)}
            return answers.pop() if len(answers) == 1 else None
        found = find(value)
        if found is not None and found.statements and is_limited(found.statements):
            return None
        return (found is not None) is not denied

    return test


def is_in(index: Index, denied: bool, value: Value) -> bool | None:
    found = index.find(value)
    if found is not None and is_limited(found.statements):
        return None
    return (found is not None) is not denied
