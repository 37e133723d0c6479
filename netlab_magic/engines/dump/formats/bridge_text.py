"""What `bridge link`, `bridge fdb` and `bridge vlan` print. Ports are devices; what else they print is told to be unused."""

import re

from netlab_magic.engines.dump.held import Held
from netlab_magic.engines.dump.page import Page
from netlab_magic.i18n import message

__all__ = ["read"]

_UNUSED = message("What {} prints is not used.")
_FDB = re.compile(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2} dev \S+ .*")
_VLAN_HEAD = re.compile(r"port\s+vlan(?:-id|s| ids?)?.*")
_VLAN = re.compile(r"(?:\S+\s+)?\d+(?:-\d+)?(?:\s+(?:PVID|Egress Untagged))*")


def read(page: Page, held: Held) -> bool:
    """Passes over the forwarding database or the VLANs of ports, if one begins here."""
    if _FDB.fullmatch(page.text):
        what, row = "bridge fdb", _FDB
    elif _VLAN_HEAD.fullmatch(page.text):
        page.take()
        what, row = "bridge vlan", _VLAN
    else:
        return False
    for _ in page.take_while(lambda text: bool(row.fullmatch(text.strip()))):
        pass
    held.tell(_UNUSED, what)
    return True
