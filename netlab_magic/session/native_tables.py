"""The tables of nft that a statement is about, looked up by their titles and chains among those read back from the host."""

from netlab_magic import docker
from netlab_magic.draw import Picture, chains_picture
from netlab_magic.engines.engine import Engine
from netlab_magic.errors import CommandFailed, StatementError, place_of
from netlab_magic.explain import explain, rule_sentence
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.language import statements as s
from netlab_magic.model.hooks import BUILT_IN
from netlab_magic.model.topology import HOST
from netlab_magic.nftables import parse
from netlab_magic.nftables.ruleset import Chain, Table
from netlab_magic.nftables.ruleset import Ruleset as NftRuleset
from netlab_magic.session.lab_model import other_filters_in
from netlab_magic.session.program_output import output_of
from netlab_magic.session.results.explain import Explained
from netlab_magic.session.state import Seen
from netlab_magic.text import suggest

__all__ = ["chain_called", "native_chains", "native_explained", "native_rules", "native_title", "table_titled"]


def native_rules(engine: Engine, seen: Seen) -> NftRuleset:
    """The host's tables of nft, without those of iptables-nft. Raises CommandFailed if there are some that could not be listed."""
    found = other_filters_in(seen.observed).get(HOST)
    listed = found.native if found else NftRuleset()
    named = [title for foreign in seen.observed.foreign if foreign.owner == "nftables" for title in foreign.tables]
    if len(listed.tables) < len(named):
        raise CommandFailed(f"nft has tables here ({', '.join(named)}), but they could not be listed: is nft installed?")
    if not named and seen.dockerd and seen.dockerd.backend == "nftables":
        return parse(output_of(engine, f"nft list table ip {docker.TABLE}"), strict=False)
    return listed


def native_title(engine: Engine, seen: Seen, statement: s.Show | s.Explain) -> str | None:
    """The title of the nft table that a statement is about; None if it is about iptables, whose chains come first.

    Raises StatementError for a chain that neither has.
    """
    name = statement.chain if isinstance(statement, s.Explain) else statement.name
    if statement.table is not None:
        return statement.table if " " in statement.table else None
    if name is None or statement.family or _has(seen.ruleset, name) or _has(seen.ruleset6, name) or not _may_be_native(seen):
        return None
    tables = native_rules(engine, seen).tables
    found = next((held.title for held in tables if _part(held, name)), None)
    if found is None:
        known = [each.name for held in seen.ruleset.tables for each in held.chains]
        known += [each.name for held in tables for each in held.chains]
        raise StatementError(f"there is no chain {name}{suggest(name, known)}", place_of(name))
    return found


def _may_be_native(seen: Seen) -> bool:
    of_docker = seen.dockerd is not None and seen.dockerd.backend == "nftables"
    return of_docker or any(foreign.owner == "nftables" for foreign in seen.observed.foreign)


def _has(ruleset: Ruleset, chain: str) -> bool:
    return any(ruleset.table(name).chain(chain) for name in BUILT_IN)


def _part(table: Table, name: str) -> bool:
    """Whether a table has a chain, a set or a map of that name."""
    return table.chain(name) is not None or table.set(name.removeprefix("@")) is not None


def native_chains(engine: Engine, seen: Seen, title: str, statement: s.Show, language: str) -> Picture:
    """A chain of a table of nft, or the whole table. Raises StatementError for one that does not exist."""
    ruleset, chain = native_rules(engine, seen), statement.name
    held = table_titled(ruleset, title)
    if chain:
        chain_called(held, chain)

    def sentence(table: str, name: str, number: int) -> str:
        return rule_sentence(ruleset, table, name, number, language)

    return chains_picture(ruleset, title, chain and str(chain), explain=sentence)


def native_explained(engine: Engine, seen: Seen, title: str, statement: s.Explain, language: str) -> Explained:
    """A table of nft, one of its chains, sets or maps, or a rule, in words. Raises StatementError for what does not exist."""
    ruleset = native_rules(engine, seen)
    held = table_titled(ruleset, title)
    number = int(statement.number) if statement.number else None
    try:
        return Explained(explain(ruleset, title, statement.chain and str(statement.chain), number, language), language)
    except StatementError as error:
        there = statement.chain is not None and held.chain(statement.chain)
        place = place_of(statement.number if there and statement.number else statement.chain or "")
        raise (error.at(place) if place else error) from None


def table_titled(ruleset: NftRuleset, title: str) -> Table:
    """The table titled `title`, such as `inet fw`. Raises StatementError if there is none."""
    found = ruleset.table(*title.split(" ", 1))
    if found is None:
        titles = [table.title for table in ruleset.tables]
        same = [other for other in titles if other.partition(" ")[2] == title.partition(" ")[2]]
        hint = f"; did you mean {same[0]}?" if same else suggest(title, titles)
        raise StatementError(f"there is no table {title}{hint}", place_of(title))
    return found


def chain_called(table: Table, name: str) -> Chain:
    """The chain of a table with this name. Raises StatementError if there is none."""
    chain = table.chain(name)
    if chain is None:
        hint = suggest(name, [held.name for held in table.chains])
        raise StatementError(f"the table {table.title} has no chain {name}{hint}", place_of(name))
    return chain
