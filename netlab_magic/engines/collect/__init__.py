"""What is run on another host to read its network: a POSIX shell script, whose output `load` takes whole (`engines/dump/collected`).

It has been tried in dash, bash and the shell of busybox.
"""

from importlib.resources import files

__all__ = ["RESULT", "as_pasted", "script"]

RESULT = "netlab.txt"
"""The file that the pasted form writes."""


def script() -> str:
    """The script, to be run as root: `ssh root@HOST sh < SCRIPT > netlab.txt`."""
    return (files(__name__) / "collect.sh").read_text(encoding="utf-8")


def as_pasted() -> str:
    """The script as a text for a terminal on that host: its result is in RESULT. Its lines are short: dash loses one of over 4095 bytes."""
    return f"sudo sh >{RESULT} <<'END'\n{script()}END\n"
