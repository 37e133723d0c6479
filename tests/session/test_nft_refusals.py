"""What nft 1.0.6 printed when it refused, as a sentence with its place in the cell."""

import pytest

from netlab_magic.nftables import parse
from netlab_magic.session.nft_refusals import why_nft_refused

FW = {"host": parse("table inet fw {\n\tchain forward {\n\t}\n}\n")}


def refused(command: str, sentence: str, source: str, carets: str) -> tuple[str, str]:
    """The sentence, and the words that its place marks."""
    said = why_nft_refused(command, f"Error: {sentence}\n{source}\n{carets}\n", FW)
    assert said is not None
    place = said.place
    return said.message, f"{place.line}: {place.source[place.column : place.column + place.width]}" if place else ""


GONE = "No such file or directory"
MISSING = f"Could not process rule: {GONE}"
EXISTS, BUSY = "Could not process rule: File exists", "Could not process rule: Device or resource busy"
NO_FAMILY = "without a family nft means ip fw, which does not exist; there is inet fw"
CASES = [
    ("nft add rule inet fw forwrd drop", MISSING, "add rule inet fw forwrd drop", 17, 6, "did you mean forward?", "0: forwrd"),
    ("sudo nft add rule inet no f drop", MISSING, "add rule inet no f drop", 14, 2, "there is no table inet no", "0: no"),
    ("nft add rule fw f drop", MISSING, "add rule fw f drop", 9, 2, NO_FAMILY, "0: fw"),
    ("nft add rule fw f drop", f"{GONE}; did you mean table ‘fw’ in family inet?", "add rule fw f drop", 9, 2, NO_FAMILY, "0: fw"),
    ("nft add rule inet fw forward jump x", MISSING, "add rule inet fw forward jump x", 30, 1, f"nft says: {GONE}", "0: x"),
    ("nft create table inet fw", EXISTS, "create table inet fw", 18, 2, "create requires that it does not; use add", "0: fw"),
    ("nft 'delete chain inet fw f'", BUSY, "delete chain inet fw f", 21, 1, "still in use", "0: f"),
    ("nft add table a\nnft add tabel b", "syntax error, unexpected string", "add tabel b", 4, 5, "nft says: syntax error", "1: tabel"),
    ("nft foo", "syntax error, unexpected newline, expecting string", "foo", 3, 1, "unexpected newline", ""),
]


@pytest.mark.parametrize(("command", "sentence", "source", "start", "width", "told", "marked"), CASES, ids=[case[0] for case in CASES])
def test_the_words_of_a_command_are_marked(command, sentence, source, start, width, told, marked) -> None:
    message, place = refused(command, sentence, source, " " * start + "^" * width)
    assert told in message
    assert place == marked


def test_a_line_of_a_here_document_is_marked():
    command = "nft -f - <<EOF\ntable inet fw {\n\tchain forward {\n\t\ttcp dport 22 acceppt drop\n\t}\n}\nEOF"
    output = "/dev/stdin:3:16-22: Error: syntax error, unexpected string\n\t\ttcp dport 22 acceppt drop\n\t\t             ^^^^^^^\n"
    said = why_nft_refused(command, output, {})
    assert said.message == "nft says: syntax error, unexpected string"
    assert said.place.line == 3
    assert said.place.source[said.place.column :].startswith("acceppt")


def test_braces_without_quotes_are_for_the_shell():
    command = "nft add chain inet fw f { type filter hook input priority 0; policy drop; }"
    said = why_nft_refused(command, "bash: line 1: syntax error near unexpected token `}'\n", {})
    assert said.message.endswith("needs quotes: nft add chain inet fw f '{ type filter hook input priority 0; policy drop; }'")


def test_what_is_not_nfts_is_left_alone():
    assert why_nft_refused("false", "", {}) is None
    assert why_nft_refused("ls x", "ls: cannot access 'x': No such file or directory\n", {}) is None
