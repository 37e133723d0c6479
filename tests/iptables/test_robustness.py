"""Whatever text it is given, reading gives a ruleset or one sentence, and what was read can be shown, explained and compared."""

import random
import time
from pathlib import Path

import pytest

from netlab_magic.draw import chains_picture, hooks_picture
from netlab_magic.errors import NetlabError
from netlab_magic.explain import explain_chain
from netlab_magic.iptables.command import read_command
from netlab_magic.iptables.command_changes import changes
from netlab_magic.iptables.diff import apply, diff, invert
from netlab_magic.iptables.listing import listing
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.iptables.save_format import parse
from netlab_magic.model.hooks import DIRECTIONS

DUMPS = sorted((Path(__file__).parents[1] / "data" / "dumps").glob("*.save"))
STRANGE = ["", "!", '"', "\\", "-j", "--dport", "-m", "\x00", "\udcff", "99999999999999999999", "鏈", "<b>", "::", "\u2028"]
LOOPS = "*filter\n:FORWARD ACCEPT [0:0]\n:A - [0:0]\n:B - [0:0]\n-A FORWARD -j A\n-A A -j B\n-A B -g A\n-A B -j B\nCOMMIT\n"


def damaged(text: str, pick: random.Random) -> str:
    """The text with a few of its characters, words or lines gone, doubled, swapped or replaced."""
    for _ in range(pick.randint(1, 4) if text else 0):
        parts, glue = pick.choice([(list(text), ""), (text.split(" "), " "), (text.split("\n"), "\n")])
        place, other = pick.randrange(len(parts)), pick.randrange(len(parts))
        match pick.randrange(5):
            case 0:
                del parts[place]
            case 1:
                parts.insert(other, parts[place])
            case 2:
                parts[place], parts[other] = parts[other], parts[place]
            case 3:
                parts[place] = pick.choice(
                    ["", "!", '"', "\\", "-j", "--dport", "-m", "\x00", "\udcff", "99999999999999999999", "鏈", "<b>", "::"]
                )
            case 4:
                parts = parts[:place] or parts
        text = glue.join(parts)
        if not text:
            break
    return text


def shown(ruleset: Ruleset) -> None:
    """Everything that can be made of a ruleset."""
    for table in ruleset.tables:
        for variant in ("legacy", "nft"):
            listing(ruleset, table.name, variant=variant)
        for chain in table.chains:
            for language in ("en", "zh_TW"):
                assert str(explain_chain(ruleset, table.name, chain.name, language))
        assert chains_picture(ruleset, table.name).words
    for direction in DIRECTIONS:
        assert hooks_picture(ruleset, direction).dot


def attempted(text: str, strict: bool) -> Ruleset | None:
    """What is read, or None where it is refused in a sentence."""
    try:
        return parse(text, strict=strict)
    except NetlabError:
        return None


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("path", DUMPS, ids=lambda path: path.stem)
def test_damaged_dumps_are_read_or_refused_in_a_sentence(path: Path, strict: bool) -> None:
    """What is read prints as it was, and can be compared with the whole."""
    pick = random.Random(path.stem)  # the same damage each time  # noqa: S311 (cases, not secrets)
    whole = parse(path.read_text())
    for _ in range(12):
        broken = damaged(path.read_text(), pick)
        read = attempted(broken, strict)
        if read is not None:
            assert str(read) == (broken if broken.endswith("\n") or not broken else f"{broken}\n")
        if read is not None and read.family == whole.family:
            assert apply(whole, diff(whole, read)) == read
            assert apply(read, invert(diff(whole, read))) == whole


@pytest.mark.parametrize("path", DUMPS[::3], ids=lambda path: path.stem)
def test_damaged_dumps_that_are_read_leniently_can_be_shown(path: Path) -> None:
    pick = random.Random(path.stem)  # noqa: S311
    read = [attempted(damaged(path.read_text(), pick), strict=False) for _ in range(8)]
    for ruleset in [found for found in read if found][:2]:
        shown(ruleset)


def test_chains_that_jump_in_a_circle_can_be_shown() -> None:
    shown(parse(LOOPS, strict=False))


def test_damaged_commands_are_carried_out_or_refused_in_a_sentence() -> None:
    pick = random.Random(7)  # noqa: S311
    commands = [
        'iptables -t nat -I PREROUTING 1 -p tcp --dport 80 -m comment --comment "to the web" -j DNAT --to-destination 10.0.0.2:80',
        "sudo iptables -A FORWARD -i docker1 ! -o docker1 -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT",
        "ip6tables -D FORWARD -s fe80::/10 -j DROP",
        "iptables -E A B",
        "iptables -P FORWARD DROP",
    ]
    taken = refused = 0
    for _ in range(600):
        command = damaged(pick.choice(commands), pick)
        try:
            read = read_command(command)
            empty = Ruleset(family=read.family)
            edits = changes(read, empty)
        except NetlabError:
            refused += 1
        else:
            taken += 1
            assert apply(apply(empty, edits), invert(edits)) == empty
    assert min(taken, refused) > 20


@pytest.mark.long("large inputs")
def test_a_very_large_ruleset_is_shown_in_seconds() -> None:
    rules = "".join(f"-A FORWARD -s 10.{n >> 8 & 255}.{n & 255}.1/32 -p tcp -m tcp --dport {n % 60000} -j DROP\n" for n in range(20_000))
    text = f"*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n{rules}COMMIT\n"
    start = time.process_time()
    read = parse(text)
    assert chains_picture(read, "filter", "FORWARD").words
    assert len(diff(parse(text.replace("10.5.", "10.6.")), read)) > 0
    assert len(listing(read, "filter").splitlines()) > 20_000
    assert time.process_time() - start < 60, "something has become quadratic"
