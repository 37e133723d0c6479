"""What stands behind the columns of a listed rule: the words of its matches and of its target, with their exact blanks."""

import re
from functools import cache

from netlab_magic.iptables.extensions import Extension, match, target
from netlab_magic.iptables.listing.special_cases import REARRANGED, WHOLE
from netlab_magic.iptables.listing.values import VALUES
from netlab_magic.iptables.ruleset import Match, Option, Target

__all__ = ["match_text", "target_column", "target_text"]

_NOT_PRINTED_BY_NFT = ("eui64",)
_PRINTED_AS = {"NOTRACK": "CT"}


def match_text(found: Match, variant: str) -> str:
    """What iptables prints of a match in canonical form; of one that it cannot know, the words of the rule."""
    if variant == "nft" and found.module in _NOT_PRINTED_BY_NFT:
        return ""
    extension = match(found.module)
    return _text(extension, found.options) if extension else f" {found}"


def target_text(found: Target) -> str:
    """What iptables prints of a target behind the columns."""
    extension = None if found.goto else target(found.name)
    return _text(extension, found.options) if extension else "".join(f" {option}" for option in found.options)


def target_column(found: Target) -> str:
    """The target's name: of a synonym, the name of what it stands for."""
    return found.name if found.goto else _PRINTED_AS.get(found.name, found.name)


def _text(extension: Extension, options: tuple[Option, ...]) -> str:
    if extension.name in WHOLE:
        return WHOLE[extension.name](options)
    if extension.name in REARRANGED:
        options = REARRANGED[extension.name](options)
    return extension.listed + "".join(_option_text(extension, option) for option in options)


def _option_text(extension: Extension, option: Option) -> str:
    row = extension.parameter(option.name)
    if row is None:
        return f" {option}"
    spell = VALUES.get((extension.name, option.name))
    values = tuple(map(spell, option.values)) if spell else option.values
    return _template(row.listed, option.negated).format(*values, s="s" if values and ":" in values[0] else "")


@cache
def _template(listed: str, negated: bool) -> str:
    plain, _, denied = listed.partition("|")
    if negated:
        return denied or plain
    return plain if denied else re.sub(r"! ?", "", plain)
