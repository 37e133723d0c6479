"""What `ipset save` and `ipset list` print: sets with their members."""

import re
from collections.abc import Sequence

from netlab_magic.engines.dump.held import Held
from netlab_magic.engines.dump.host_dump import IpSet
from netlab_magic.engines.dump.page import Page
from netlab_magic.engines.dump.starts import begins_part

__all__ = ["read"]

_KIND = r"(?:hash|bitmap|list):[a-z,]+"
_CREATE = re.compile(rf"(?:create|-N|n) (?P<name>\S+) (?P<kind>{_KIND})(?P<options>(?: .*)?)")
_ADD = re.compile(r"(?:add|-A) (?P<name>\S+) (?P<member>\S+)(?P<options>(?: .*)?)")
_NAME = re.compile(r"Name: (?P<name>\S+)")
_FIELD = re.compile(r"(?P<key>Type|Revision|Header|Size in memory|References|Number of entries|Default|Members):\s*(?P<value>.*)")


def read(page: Page, held: Held) -> bool:
    """Reads a set, or a member of one, if it begins here."""
    line = page.text
    if found := _CREATE.fullmatch(line):
        page.take()
        _keep(held, IpSet(found["name"], found["kind"], options=tuple(found["options"].split())))
    elif (found := _ADD.fullmatch(line)) and (known := held.sets.get(found["name"])):
        page.take()
        member = f"{found['member']}{found['options']}"
        held.members.setdefault(known.name, []).append(member)
    elif found := _NAME.fullmatch(line):
        page.take()
        _take_listed(found["name"], page, held)
    else:
        return False
    held.count += 1
    return True


def _take_listed(name: str, page: Page, held: Held) -> None:
    fields: dict[str, str] = {}
    while found := _FIELD.fullmatch(page.text):
        fields[found["key"]] = found["value"]
        page.take()
    members: Sequence[str] = ()
    if "Members" in fields:
        rows = page.take_while(lambda text: bool(text.strip()) and not _NAME.fullmatch(text.strip()) and not begins_part(text.strip()))
        members = [line.text.strip() for line in rows]
    options = tuple(fields.get("Header", "").split())
    _keep(held, IpSet(name, fields.get("Type", ""), options=options, complete="Members" in fields))
    held.members[name] = list(members)


def _keep(held: Held, found: IpSet) -> None:
    held.sets[found.name] = found
    held.members[found.name] = []
