"""What a rule matches, as one sentence: a clause for every condition, joined as a reader would say it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from netlab_magic.explain.values import joined, worded
from netlab_magic.i18n import Language, message
from netlab_magic.iptables.extensions import HEADER, Extension, Parameter, match
from netlab_magic.iptables.ruleset import Match, Option, Rule

__all__ = ["Part", "comments", "matched", "meaningful", "paired", "said", "sentence", "verbatim"]


class _Pair(NamedTuple):
    """Two conditions that are said in one clause. `!` before a name means negated; `same` requires both to have the same value."""

    first: str
    second: str
    says: str
    same: bool = False


_PAIRS = (
    _Pair("-i", "-o", message("both come in and leave through {0}"), same=True),
    _Pair("-i", "!-o", message("come in through {0} but leave through any other interface"), same=True),
    _Pair("!-i", "-o", message("leave through {0} without having come in through it"), same=True),
    _Pair("!-d", "--dst-type", message("go to {1}, other than {0}")),
    _Pair("-s", "-d", message("both come from and go to {0}"), same=True),
    _Pair("-d", "--dport", message("go to port {1} of {0}")),
    _Pair("-d", "--dports", message("go to port {1} of {0}")),
    _Pair("-s", "--sport", message("come from port {1} of {0}")),
    _Pair("--ctorigdst", "--ctorigdstport", message("belong to a connection that, before any DNAT, went to port {1} of {0}")),
    _Pair("--timestart", "--timestop", message("come at a time of day from {0} to {1}")),
    _Pair("--src-type", "--limit-iface-in", message("have {0}, as the incoming interface knows it, as their source")),
    _Pair("--dst-type", "--limit-iface-in", message("have {0}, as the incoming interface knows it, as their destination")),
    _Pair("--dst-type", "--limit-iface-out", message("have {0}, as the outgoing interface knows it, as their destination")),
)
_WILDCARDS = {
    Option("-i"): message("come in through an interface whose name begins with {}"),
    Option("-i", negated=True): message("come in through an interface whose name does not begin with {}"),
    Option("-o"): message("leave through an interface whose name begins with {}"),
    Option("-o", negated=True): message("leave through an interface whose name does not begin with {}"),
    Option("--physdev-in"): message("came in through a bridge port whose name begins with {}"),
    Option("--physdev-in", negated=True): message("came in through a bridge port whose name does not begin with {}"),
    Option("--physdev-out"): message("leave through a bridge port whose name begins with {}"),
    Option("--physdev-out", negated=True): message("leave through a bridge port whose name does not begin with {}"),
}
"""Clauses for interface names that end in +, which stand for every name that begins so."""

_NOTHING = frozenset({
    Option("--mask", ("255.255.255.255",)), Option("--mask", ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",)),
    Option("--datestart", ("1970-01-01T00:00:00",)), Option("--datestop", ("2038-01-19T03:14:07",)),
    Option("--nfmask", ("0xffffffff",)), Option("--ctmask", ("0xffffffff",)),
})  # fmt: skip
"""Options that iptables-save prints although they change nothing."""

_STATES = ("conntrack", "state")


class Part(NamedTuple):
    """A condition with its row of the option table and its values in words; `match` is None for a rule's own options."""

    option: Option
    row: Parameter | None
    words: list[str]
    match: Match | None = None


def matched(rule: Rule, family: str, say: Language) -> str:
    """The sentence that says which packets a rule matches."""
    return sentence(_packets(rule, family, say), list(_clauses(rule, family, say)), say, of_all=rule.option("-p") is None)


def sentence(packets: str, clauses: list[str], say: Language, *, of_all: bool) -> str:
    """Clauses as a sentence about `packets`, which are all that there are where `of_all`."""
    if clauses:
        return say("Matches {packets} that {clauses}.", packets=packets, clauses=joined(clauses, say))
    return say("Matches every packet.") if of_all else say("Matches all {}.", packets)


def _is_remark(found: Match) -> bool:
    extension = match(found.module)
    return extension is not None and extension.holds_always


def comments(rule: Rule, say: Language) -> Iterator[str]:
    """A sentence for every comment, with its text quoted."""
    for found in rule.matches:
        if _is_remark(found):
            for option in found.options:
                yield say("Its comment reads “{}”.", " ".join(option.values))


def _packets(rule: Rule, family: str, say: Language) -> str:
    found, row = rule.option("-p"), HEADER.rows["-p"]
    if found is None or found.negated or found.values == ("all",):
        return say("packets")
    return say("{} packets", *worded(row, found, family, say))


def _parts(rule: Rule, family: str, say: Language) -> list[Part]:
    parts = [_part(option, HEADER, family, say) for option in rule.options if option.name != "-p" or option.negated]
    for found in rule.matches:
        extension = match(found.module)
        parts += [_part(_syn(option), extension, family, say, found) for option in meaningful(found.options)]
    return parts


def _part(option: Option, extension: Extension | None, family: str, say: Language, found: Match | None = None) -> Part:
    row = extension.parameter(option.name) if extension else None
    return Part(option, row, worded(row, option, family, say) if row else [], found)


def _syn(option: Option) -> Option:
    """`--syn` for the flags that iptables-save prints instead."""
    flags = ("FIN,SYN,RST,ACK", "SYN")
    return Option("--syn", negated=option.negated) if option.name == "--tcp-flags" and option.values == flags else option


def _clauses(rule: Rule, family: str, say: Language) -> Iterator[str]:
    """The rule's own conditions in order, each with its counterpart, then those of every match; connection states come last."""
    parts = _parts(rule, family, say)
    taken: list[Part] = []
    for part in parts:
        if part.match is None and part not in taken:
            yield paired(part, parts, taken, say)
    for found in sorted(rule.matches, key=lambda found: found.module in _STATES):
        if not _is_remark(found):
            rest = [part for part in parts if part.match is found and part not in taken]
            yield from _of_match(found, rest, parts, taken, say)


def paired(part: Part, parts: list[Part], taken: list[Part], say: Language) -> str:
    """The clause of a condition, or of the pair that it forms with another one, which is then marked as done."""
    for pair in () if _is_wildcard(part.option) else _PAIRS:
        if _named(part) == pair.first and part.row:
            for other in parts:
                if _named(other) == pair.second and other.row and (not pair.same or other.option.values == part.option.values):
                    taken.append(other)
                    return say(pair.says, *part.words, *other.words)
    return _clause(part, say)


def _named(part: Part) -> str:
    return ("!" if part.option.negated else "") + part.option.name


def _of_match(found: Match, rest: list[Part], parts: list[Part], taken: list[Part], say: Language) -> Iterator[str]:
    """The clauses of one match; remarks in parentheses follow the last of them."""
    extension = match(found.module)
    if extension is None:
        yield verbatim(str(found), say)
        return
    clauses, asides = [], []
    for part in rest:
        if part in taken:
            continue
        if part.row and _template(part.row, part.option).startswith("("):
            asides.append(_clause(part, say)[1:-1])
        else:
            clauses.append(paired(part, parts, taken, say))
    if not clauses and extension.says and (asides or not found.options):
        clauses = [say(extension.says)]
    if asides and not clauses:
        clauses = [verbatim(str(found), say)]
    elif asides:
        clauses[-1] = say("{clause} ({asides})", clause=clauses[-1], asides=say.several(message("{}; {}"), message("{}; {}"), asides))
    yield from clauses


def _template(row: Parameter, option: Option) -> str:
    return row.denies if option.negated else row.says


def _clause(part: Part, say: Language) -> str:
    if part.row is None or not _template(part.row, part.option):
        module = f"-m {part.match.module} " if part.match else ""
        return verbatim(f"{module}{part.option}", say)
    return said(part.row, part.option, part.words, say)


def meaningful(options: Iterable[Option]) -> Iterator[Option]:
    """The options that have an effect: iptables-save also prints some that change nothing."""
    return (option for option in options if option not in _NOTHING)


def _is_wildcard(option: Option) -> bool:
    return Option(option.name, negated=option.negated) in _WILDCARDS and option.values[:1] != () and option.values[0].endswith("+")


def said(row: Parameter, option: Option, words: Sequence[str], say: Language) -> str:
    """The option table's clause for an option with these values."""
    if _is_wildcard(option):
        return say(_WILDCARDS[Option(option.name, negated=option.negated)], option.values[0][:-1])
    return say(_template(row, option), *words)


def verbatim(text: str, say: Language) -> str:
    """The clause for a condition that is quoted as it stands."""
    return say("satisfy “{}”", text)
