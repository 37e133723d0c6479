"""What shows the lab as it is: how the statements are read, and their rows."""

import re

from netlab_magic.language import statements as s
from netlab_magic.language.grammar.row import Syntax
from netlab_magic.language.grammar.table import any_table, nft_table
from netlab_magic.language.statements import Statement
from netlab_magic.language.word_reader import Reader, family_option, wrong
from netlab_magic.model.hooks import DIRECTIONS

__all__ = ["SHOW"]

_OF_ONE_FAMILY = ("chains", "way", "rules", "save", "routes")
_SHOWN = ("topology", "chains", "way", "rules", "save", "nft", "routes", "conntrack", "script", "diff")


def read_show(r: Reader) -> Statement:
    """show = "show" ( "topology" | "chains" [ "-6" ] [ "-t" TABLE ] [ CHAIN ] | "way" [ "-6" ] [ "forward" | "in" | "out" ]
    | "rules" [ "-6" ] [ "-t" TABLE ] [ CHAIN ] | "save" [ "-6" ] | "nft" [ NFT-TABLE ] | "routes" [ "-6" ]
    | "conntrack" | "script" | DIFF )
    """
    what = r.choice("thing to show", _SHOWN)
    if what == "diff":
        return read_diff(r)
    if what == "nft":
        return s.Show("nft", nft_table(r))
    family = family_option(r) if what in _OF_ONE_FAMILY else ""
    if what == "way":
        return s.Show("way", r.keyword(*DIRECTIONS) or "forward", family=family)
    table = any_table(r) if what in ("chains", "rules") else None
    kind = "nft chain" if table is not None and " " in table else "chain"
    name = r.take(kind) if what in ("chains", "rules") and r.peek(f"<{kind}>") else None
    return s.Show(str(what), name, table, family)


def read_diff(r: Reader) -> Statement:
    """diff = [ "show" ] "diff" [ "--flows" ] [ SNAPSHOT [ SNAPSHOT ] ]"""
    flows = r.keyword("--flows") is not None
    before = r.take("snapshot") if r.peek("<snapshot>") else None
    after = r.take("snapshot") if before and r.peek("<snapshot>") else None
    return s.Diff(before, after, flows)


def read_explain(r: Reader) -> Statement:
    """explain = "explain" [ "-6" ] ( "-t" TABLE | [ "-t" TABLE ] CHAIN [ N ] )"""
    family = family_option(r)
    table = any_table(r)
    kind = "nft chain" if table is not None and " " in table else "chain"
    if table and not r.peek(f"<{kind}>"):
        return s.Explain(None, None, table, family)
    chain = r.take(kind)
    number = r.take("number") if r.peek("<number>") else None
    if number and not re.fullmatch(r"[1-9][0-9]{0,8}", number):
        wrong(f"{number} is not the number of a rule; rules are counted from 1", number)
    return s.Explain(chain, number, table, family)


SHOW = (
    Syntax(
        "show topology|chains [-6] [-t TABLE] [CHAIN]|way [-6] [forward|in|out]|rules [-6] [-t TABLE] [CHAIN]|save [-6]|nft [TABLE]"
        "|routes [-6]|conntrack|script",
        "what the kernel has now, read back; way is the way of a packet through all tables; -6: of ip6tables; "
        "nft is the ruleset as nft prints it",
        read_show,
        ("show topology", "show chains", "show chains FORWARD", "show chains -t nat", "show chains -6", "show way", "show nft inet fw"),
    ),
    Syntax(
        "diff [--flows] [SNAPSHOT [SNAPSHOT]]",
        "side by side: what the last cell changed; or from a snapshot to now, or between two; --flows: who reaches whom otherwise",
        read_diff,
    ),
    Syntax(
        "explain [-6] [-t TABLE] CHAIN [N]",
        "a chain, its rule number N, or with -t alone a table, in words; -6: of ip6tables",
        read_explain,
        ("explain FORWARD", "explain FORWARD 3", "explain -t nat DOCKER", "explain -t filter"),
    ),
)
