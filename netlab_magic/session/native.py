"""The tables of nft in a lab: its whole ruleset as nft lists it, and one table of it."""

import re

from netlab_magic.engines.engine import Engine
from netlab_magic.engines.protocol import Observed
from netlab_magic.errors import CommandFailed, StatementError, place_of
from netlab_magic.nftables import listing, parse
from netlab_magic.session.program_output import output_of
from netlab_magic.session.results.nft import NftListing
from netlab_magic.text import suggest

__all__ = ["nft_listing"]

_HANDLE = re.compile(r" # handle \d+$", re.MULTILINE)
_NO_NFT = "this machine has no program nft; install the package nftables"
_IPTABLES_LEFT_OUT = "# Without the tables in which iptables-nft keeps its rules: show save has those."


def nft_listing(engine: Engine, observed: Observed, title: str | None) -> NftListing:
    """The host's ruleset, or the table that nft calls `title`. Raises StatementError for one that there is not, and CommandFailed."""
    text, remark = _ruleset(engine, observed)
    if title is None:
        return NftListing(text, remark)
    tables = parse(text, strict=False)
    titles = [table.title for table in tables.tables]
    if title not in titles:
        raise StatementError(f"there is no table {title}{_hint(title, titles)}", place_of(title))
    return NftListing(listing(tables, *title.split(" ", 1)))


def _ruleset(engine: Engine, observed: Observed) -> tuple[str, str]:
    """The listing, and what is to be said of it."""
    if engine.ready.sends:
        return _listed_by_nft(engine), ""
    found = [foreign for foreign in observed.foreign if foreign.owner == "nftables"]
    if any(not foreign.text for foreign in found):
        raise CommandFailed(_NO_NFT)
    return _HANDLE.sub("", "".join(foreign.text for foreign in found)), _IPTABLES_LEFT_OUT if engine.ready.firewall == "nft" else ""


def _listed_by_nft(engine: Engine) -> str:
    try:
        return output_of(engine, "nft list ruleset")
    except CommandFailed as error:
        raise CommandFailed(_NO_NFT, status=127) if error.status == 127 else error from None


def _hint(title: str, titles: list[str]) -> str:
    """What was probably meant: nft takes a table without a family as one of the family ip."""
    same = [other for other in titles if other.partition(" ")[2] == title.partition(" ")[2]]
    return f"; did you mean {same[0]}?" if same else suggest(title, titles)
