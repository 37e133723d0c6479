"""What `iptables -L` prints, of any table, with and without -v, -n, -x and --line-numbers.

It hides more than iptables-save: without -v the interfaces, always the table's name. What is hidden stays open in the rules that are made
of it, and is told.
"""

import re
from collections.abc import Collection, Iterator
from functools import cache

from netlab_magic.engines.dump.formats.iptables_commands import PROGRAMS, family_ran
from netlab_magic.engines.dump.held import Held, Rank
from netlab_magic.engines.dump.listed_words import ListedOptions, options_of
from netlab_magic.engines.dump.page import Line, Page
from netlab_magic.engines.dump.starts import begins_part, is_omission
from netlab_magic.engines.dump.table_draft import NOT_LISTED, NOT_PASTED, TableDraft, table_named_by
from netlab_magic.i18n import Assumption, message
from netlab_magic.iptables.extensions import TARGETS
from netlab_magic.iptables.extensions.iana import PROTOCOLS
from netlab_magic.model.hooks import BUILT_IN

__all__ = ["read"]

_HIDDEN = message(
    "iptables -L without -v hides the interfaces of rules, so that the rules of {} that may have some cannot be judged: iptables-save, or "
    "iptables -nvL, shows them."
)
_CHAIN = re.compile(
    r"Chain (?P<name>\S+) \((?:policy (?P<policy>\w+)(?: (?P<packets>\d+)(?P<unit>[KMGT]?) packets, (?P<bytes>\d+)(?P<size>[KMGT]?) bytes)?"
    r"|(?P<references>\d+) references\)?).*"
)
_HEAD = re.compile(r"(?:num\s+)?(?:pkts\s+bytes\s+)?target\s+prot\s+opt\s+(?:in\s+out\s+)?source\s+destination\s*")
_PROTOCOL = rf"(?:all|{'|'.join(sorted(map(re.escape, PROTOCOLS), key=len, reverse=True))}|\d{{1,3}}|icmpv6|ipv6-icmp|ip)"
_NUMBER = r"\d+\s+"
_COUNTERS = r"(?P<packets>\d+[KMGT]?)\s+(?P<bytes>\d+[KMGT]?)\s+"
_TARGET = rf"(?:(?P<target>[^\s!]\S*)\s+)?(?P<not>!)?(?P<protocol>{_PROTOCOL})\s+(?:(?P<fragment>--|-f|!f)\s+)?"
_DEVICES = r"(?P<in>!?\S+)\s+(?P<out>!?\S+)\s+"
_ENDS = r"(?P<source>!?\S+)\s+(?P<destination>!?\S+)(?:\s+(?P<rest>.*))?"
_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_ANYWHERE = {"0.0.0.0/0", "::/0", "anywhere"}
_ANY_DEVICE = {"*", "any"}


def read(page: Page, held: Held) -> bool:
    """Reads the chains of a table, if one begins here."""
    if not _CHAIN.match(page.text):
        return False
    start = page.number
    command = page.ran(*PROGRAMS)
    chains: dict[str, tuple[re.Match[str], list[tuple[str, str]]]] = {}
    hides = False
    six = False
    while (found := _CHAIN.match(page.text)) and found["name"] not in chains and _fits(found["name"], chains):
        page.take()
        chains[found["name"]] = found, []
        head = page.take().text.strip() if _HEAD.fullmatch(page.text) else ""
        verbose = " in " in f" {' '.join(head.split())} " or not head
        pattern = _row_pattern(head.startswith("num"), verbose)
        hides |= not verbose
        rows = _rows(page, pattern)
        six |= any(" ::/0" in row.text for row in rows)
        chains[found["name"]][1].extend(_rule(row, pattern, page, held) for row in rows)
        while not page.is_read and not page.text and _CHAIN.match(page.ahead(1)):
            page.take()
    named = command.value("-t", "--table") if command else ""
    if command and not named:
        named = "filter"
    name, guess = (named, None) if named else table_named_by(chains, [spec for _, rules in chains.values() for spec, _ in rules])
    held.notes += [guess] if guess else []
    if hides and (note := Assumption(_HIDDEN, (name,))) not in held.notes:
        held.notes.append(note)
    draft = TableDraft(name)
    for chain, (head_line, rules) in chains.items():
        draft.declare(chain, head_line["policy"] or "-", _counted(head_line))
        for spec, counters in rules:
            draft.append(chain, spec, counters)
    held.add_draft(page, (family_ran(command) or ("ipv6" if six else "ipv4"), name), draft, Rank.LISTED, start)
    return True


def _fits(chain: str, chains: Collection[str]) -> bool:
    """Whether a built-in chain can be in the table of those before it: another table may follow without a word."""
    if chain not in BUILT_IN["mangle"] or not chains:
        return True
    held = [name for name in chains if name in BUILT_IN["mangle"]]
    order = BUILT_IN["mangle"].index  # a table's built-in chains are listed in this order, before the user's
    if len(held) < len(chains) or any(order(name) > order(chain) for name in held):
        return False
    return any({chain, *held} <= set(BUILT_IN[name]) for name in BUILT_IN)


def _counted(head: re.Match[str]) -> str:
    return f"[{_number(head['packets'] or '0', head['unit'])}:{_number(head['bytes'] or '0', head['size'])}]"


def _number(digits: str, unit: str | None) -> int:
    return int(digits) * _UNITS[unit or ""]


def _rows(page: Page, pattern: re.Pattern[str]) -> list[Line]:
    """The lines of a chain's rules, each as a whole."""
    rows: list[Line] = []
    while not page.is_read and page.text:
        line = page.text
        if _CHAIN.match(line) or begins_part(line):
            break
        if pattern.fullmatch(line) or not rows or is_omission(line):
            rows.append(page.take()._replace(text=line))
        else:
            rows[-1] = Line(rows[-1].number, f"{rows[-1].text} {page.take().text.strip()}")
    return rows


@cache
def _row_pattern(numbered: bool, verbose: bool) -> re.Pattern[str]:
    """The columns of a rule below the head of a chain."""
    return re.compile(rf"{_NUMBER if numbered else ''}{_COUNTERS if verbose else ''}{_TARGET}{_DEVICES if verbose else ''}{_ENDS}")


def _rule(row: Line, pattern: re.Pattern[str], page: Page, held: Held) -> tuple[str, str]:
    """A rule in the words of iptables-save, and its counters."""
    found = pattern.fullmatch(row.text)
    if found is None:
        held.remark(page, row.number, row.text, "" if not is_omission(row.text) else "rules are left out here")
        return NOT_PASTED, ""
    target = found["target"] or ""
    rest = (found["rest"] or "").strip()
    goto = rest.startswith("[goto]")
    words = list(_header(found))
    groups = found.groupdict()
    if "in" not in groups:
        words.append(NOT_LISTED)
    options = options_of(rest.removeprefix("[goto]"), target if target in TARGETS else "")
    if options is None:
        held.remark(page, row.number, row.text, "this rule is listed with words that are not understood, so it cannot be judged")
        options = ListedOptions("-m words-not-understood", "")
    jump = f"{'-g' if goto else '-j'} {target}" if target else ""
    words += filter(None, [options.matches, jump, options.target])
    counters = f"[{_abbreviated(found['packets'])}:{_abbreviated(found['bytes'])}]" if "packets" in groups else ""
    return " ".join(words), counters


def _abbreviated(word: str) -> int:
    return _number(word.rstrip("KMGT"), word[len(word.rstrip("KMGT")) :])


def _header(found: re.Match[str]) -> Iterator[str]:
    for column, option, anything in (("source", "-s", _ANYWHERE), ("destination", "-d", _ANYWHERE)):
        yield from _option(found[column], option, anything)
    groups = found.groupdict()
    for column, option in (("in", "-i"), ("out", "-o")):
        if groups.get(column):
            yield from _option(found[column], option, _ANY_DEVICE)
    if found["protocol"] not in ("all", "0", "ip"):
        yield f"{'! ' if found['not'] else ''}-p {found['protocol']}"
    if found["fragment"] in ("-f", "!f"):
        yield "-f" if found["fragment"] == "-f" else "! -f"


def _option(word: str, option: str, anything: set[str]) -> Iterator[str]:
    bare = word.removeprefix("!")
    if bare not in anything:
        yield f"{'! ' if word != bare else ''}{option} {bare}"
