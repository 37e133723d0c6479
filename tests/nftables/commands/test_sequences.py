"""Random sequences of commands on the value and on the kernel: after each, `nft -a list ruleset` is the same, and so is what was taken."""

import re

import pytest
from support.nft_process import NftProcess
from support.nft_sequences import sequence
from support.recorded_answers import has_this_release

from netlab_magic.nftables.commands.draft import Tables
from netlab_magic.nftables.commands.program import called

pytestmark = [pytest.mark.kernel, pytest.mark.skipif(not has_this_release("nft"), reason="the model is of nft 1.0.6")]
LIST = "list ruleset"


def listed(tables: Tables) -> str:
    return called(["-a", LIST], tables, ["lo"], lambda _: None).output


def fresh(nft: NftProcess) -> Tables:
    """No tables, in both; the kernel counts on, for all of a namespace."""
    *_, (_, text, _), _ = nft.ask(["flush ruleset", "add table ip first", LIST, "flush ruleset"])
    return Tables(given=int(re.search(r"handle (\d+)", text)[1]))


def first_difference(nft: NftProcess, seed: int) -> str:
    tables = fresh(nft)
    for command in sequence(seed):
        (taken, _, error), (_, text, _) = nft.ask([command, LIST])
        answer = called([command], tables, ["lo"], lambda _: None)
        tables = answer.tables
        if taken != (answer.status == 0) or listed(tables) != text:
            return f"seed {seed}: {command}\nkernel\n{error}{text}\nhere\n{answer.errors}{listed(tables)}"
        if not taken and ";" in command:  # how many handles a refused script has used up depends on how far nft went with it
            break
    return ""


def differences(seeds: range) -> list[str]:
    with NftProcess() as nft:
        return [found for seed in seeds if (found := first_difference(nft, seed))]


def test_sequences_of_commands_lead_to_the_same_tables():
    assert differences(range(12)) == []


@pytest.mark.long("more random sequences of nft commands")
def test_many_sequences_of_commands_lead_to_the_same_tables():
    assert differences(range(100, 500)) == []
