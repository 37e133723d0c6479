"""Rulesets of nft: text, JSON and values, listing, diff. Pure: nothing here runs nft.

Start with `ruleset` (tables, chains, rules, sets), `expressions` and `statements` (what a rule is made of). `parse` reads both of nft's
forms to the same value; `str` and `listing` print it. `symbols`, `datatypes` and `fields` are the tables of what nft has names for,
`analysis/` tells which rules and chains can never matter, and `commands/` carries out nft's commands on a ruleset.

Imports: errors, iptables, model, text.
Start reading: `ruleset`.
"""

from netlab_magic.errors import StatementError
from netlab_magic.nftables.json.reader import read_json
from netlab_magic.nftables.listing import canonical, listing
from netlab_magic.nftables.ruleset import Ruleset
from netlab_magic.nftables.text.reader import read_text

__all__ = ["canonical", "listing", "parse", "read_json", "read_text"]


def parse(text: str | bytes, *, strict: bool = True) -> Ruleset:
    r"""The ruleset of what `nft list ruleset` or `nft -j list ruleset` printed.

    Raises StatementError in strict reading, for what neither prints. Bytes that are not UTF-8 are refused, or in lenient reading kept
    as \xNN.
    """
    if isinstance(text, bytes):
        try:
            decoded = text.decode()
        except UnicodeDecodeError as error:
            number = text[: error.start].count(b"\n") + 1
            problem = f"line {number}: this is not UTF-8"
            if strict:
                raise StatementError(problem) from None
            found = parse(text.decode(errors="backslashreplace"), strict=False)
            return Ruleset(found.tables, found.version, found.remarks, (problem, *found.problems))
        return parse(decoded, strict=strict)
    return read_json(text, strict=strict) if text[:200].lstrip().startswith("{") else read_text(text, strict=strict)
