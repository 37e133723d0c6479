"""Joins rules that were broken at the end of a line: by a mail program between two words, by a terminal within one."""

from netlab_magic.errors import NetlabError
from netlab_magic.iptables.rule_parser import read_rule
from netlab_magic.iptables.words import split

__all__ = ["rule_goes_on"]

_SHORTEST_BROKEN_LINE = 50


def rule_goes_on(rule: str, line: str, family: str) -> str:
    """The rule with the next line, if that belongs to it; else "".

    A line that begins with an option does, and so does one that makes an unfinished rule a whole one. The chain's name is the second word
    of `rule`.
    """
    if not line or line.startswith(("-A ", "-P ", "-N ", "-I ")):
        return ""
    if _has_open_quote(rule) or line.startswith(("--", "! -")) or (line[:1] == "-" and line[1:2].isalpha() and line[2:3] in ("", " ")):
        return f"{rule} {line}"
    if _is_rule(rule, family) and (" -j " in rule or " -g " in rule) and not rule.endswith(","):
        return ""
    joints = (" ", "") if len(rule) >= _SHORTEST_BROKEN_LINE else (" ",)
    return next((joined for joint in joints if _is_rule(joined := f"{rule}{joint}{line}", family)), "")


def _has_open_quote(rule: str) -> bool:
    return rule.replace('\\"', "").count('"') % 2 == 1


def _is_rule(text: str, family: str) -> bool:
    """Whether iptables would take it."""
    words = split(text.partition("-A ")[2] if "-A " in text else text)
    try:
        read_rule(words[1:], family)
    except NetlabError:
        return False
    return True
