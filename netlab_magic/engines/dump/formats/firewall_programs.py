"""What `ufw status` and `firewall-cmd --list-all` print: which program owns the rules, not the rules themselves."""

import re

from netlab_magic.engines.dump.held import Held
from netlab_magic.engines.dump.page import Page
from netlab_magic.engines.dump.starts import begins_part
from netlab_magic.i18n import message

__all__ = ["read"]

_OWNER = message("{} is {}; what it lists is a summary, so that its rules are only known from iptables-save or nft list ruleset.")
_UFW = re.compile(r"Status: (?P<state>active|inactive)")
_UFW_ROW = re.compile(
    r"(?:Logging|Default|New profiles|To\s+Action|--\s+|\[ ?\d+\]|.*\b(?:ALLOW|DENY|REJECT|LIMIT)(?: (?:IN|OUT|FWD))?\b).*"
)
_ZONE = re.compile(r"(?P<zone>[\w-]+)(?: \((?:default, )?active\)| \(active\)|)")
_ZONE_ROW = re.compile(
    r"(?:target|icmp-block-inversion|interfaces|sources|services|ports|protocols|forward|masquerade|forward-ports|source-ports|icmp-blocks|"
    r"rich rules|ingress-priority|egress-priority|priority|egress-zones|ingress-zones): ?.*|rule (?:family|priority|service)?.*"
)


def read(page: Page, held: Held) -> bool:
    """Reads the state of ufw or a zone of firewalld, if it begins here."""
    if found := _UFW.fullmatch(page.text):
        page.take()
        _keep(page, held, "ufw", found["state"], _UFW_ROW)
    elif _ZONE.fullmatch(page.text) and re.match(r"target: |ingress-priority: ", page.ahead(1)):
        zone = page.take().text.strip()
        _keep(page, held, "firewalld", f"zone {zone}", _ZONE_ROW)
    else:
        return False
    held.count += 1
    return True


def _keep(page: Page, held: Held, program: str, state: str, row: re.Pattern[str]) -> None:
    """The state of a program, with the rows below it."""
    lines = [f"{program}: {state}"]
    while not page.is_read:
        line = page.text
        if line and (not row.fullmatch(line) or begins_part(line)):
            break
        if not line and not row.fullmatch(page.ahead(1)):
            break
        page.take()
        lines.append(line)
    known = held.programs.get(program)
    held.programs[program] = "\n".join([*([known] if known else []), *filter(None, lines)])
    held.tell(_OWNER, program, "active" if program == "firewalld" else state)
