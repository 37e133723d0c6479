"""Runs commands of a real ufw in network and mount namespaces of its own, and reads the rules that it writes.

The programs are in a folder into which the package of this machine's release was unpacked, as `./netlab test --all` does. Its
configuration and the rules' files lie in overlays that end with the namespaces; nothing of the machine is changed.
"""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

__all__ = ["rules_after", "why_missing"]

_INSIDE = r"""
set -eu
mount -t tmpfs none /run
mount -t tmpfs none /mnt
mkdir /mnt/etc /mnt/etc-work /mnt/usr /mnt/usr-work
mount -t overlay none -o "lowerdir=$ROOT/etc:/etc,upperdir=/mnt/etc,workdir=/mnt/etc-work" /etc
mount -t overlay none -o "lowerdir=$ROOT/usr:/usr,upperdir=/mnt/usr,workdir=/mnt/usr-work" /usr
[ -e /usr/lib/ufw ] || cp -a "$ROOT/lib/ufw" /usr/lib/
cp /usr/share/ufw/iptables/*.rules /usr/share/ufw/ufw.conf /etc/ufw/
ufw --force enable >&2
while read -r words; do ufw $words >&2; done
iptables-save
ip6tables-save
"""


def why_missing(root: Path | None) -> str:
    """Why ufw cannot be run, or nothing when it can."""
    if os.geteuid() != 0:
        return "it needs root"
    return "" if root is not None and (root / "usr" / "sbin" / "ufw").exists() else "there is no ufw; ./netlab test --all fetches it"


def rules_after(root: Path, commands: Sequence[str]) -> str:
    """What iptables-save and ip6tables-save print once ufw is enabled and has carried out the commands, each without the word ufw."""
    isolated = ["unshare", "-nm", "sh", "-c", _INSIDE]
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "ROOT": str(root), "LC_ALL": "C"}
    given = "".join(f"{command}\n" for command in commands)
    done = subprocess.run(isolated, input=given, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout
