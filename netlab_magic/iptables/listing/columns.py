"""What stands behind the columns of a listed rule: the words of its matches and of its target, with their exact blanks."""

import re
from functools import cache

from netlab_magic.iptables.extensions import Extension, match, target
from netlab_magic.iptables.ruleset import Match, Option, Target

__all__ = ["match_text", "target_column", "target_text"]


def match_text(found: Match, family: str, variant: str) -> str:
    """What iptables prints of a match in canonical form; of one that it cannot know, the words of the rule."""
    extension = match(found.module)
    if extension is None:
        return f" {found}"
    return "" if variant == extension.unlisted_by else _text(extension, found.options, family)


def target_text(found: Target, family: str) -> str:
    """What iptables prints of a target behind the columns."""
    extension = None if found.goto else target(found.name)
    return _text(extension, found.options, family) if extension else "".join(f" {option}" for option in found.options)


def target_column(found: Target) -> str:
    """The target's name: of a synonym, the name of what it stands for."""
    extension = None if found.goto else target(found.name)
    return (extension and extension.listed_name) or found.name


def _text(extension: Extension, options: tuple[Option, ...], family: str) -> str:
    if extension.listed_whole:
        return extension.listed_whole(options)
    if extension.rearranged:
        options = extension.rearranged(options)
    return extension.listed + "".join(_option_text(extension, option, family) for option in options)


def _option_text(extension: Extension, option: Option, family: str) -> str:
    row = extension.parameter(option.name)
    if row is None:
        return f" {option}"
    values = tuple(map(row.lists, row.read(option.values, family))) if row.lists else option.values
    return _template(row.listed, option.negated).format(*values, s="s" if values and ":" in values[0] else "")


@cache
def _template(listed: str, negated: bool) -> str:
    plain, _, denied = listed.partition("|")
    if negated:
        return denied or plain
    return plain if denied else re.sub(r"! ?", "", plain)
