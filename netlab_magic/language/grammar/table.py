"""How tables are named: one of iptables by its name, one of nft as nft does (`inet fw`), or in one word (`inet:fw`)."""

from netlab_magic.errors import Word
from netlab_magic.language.word_reader import Reader, wrong
from netlab_magic.model.hooks import BUILT_IN
from netlab_magic.nftables.symbols import HOOK_FAMILIES
from netlab_magic.text import suggest

__all__ = ["any_table", "nft_table"]


def any_table(r: Reader) -> Word | None:
    """any-table = [ "-t" ( TABLE | FAMILY ":" NAME ) ]: the name of a table of iptables, or the title of one of nft."""
    if not r.keyword("-t"):
        return None
    first = r.peek("<nft table>")
    if first in HOOK_FAMILIES:
        family = r.take("table")
        wrong(f"a table of nft is one word here: {family}:{r.peek('name of a table') or 'NAME'}", family)
    return _titled(r.take("table")) if first and ":" in first else r.choice("table", tuple(BUILT_IN))


def nft_table(r: Reader) -> Word | None:
    """nft-table = FAMILY NAME | FAMILY ":" NAME | NAME, as nft names it: `inet fw`; without a family it is one of ip, as with nft."""
    first = r.peek("<nft table>")
    if first is None:
        return None
    r.take("table")
    if ":" in first:
        return _titled(first)
    if first not in HOOK_FAMILIES:
        return Word(f"ip {first}", first.place)
    return Word(f"{first} {r.take('name of a table')}", first.place)


def _titled(word: Word) -> Word:
    """FAMILY:NAME as nft names the table. Raises StatementError for a family that there is not."""
    family, _, name = word.partition(":")
    if family not in HOOK_FAMILIES:
        wrong(f"{family} is no family of nft{suggest(family, HOOK_FAMILIES)}", word)
    if not name:
        wrong(f"the name of the table is missing, as in {family}:filter", word)
    return Word(f"{family} {name}", word.place)
