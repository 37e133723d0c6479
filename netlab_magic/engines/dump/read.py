"""Reads what people paste about a host: the output of many programs, several in one text, in whatever they paste it with.

Each part is told by its form, with the help of the command lines before it. What is not understood is kept, with its line, and costs
nothing of the rest.
"""

import re
from collections.abc import Callable, Sequence

from netlab_magic.engines.dump.decoration import undecorated
from netlab_magic.engines.dump.formats import (
    bridge_text,
    containers,
    firewall_programs,
    ip_rule,
    ip_text,
    ipset_text,
    iptables_commands,
    iptables_listing,
    iptables_save,
    json_text,
    net_tools,
    nft_text,
    shell_script,
    sockets,
    sysctl,
)
from netlab_magic.engines.dump.held import Held
from netlab_magic.engines.dump.host_dump import BrokenSource, HostDump, Source
from netlab_magic.engines.dump.page import Page
from netlab_magic.engines.dump.prompts import command_of, heading_of, is_noise
from netlab_magic.i18n import message
from netlab_magic.text import printable

__all__ = ["read"]

_APART = message("What was printed inside {} is left out of the picture: it does not say how that is linked with the host. collect tells.")
_ONLY_BRACKETS = re.compile(r"[{}\[\],()]{1,20}")

Reader = Callable[[Page, Held], bool]
"""Reads the part that begins at the current line of a page, if it is one that it knows, and moves behind it."""

_READERS: tuple[Reader, ...] = (
    iptables_save.read,
    iptables_listing.read,
    iptables_commands.read,
    nft_text.read,
    json_text.read,
    ipset_text.read,
    net_tools.read,
    bridge_text.read,
    ip_rule.read,
    ip_text.read,
    sockets.read,
    containers.read,
    firewall_programs.read,
    sysctl.read,
    shell_script.read,
)


def read(sources: Sequence[Source]) -> HostDump:
    """Everything that the texts say. Raises BrokenSource for a text that says nothing about a host."""
    host = Held()
    inside: dict[str, Held] = {}
    for source in sources:
        before = host.count + sum(held.count for held in inside.values())
        _read_source(source, host, inside)
        if host.count + sum(held.count for held in inside.values()) == before:
            raise BrokenSource(source.name, _nothing_in(source, host))
    host.remarks += [remark for held in inside.values() for remark in held.remarks]
    known = {name: held for name, held in inside.items() if held.count}
    if known:
        host.tell(_APART, ", ".join(known))
    return host.dump(known)


def _read_source(source: Source, host: Held, inside: dict[str, Held]) -> None:
    page = Page(source.name, undecorated(source.text))
    entered = ""
    while not page.is_read:
        text = page.text
        if is_noise(text):
            page.take()
            continue
        command = command_of(text)
        if command is not None and shell_script.changes(command.line):
            page.lines[page.at] = page.lines[page.at]._replace(text=command.line)
        elif command is not None:
            page.command = command
            if command.program in ("enter", "exit", "logout"):
                entered = command.namespace
            page.take()
            continue
        name = (page.command.namespace if page.command else "") or entered
        held = inside.setdefault(name, Held()) if name else host
        if any(reader(page, held) for reader in _READERS):
            continue
        _pass_over(page, held)


def _pass_over(page: Page, held: Held) -> None:
    """A heading, a comment, or a line that is not understood."""
    text = page.text
    heading = heading_of(text)
    if heading is not None:
        page.command = heading
    elif not text.startswith("#") and not _ONLY_BRACKETS.fullmatch(text):
        held.remark(page, page.number, text)
        if page.at and is_noise(page.lines[page.at - 1].text.strip()):
            page.command = None
    page.take()


def _nothing_in(source: Source, host: Held) -> str:
    if not source.text.strip():
        return f"{source.name} is empty"
    first = next((remark for remark in host.remarks if remark.source == source.name), None)
    wanted = "load reads what iptables-save, nft list ruleset, ip addr, ip route, ip rule, ss -ltnup and sysctl -a print, and more"
    if first is None:
        return f"{source.name} does not describe a host; {wanted}"
    if first.reason:
        return f"{source.name}, line {first.line}: {first.reason}"
    return f"{source.name}, line {first.line}: this does not describe a host ({printable(first.text.strip())[:40]}); {wanted}"
