"""What is about the lab as a whole: how the statements are read, and their rows."""

import re
from collections.abc import Callable

from netlab_magic.language import statements as s
from netlab_magic.language.grammar.row import Syntax
from netlab_magic.language.statements import Statement
from netlab_magic.language.word_reader import Reader, wrong

__all__ = ["SESSION"]


def read_action(action: str) -> Callable[[Reader], Statement]:
    """A statement that is one word."""

    def read(_: Reader) -> Statement:
        return s.Session(action)

    return read


def read_snapshot(r: Reader) -> Statement:
    """snapshot = "snapshot" NAME"""
    return s.Session("snapshot", r.take("snapshot"))


def read_restore(r: Reader) -> Statement:
    """restore = "restore" NAME"""
    return s.Session("restore", r.take("snapshot"))


def read_enter(r: Reader) -> Statement:
    """enter = "enter" [ NS ]"""
    return s.Session("enter", r.take("namespace") if r.peek("<namespace>") else None)


def read_attach(r: Reader) -> Statement:
    """attach = "attach" ( "host" | PID | "container" NAME )"""
    if r.keyword("container"):
        return s.Attach(r.take("container"), container=True)
    r.peek("host")
    target = r.take("PID")
    if target != "host" and not re.fullmatch(r"[1-9][0-9]{0,8}", target):
        wrong(f"{target} is not a process ID; give a PID, host for this machine, or container and its name", target)
    return s.Attach(target)


def read_load(r: Reader) -> Statement:
    """load = "load" FILE { FILE } | "load" "-" HERE-DOCUMENT"""
    files = (r.take("file"), *r.rest("file"))
    pasted, text = [word for word in files if word == "-"], r.text()
    if pasted and (len(files) > 1 or text is None):
        wrong("- stands for a text in the next lines: write load - <<END, then the text, then a line END", pasted[0])
    if not pasted and text is not None:
        wrong("a text in the next lines needs - in the place of a file: load - <<END", files[0])
    return s.Load(() if pasted else files, text)


SESSION = (
    Syntax(
        "up",
        "start the lab (the first statement does it too)",
        read_action("up"),
    ),
    Syntax(
        "reset",
        "an empty lab again",
        read_action("reset"),
    ),
    Syntax(
        "down",
        "end the lab and everything in it",
        read_action("down"),
    ),
    Syntax(
        "status",
        "is the lab up, how was it made, what runs in it",
        read_action("status"),
    ),
    Syntax(
        "doctor",
        "what this machine allows, and what would open what it refuses",
        read_action("doctor"),
    ),
    Syntax(
        "snapshot NAME",
        "remember topology, rules and sysctls",
        read_snapshot,
        ("snapshot before",),
    ),
    Syntax(
        "restore NAME",
        "bring the kernel back to a snapshot",
        read_restore,
        ("restore before",),
    ),
    Syntax(
        "undo",
        "take back the last cell that changed the lab",
        read_action("undo"),
    ),
    Syntax(
        "panel",
        "the lab live: policies, rules to tick, pictures, a packet to step through",
        read_action("panel"),
    ),
    Syntax(
        "enter [NS]",
        "a terminal in the lab host, or in a namespace",
        read_enter,
        ("enter ns1",),
    ),
    Syntax(
        "attach host|PID|container NAME",
        "look at a live machine without touching it: its network, and those of its containers under their names (root only)",
        read_attach,
        ("attach host", "attach container web"),
    ),
    Syntax(
        "detach",
        "end the look at what attach has attached",
        read_action("detach"),
    ),
    Syntax(
        "collect",
        "what to run on another host, as root, to read its network into one file for load",
        read_action("collect"),
    ),
    Syntax(
        "load FILE…",
        "look at another host through its dumps: iptables-save, nft list ruleset, ipset save, ip -j addr|route|-d link",
        read_load,
        ("load iptables-save.txt ip-addr.json ip-route.json", "load - <<END   (the dump in the next lines, up to a line END)"),
    ),
)
