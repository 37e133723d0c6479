"""The tables of nft in a lab: its whole ruleset as nft lists it, one table of it, and the rules of chains with their numbers."""

from collections.abc import Iterator
from contextlib import suppress

from netlab_magic.engines.engine import Engine
from netlab_magic.engines.protocol import SIMULATED, Observed
from netlab_magic.errors import CommandFailed, StatementError
from netlab_magic.nftables import listing, parse
from netlab_magic.nftables.listing import hook_text
from netlab_magic.nftables.ruleset import Chain
from netlab_magic.session.foreign_rules import WITH_HANDLE
from netlab_magic.session.native_tables import chain_called, table_titled
from netlab_magic.session.program_output import TooLong, output_of
from netlab_magic.session.results.base import Text
from netlab_magic.session.results.nft import NftListing
from netlab_magic.text import aligned

__all__ = ["nft_listing", "numbered_rules"]

_NO_NFT = "nft is not installed on this machine; install the package nftables"
_IPTABLES_LEFT_OUT = "# Without the tables in which iptables-nft keeps its rules: show save has those."


def nft_listing(engine: Engine, observed: Observed, title: str | None) -> NftListing:
    """The host's ruleset, or the table titled `title`, such as `inet fw`. Raises StatementError for an unknown table, and CommandFailed."""
    text, remark = _ruleset(engine, observed)
    if title is None:
        return NftListing(text, remark)
    tables = parse(text, strict=False)
    table_titled(tables, title)
    return NftListing(listing(tables, *title.split(" ", 1)))


def numbered_rules(engine: Engine, observed: Observed, title: str, name: str | None) -> Text:
    """The rules of a chain, or of all chains of a table, each with its number and its handle.

    Raises StatementError for an unknown table or chain, and CommandFailed.
    """
    table = table_titled(parse(_ruleset(engine, observed, "-a ")[0], strict=False), title)
    chains = table.chains if name is None else (chain_called(table, name),)
    return Text("\n\n".join("\n".join(_numbered(chain, table.family)) for chain in chains))


def _numbered(chain: Chain, family: str) -> Iterator[str]:
    yield f"chain {chain.name}" + (f" ({hook_text(chain.hook, family).rstrip(';')})" if chain.hook else "")
    rows = [(str(number), str(rule.handle or ""), rule.text(family)) for number, rule in enumerate(chain.rules, 1)]
    if rows:
        yield from aligned([("num", "handle" if any(row[1] for row in rows) else "", "rule"), *rows], right={0, 1})


def _ruleset(engine: Engine, observed: Observed, options: str = "") -> tuple[str, str]:
    """The listing, and a remark about it. Raises StatementError where nobody knows, and CommandFailed."""
    ready = engine.ready
    if ready.sends and (ready.way, ready.firewall) != (SIMULATED, "nft"):  # a simulated nft does not know the tables of iptables-nft
        with suppress(TooLong):  # nft's own tables were read back completely
            return _listed_by_nft(engine, options), ""
    found = [foreign for foreign in observed.foreign if foreign.owner == "nftables"]
    if not found and ready.way == "load":
        raise StatementError("no listing of nft was loaded, so it is not known which tables it has")
    if any(not foreign.text for foreign in found):
        raise CommandFailed(_NO_NFT)
    text = "".join(foreign.text for foreign in found)
    return text if options else WITH_HANDLE.sub("", text), _IPTABLES_LEFT_OUT if engine.ready.firewall == "nft" else ""


def _listed_by_nft(engine: Engine, options: str) -> str:
    try:
        return output_of(engine, f"nft {options}list ruleset")
    except CommandFailed as error:
        raise CommandFailed(_NO_NFT, status=127) if error.status == 127 else error from None
