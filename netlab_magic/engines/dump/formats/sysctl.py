"""What `sysctl` prints, and what `cat` and `grep` print of files in /proc/sys."""

import re

from netlab_magic.engines.dump.held import Held
from netlab_magic.engines.dump.page import Page

__all__ = ["keep", "read"]

_SETTING = re.compile(r"(?:/proc/sys/)?(?P<key>[a-z0-9_]+(?:[./][\w@%-]+)+)\s*(?:=|(?<=[a-z0-9_]):)\s*(?P<value>[^/].*|)")
_KEPT = re.compile(
    r"net\.(?:ipv4\.(?:ip_forward|icmp_echo_ignore_all)|bridge\.bridge-nf-call-ip6?tables|ipv6\.icmp\.echo_ignore_all"
    r"|ipv6\.conf\..+\.(?:forwarding|disable_ipv6)"
    r"|ipv4\.conf\..+\.(?:rp_filter|route_localnet|forwarding|accept_local|ignore_routes_with_linkdown|proxy_arp|src_valid_mark))"
)
_VALUE = re.compile(r"-?\d+|[01](?:\s+\d+)*")
_FOLDER = "/proc/sys/"


def read(page: Page, held: Held) -> bool:
    """Reads a setting with its key, or the bare value below a command that named the key."""
    found = _SETTING.fullmatch(page.text)
    if found and found["key"].startswith(("net.", "net/", "kernel", "vm", "fs", "user", "dev", "abi", "debug")):
        page.take()
        keep(found["key"], found["value"].strip(), held)
        return True
    command = page.ran("cat", "sysctl", "head")
    if command is None or not _VALUE.fullmatch(page.text):
        return False
    keys = [
        word.removeprefix(_FOLDER)
        for word in command.arguments
        if word.startswith(_FOLDER) or (command.program == "sysctl" and "." in word)
    ]
    values = [line.text.strip() for line in page.take_while(lambda text: bool(_VALUE.fullmatch(text.strip())))]
    for key, value in zip(keys, values, strict=False):
        keep(key, value, held)
    return True


def keep(key: str, value: str, held: Held) -> None:
    """A setting, if it is one that decides about packets."""
    key = key.replace("/", ".")
    if _KEPT.fullmatch(key):
        held.sysctls[key] = value
    held.count += key.startswith("net.")
