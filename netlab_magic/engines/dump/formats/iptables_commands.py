"""What `iptables -S` prints, and rules as `iptables-save | grep …` leaves them: lines that begin with -P, -N or -A, without a table."""

import re
from collections.abc import Sequence

from netlab_magic.engines.dump.held import Held, Rank
from netlab_magic.engines.dump.page import Command, Page
from netlab_magic.engines.dump.starts import begins_part
from netlab_magic.engines.dump.table_draft import TableDraft, table_named_by
from netlab_magic.engines.dump.wrapped import rule_goes_on
from netlab_magic.iptables.save_format import family_of
from netlab_magic.model.hooks import BUILT_IN

__all__ = ["PROGRAMS", "family_ran", "read"]

PROGRAMS = tuple(f"{program}{variant}" for program in ("iptables", "ip6tables") for variant in ("", "-legacy", "-nft", "-save"))
"""The programs whose output this is."""

_LINE = re.compile(
    r"-P (?P<built_in>\S+) (?P<policy>ACCEPT|DROP|QUEUE|REJECT)(?: -c (?P<counters>\d+ \d+))?|-N (?P<new>\S+)"
    r"|(?:\[\d+:\d+\] )?-A (?P<chain>\"[^\"]*\"|\S+)(?P<spec> .*)?"
)
_COUNTERS = re.compile(r"(?:^| )-c (\d+) (\d+)(?= |$)")
_SAVED_COUNTERS = re.compile(r"\[\d+:\d+\] ")


def read(page: Page, held: Held) -> bool:
    """Reads the lines that begin here, if the first is one."""
    if not _LINE.fullmatch(page.text):
        return False
    start = page.number
    command = page.ran(*PROGRAMS)
    lines = _lines(page)
    family = family_ran(command) or family_of("\n".join(lines))
    for draft in _drafts(lines, command, held):
        held.add_draft(page, (family, draft.name), draft, Rank.COMMANDS, start)
    return True


def family_ran(command: Command | None) -> str:
    """The family of the program that ran; "" if none is known."""
    return "" if command is None else "ipv6" if command.program.startswith("ip6") else "ipv4"


def _lines(page: Page) -> list[str]:
    """The lines from here on, each as a whole."""
    lines: list[str] = []
    while not page.is_read:
        line = page.text
        if not _LINE.fullmatch(line):
            joined = rule_goes_on(lines[-1], line, "ipv4") if lines and not begins_part(line) else ""
            if not joined:
                break
            lines[-1] = joined
        else:
            lines.append(line)
        page.take()
    return lines


def _drafts(lines: Sequence[str], command: Command | None, held: Held) -> list[TableDraft]:
    """One table, or, of lines that were picked from a dump of several tables, those that the rules fit into."""
    found = [match for line in lines if (match := _LINE.fullmatch(line))]
    has_policies = any(match["policy"] for match in found)
    named = command.value("-t", "--table") if command else ""
    if command and not named and not command.program.endswith("-save"):
        named = "filter"
    if has_policies or named or any(match["new"] for match in found):
        chains = [match["built_in"] or match["new"] or match["chain"] for match in found]
        name, guess = (named, None) if named else table_named_by(chains, lines)
        held.notes += [guess] if guess else []
        return [_draft(name, found)]
    groups: dict[str, list[re.Match[str]]] = {}
    for match in found:
        name, _ = table_named_by([match["chain"]], [match[0]])
        groups.setdefault(_seen_with(match["chain"], groups) or name, []).append(match)
    for name, group in groups.items():
        held.notes += filter(None, [table_named_by([match["chain"] for match in group], [match[0] for match in group], name)[1]])
    return [_draft(name, group) for name, group in groups.items()]


def _seen_with(chain: str, groups: dict[str, list[re.Match[str]]]) -> str:
    """The table in which a chain of the user's was already seen, or jumped to."""
    if chain in BUILT_IN["mangle"]:
        return ""
    jump = f" -j {chain}"
    return next((name for name, group in groups.items() if any(one["chain"] == chain or one[0].endswith(jump) for one in group)), "")


def _draft(name: str, lines: Sequence[re.Match[str]]) -> TableDraft:
    draft = TableDraft(name)
    for line in lines:
        if line["policy"]:
            packets, size = (line["counters"] or "0 0").split()
            draft.declare(line["built_in"], line["policy"], f"[{packets}:{size}]")
        elif line["new"]:
            draft.declare(line["new"])
        else:
            spec = (line["spec"] or "").strip()
            counted = _COUNTERS.search(spec)
            saved = _SAVED_COUNTERS.match(line[0])
            counters = f"[{counted[1]}:{counted[2]}]" if counted else saved[0].strip() if saved else ""
            draft.append(line["chain"].strip('"'), _COUNTERS.sub("", spec).strip() if counted else spec, counters)
    return draft
