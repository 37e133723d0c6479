"""What nft lists of rules as people type them: data/nft/as-typed.txt, which is compared with the kernel's nft too.

A line has, with tabs between them, the families of tables, the rule, and what is listed of it, `=` where that is the rule itself; or behind
`!` what nft refuses it with.
"""

from pathlib import Path

import pytest
from support.nft_process import NftProcess
from support.recorded_answers import has_this_release

from netlab_magic.nftables.commands.complaints import Refused
from netlab_magic.nftables.commands.grammar import read_commands
from netlab_magic.nftables.commands.rule_listing import listed_rule
from netlab_magic.nftables.text.expression_printer import Style

LINES = [line.split("\t") for line in (Path(__file__).parents[2] / "data/nft/as-typed.txt").read_text().splitlines() if line[:1] != "#"]
CASES = [(family, rule, rule if listed == "=" else listed) for families, rule, listed in LINES for family in families.split(",")]


def ours(family: str, rule: str) -> str:
    try:
        (request,) = read_commands(f"add rule {family} t c {rule}\n")
        return listed_rule(request.body, family).text(family, Style(recent=False))
    except Refused as refused:
        return f"! {refused}"


def test_rules_are_listed_as_nft_lists_them():
    wrong = [(family, rule, listed, found) for family, rule, listed in CASES if (found := ours(family, rule)) != listed]
    assert not wrong


@pytest.mark.kernel
@pytest.mark.skipif(not has_this_release("nft"), reason="the texts are those of nft 1.0.6")
def test_nft_lists_them_so():
    asked = []
    for family, rule, _ in CASES:
        made = [f"add table {family} t", f"add chain {family} t c", f"add chain {family} t d", f"add rule {family} t c {rule}"]
        asked += ["flush ruleset", *made, f"list chain {family} t c"]
    with NftProcess() as nft:
        answers = nft.ask(asked)
    told = []
    for place, (family, rule, listed) in enumerate(CASES):
        _, _, _, _, (taken, _, error), (_, output, _) = answers[6 * place : 6 * place + 6]
        found = output.split("\n")[2].strip().partition(" # handle")[0] if taken else f"! {error.splitlines()[0].removeprefix('Error: ')}"
        told.append((family, rule, listed, found))
    assert not [each for each in told if each[2] != each[3]]
