"""The lab's own folder at the front of PATH: small stand-ins that let commands from tutorials run unchanged."""

import os
import shutil
from pathlib import Path

__all__ = ["FOLDER", "command_path", "write_shims"]

FOLDER = "/run/netlab/bin"
SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")

SUDO = """#!/bin/sh
# In the lab you are root already: sudo runs what follows it.
while [ $# -gt 0 ]; do
  case $1 in
    --) shift; break ;;
    -u|-g|-h|-p|-C|-r|-t|-U|-D|-R|-T|--user|--group|--host|--prompt|--chdir) shift 2 || exit 1 ;;
    -i|-s|--login|--shell) shift; [ $# -gt 0 ] || exec "${SHELL:-/bin/sh}" ;;
    -v|-k|-K|-l|--validate|--list) exit 0 ;;
    -*) shift ;;
    [A-Za-z_]*=*) export "${1?}"; shift ;;
    *) break ;;
  esac
done
[ $# -gt 0 ] || { echo "usage: sudo COMMAND" >&2; exit 1; }
if [ "$1" = su ] && { [ $# -eq 1 ] || [ "$*" = "su -" ] || [ "$*" = "su root" ] || [ "$*" = "su - root" ]; }; then
  exec "${SHELL:-/bin/sh}"
fi
exec "$@"
"""

MODPROBE = """#!/bin/sh
# The kernel is the machine's: a lab uses the modules that it has, and can load none.
status=0
for word in "$@"; do
  case $word in
    -r|--remove) echo "modprobe: a lab cannot remove modules of the machine's kernel" >&2; exit 1 ;;
    -*|*=*) continue ;;
  esac
  name=$(printf %s "$word" | tr - _)
  release=$(uname -r)
  if [ -d "/sys/module/$name" ] || grep -q "^$name " /proc/modules 2>/dev/null; then continue; fi
  if [ "$name" = br_netfilter ] && [ -d /proc/sys/net/bridge ]; then continue; fi
  if cat "/lib/modules/$release/modules.builtin" 2>/dev/null | tr - _ | grep -q "/$name\\.ko"; then continue; fi
  echo "modprobe: $word is not in this kernel, and a lab cannot load modules; on the machine itself: sudo modprobe $word" >&2
  status=1
done
exit $status
"""

TCPDUMP = """#!/bin/sh
# tcpdump gives up root for a user of its own, whom a lab of an ordinary user does not have.
exec {program} -Z root "$@"
"""


def command_path(path: str) -> str:
    """The PATH of the lab's commands: our folder, the user's PATH, and the folders of system programs."""
    folders = [FOLDER, *path.split(os.pathsep), *SYSTEM_FOLDERS]
    return os.pathsep.join(dict.fromkeys(folder for folder in folders if folder))


def write_shims(variant: str) -> None:
    """Writes the folder. `iptables` and its relatives become links to the variant that this lab uses."""
    folder = Path(FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    scripts = {"sudo": SUDO, "modprobe": MODPROBE}
    if program := shutil.which("tcpdump"):
        scripts["tcpdump"] = TCPDUMP.format(program=program)
    for name, text in scripts.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    for family in ("iptables", "ip6tables"):
        for suffix in ("", "-save", "-restore"):
            if found := shutil.which(f"{family}-{variant}{suffix}"):
                # One binary serves all of these and looks at the name it is called by, so the link points at the binary itself.
                (folder / f"{family}{suffix}").symlink_to(os.path.realpath(found))
