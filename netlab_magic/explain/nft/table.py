"""A table of nft in words: whose it is, its chains, sets, maps and objects, and what in it can never matter."""

from collections.abc import Iterator

from netlab_magic.explain.explanation import TableExplanation
from netlab_magic.explain.known.nft_chains import known_chain, known_set, known_table
from netlab_magic.explain.nft.chain import base_told
from netlab_magic.explain.nft.rule import table_of_title
from netlab_magic.explain.nft.sets import about_set, object_told
from netlab_magic.explain.notes import never_told, orphans_told
from netlab_magic.i18n import Language, language
from netlab_magic.nftables.analysis.reachability import graph_of
from netlab_magic.nftables.analysis.shadowing import all_shadowed
from netlab_magic.nftables.ruleset import Chain, Ruleset, Table
from netlab_magic.text import printable

__all__ = ["explain_table"]

_MOST_PARTS = 60


def explain_table(ruleset: Ruleset, title: str, language_name: str = "en") -> TableExplanation:
    """A table in words. Raises StatementError for a table or a language that there is not."""
    say = language(language_name)
    table = table_of_title(ruleset, title)
    told = list(_parts(table, say))
    shown = told[:_MOST_PARTS]
    if len(told) > len(shown):
        shown.append(("…", say("{} other parts", len(told) - len(shown))))
    return TableExplanation(printable(table.title), tuple(shown), tuple(_notes(table, say)))


def _parts(table: Table, say: Language) -> Iterator[tuple[str, str]]:
    for chain in table.chains:
        yield printable(chain.name), _chain(table, chain, say)
    for found in table.sets:
        yield printable(f"@{found.name}"), say.paragraph([about_set(found, say), known_set(table, found, say)])
    for each in table.objects:
        yield printable(each.name), object_told(each, say)
    for flowtable in table.flowtables:
        yield printable(f"@{flowtable.name}"), say("A flowtable: connections that are put into it pass by the rules from then on.")
    for verbatim in table.verbatim:
        yield printable(verbatim.lines[0].strip(" \t{")), say("This part is kept as it stands: what it means is not known here.")


def _chain(table: Table, chain: Chain, say: Language) -> str:
    count = len(chain.rules)
    rules = say("1 rule.") if count == 1 else say("{} rules.", count) if count else say("No rules.")
    base = base_told(table.family, chain.hook, say) if chain.hook else ""
    return say.paragraph([rules, known_chain(table, chain, say) or base])


def _notes(table: Table, say: Language) -> Iterator[str]:
    known = known_table(table, say)
    yield from [known] if known else []
    if table.comment:
        yield say("Its comment reads “{}”.", table.comment)
    if "dormant" in table.flags:
        yield say("The table is dormant: none of its chains is asked about anything.")
    if "owner" in table.flags:
        owner = table.owner or say("whose name is not told")
        yield say("The table belongs to the program that made it ({}): nobody else can change it.", owner)
    yield from orphans_told(graph_of(table).orphans, say)
    yield from never_told(list(all_shadowed(table)), say)
