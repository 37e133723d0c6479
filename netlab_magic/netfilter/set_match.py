"""-m set of iptables: whether a packet is in a set of ipset."""

from functools import partial

from netlab_magic.iptables.extensions.types_compound import DIRECTIONS
from netlab_magic.iptables.ipset.elements import Device, Part, Port
from netlab_magic.iptables.numbers import shown, word_of
from netlab_magic.iptables.ruleset import Match
from netlab_magic.netfilter.condition import Condition, denied, unjudged
from netlab_magic.netfilter.frame import Frame

__all__ = ["in_a_set"]

_SET_OPTIONS = frozenset(("--match-set", "--return-nomatch", "--update-counters", "--update-subcounters"))
"""The options of -m set without those that look at what an entry has counted."""


def in_a_set(match: Match, family: str) -> Condition:
    """Whether the packet is in a set of ipset, as that was read (set_match_v4 in xt_set.c)."""
    asked = match.option("--match-set")
    if asked is None or not {option.name for option in match.options} <= _SET_OPTIONS:
        return unjudged("-m set")
    name, word = asked.values
    directions, returns = DIRECTIONS.read(word, family), match.option("--return-nomatch") is not None

    def test(frame: Frame) -> bool | None:
        return frame.sets.has(name, partial(_dimension, frame), directions, frame.six, only_nomatch=returns)

    def seen(frame: Frame) -> str:
        ends = (frame.source if direction == "src" else frame.destination for direction in directions)
        return ",".join(shown(end, frame.six) for end in ends)

    about = f"-m set --match-set {name} {word}"
    return Condition(about, "in the set", denied(test) if asked.negated else test, seen, negated=asked.negated)


def _dimension(frame: Frame, dimension: str, direction: str) -> Part | None:
    """What a packet has in one dimension of a set; ICMP's type and code stand for its ports (get_port in ip_set_getport.c)."""
    of_source = direction == "src"
    match dimension:
        case "ip":
            return frame.source if of_source else frame.destination
        case "port":
            if "icmp" in word_of(frame.protocol):
                return Port(frame.protocol, frame.icmp[0] << 8 | frame.icmp[1])
            return Port(frame.protocol, frame.source_port if of_source else frame.destination_port)
        case "iface":
            return Device(frame.input if of_source else frame.output)
        case "mark":
            return frame.mark
    return None
