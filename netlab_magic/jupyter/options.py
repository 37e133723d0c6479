"""The options of `%netlab` and `%%netlab`, and where on a line they end."""

import re

__all__ = ["OPTIONS", "split_options"]

OPTIONS = ("--lab", "--engine", "--firewall", "--commands", "--dry-run", "--quiet")

_OPTION = re.compile(r"\s*(--(?:lab|engine|firewall)(?:=|\s+)\S+|--(?:commands|dry-run|quiet)\b|--\S*)")


def split_options(line: str) -> tuple[str, str]:
    """The options at the start of a line, and what follows them.

    >>> split_options("--lab two --quiet ping ns1 ns0")
    ('--lab two --quiet', 'ping ns1 ns0')
    """
    at = 0
    while match := _OPTION.match(line, at):
        at = match.end()
    return line[:at].strip(), line[at:].lstrip()
