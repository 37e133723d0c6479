"""Hints after a raw iptables command."""

import pytest

from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.iptables.save_format import parse
from netlab_magic.session.command_hints import why_refused

OPEN = parse("*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n")


@pytest.mark.parametrize(
    ("command", "word"),
    [
        ("iptables -A FORWARD -j DROOP", "DROOP"),
        ("sudo ip6tables -A FORWARD -p icmpv6 -j DROOP", "DROOP"),
        ("iptables -F FORWARDS", "FORWARDS"),
        ("ip6tables -A FORWARD -s 10.0.0.1 -j ACCEPT", "10.0.0.1"),
    ],
)
def test_the_word_that_was_refused_is_marked(command: str, word: str) -> None:
    error = why_refused(command, {"ipv4": OPEN, "ipv6": Ruleset(OPEN.tables, family="ipv6")})
    assert error is not None
    assert error.place is not None
    assert command[error.place.column : error.place.column + error.place.width] == word
