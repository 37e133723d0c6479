"""Takes off what surrounds the output of programs where people paste it: colours, quotes of mails, prefixes of logs, numbers of lines, and
what forums and word processors do to quotes, dashes and blanks.

Lines keep their number in the source and their indentation. Nothing is taken off that a program prints itself.
"""

import html
import json
import re
from collections.abc import Iterator, Sequence

from netlab_magic.engines.dump.page import Line

__all__ = ["undecorated"]

_SURROGATE = re.compile("[\ud800-\udfff]")  # bytes that are not text, as Python decodes them
_ESCAPE = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_()][0-9A-B]?)|[\x00\x07\x08\x0e\x0f]")
_BARE_COLOUR = re.compile(r"\[(?:\d{1,2}(?:;\d{1,3})*)?m|\[K(?=\s|$)")  # where the escape character was lost
_END_OF_LINE = re.compile(r"\r+[ \t\u00a0]*\n|\r")
_BLANKS = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_NOTHING = re.compile("[\ufeff\u200b-\u200f\u202a-\u202e\u2060\u00ad]")
_QUOTES = str.maketrans({**dict.fromkeys("“”„‟″«»", '"'), **dict.fromkeys("‘’‚‛′", "'"), "…": "..."})
_DASH = re.compile(r"(?<![^\s])[‐‑‒–—―−]{1,2}(?=(?P<word>[A-Za-z][\w-]*))")
_OTHER_DASH = re.compile(r"[‐‑‒–—―−]")
_ENTITY = re.compile(r"&(?:lt|gt|amp|quot|nbsp|apos|#\d{1,5}|#x[0-9a-fA-F]{1,4});")
_TAG = re.compile(r"</?(?:pre|code|p|br|div|span|blockquote|li|ul|ol|tt|samp|kbd)\b[^<>]*>", re.IGNORECASE)
_BREAK = re.compile(r"<br\s*/?>|</(?:p|div|li|pre)>", re.IGNORECASE)
_WORDS_IN_BRACKETS = re.compile(
    r"<[A-Za-z][\w.:'/-]*(?: [\w.:'/-]+){1,4}>"
    r"|\[(?:redacted|removed|hidden|censored|my|our|public|private)(?: [\w.-]+){1,4}\]",
    re.IGNORECASE,
)

_QUOTED = re.compile(r"[ \t]{0,12}(?:[A-Z]{1,3})?(?:>[ \t]?)+(?=\S|[ \t]|$)|[ \t]{0,3}[|:│┃][ \t](?=.)|[ \t]{0,3}[|│┃]$")
_CLOCK = r"\d\d:\d\d(?::\d\d)?(?:[.,]\d{1,9})?"
_STAMPS = (
    rf"[A-Z][a-z]{{2}} [ \d]\d {_CLOCK} \S+ [^\s:]+(?:\[\d+\])?: ",
    rf"\[?\d{{4}}-\d\d-\d\d[T ]{_CLOCK}(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?\]?(?: \S+ [^\s:]+\[\d+\]:)?(?:[ :|]|$)",
    rf"\[{_CLOCK}\][ :]?",
    r"\[ *\d+\.\d{3,6}\] ",
    rf"{_CLOCK} (?=\S)",
    r"(?:\[\d+\]|\[[A-Z]+\]|\(?(?:INFO|DEBUG|WARN|WARNING|NOTICE)\)?):?[ \t]+(?:- )?",
    r"\[[\w.-]+\] (?:out|err): ",
    r"(?:\[[\w.-]+\]|[\w.-]+)(?:: \[?stdout\]?:?|[ \t]+\|) ?",
    r"(?:stdout|stderr|out|output)[:|] ",
)
_STAMP = re.compile("|".join(f"(?:{stamp})" for stamp in _STAMPS))
_MAY_BE_STAMPED = re.compile(r"[\[\dA-Z(a-z]")
_NUMBERED = re.compile(r"(?P<blank>[ \t]*)(?P<number>\d{1,6})(?P<mark>[:.)|]|(?=\s)|$)(?:\t| )?(?P<rest>.*)")
_NUMBERS_OF_ITS_OWN = re.compile(
    r"\s*(?:\S+(?:@\S+)?: <|\S+\s+inet6? |(?:not )?from |\S+\s+(?:all|tcp|udp|icmp|ipv6-icmp|\d+)\s+(?:--|-f|!f)"
    r"|\d+[KMGT]?\s+\d+[KMGT]?\s|\S+[ \t]*$)"
)
_FOUND = re.compile(r"\d{1,6}[:-](?=-[AINP] |:[A-Z]|\*[a-z]+$|\[\d+:\d+\] -A )")  # grep -n
_STRING = re.compile(r'\s*(?:"(?P<key>\w+)":\s*)?(?P<text>"(?:[^"\\]|\\.)*"),?\s*')
_STRINGS_BEGIN = re.compile(r'"(?:stdout_lines|stderr_lines|msg|lines|output|logs?)": \[\s*$')
_OUTPUTS = ("stdout", "stderr", "msg", "output", "log", "message", "MESSAGE", "line", "text")
_WITH_TAB = re.compile(r" *1\t")  # cat -n
_FEWEST_NUMBERS = 4
_WIDEST_MARGIN = 20


def undecorated(text: str) -> list[Line]:
    """The lines of a text without its decoration. The same text without any gives the same lines as it stands."""
    return _without_numbers(list(_lines(text)))


def _lines(text: str) -> Iterator[Line]:
    if not text.isascii() or not text.isprintable():
        text = _plain(text)
    in_strings, is_escaped = False, "&" in text and "<" not in _TAG.sub("", text)
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith(("-A ", ":")) and not is_escaped and "<" not in line:
            yield Line(number, line)
            continue
        in_strings = bool(_STRINGS_BEGIN.search(line)) or (in_strings and line.strip()[:1] != "]")
        for part in _from_markup(line, is_escaped):
            for one in _from_string(part, in_strings):
                yield Line(number, _in_one_word(_without_prefix(one)))


def _plain(text: str) -> str:
    """The text in the characters that the programs print."""
    text = _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)
    text = _END_OF_LINE.sub("\n", _ESCAPE.sub("", text))
    if text.isascii():
        return text
    text = _NOTHING.sub("", _BLANKS.sub(" ", text)).translate(_QUOTES)
    text = _DASH.sub(lambda dash: "-" if len(dash["word"]) == 1 else "--", text)
    return _OTHER_DASH.sub("-", text)


def _from_markup(line: str, is_escaped: bool) -> Sequence[str]:
    """A line of HTML without its tags and, where `<` stands for itself nowhere, its entities; it may be several lines."""
    if "[" in line and "m" in line:
        line = _BARE_COLOUR.sub("", line)
    if "<" in line and _TAG.search(line):
        parts = [_TAG.sub("", part) for part in _BREAK.sub("\n", line).rstrip("\n").split("\n")]
        return [html.unescape(part) for part in parts] if is_escaped else parts
    return [html.unescape(line)] if is_escaped and _ENTITY.search(line) else [line]


def _from_string(line: str, in_strings: bool) -> Sequence[str]:
    """A line that is a string of JSON, as programs that run others remotely print lines and whole outputs."""
    found = _STRING.fullmatch(line) if '"' in line else None
    if not found or not (in_strings if not found["key"] else found["key"] in _OUTPUTS and "\\n" in found["text"]):
        return [line]
    try:
        return str(json.loads(found["text"])).split("\n")
    except ValueError:
        return [line]


def _in_one_word(line: str) -> str:
    """What stands for a hidden value becomes one word: `<public ip>` is a value like any other."""
    if "<" not in line and "[" not in line:
        return line
    return _WORDS_IN_BRACKETS.sub(lambda found: found[0].replace(" ", "-"), line)


def _without_prefix(line: str) -> str:
    while found := _QUOTED.match(line):
        line = line[found.end() :]
    if not _MAY_BE_STAMPED.match(line.lstrip(" \t")[:1]):
        return line
    if _FOUND.match(line):
        return line.partition(":")[2] if ":" in line[:7] else line.partition("-")[2]
    found = _STAMP.match(line.lstrip(" \t"))
    if not found:
        return line
    return _without_prefix(line.lstrip(" \t")[found.end() :])


def _without_numbers(lines: list[Line]) -> list[Line]:
    """Where the lines are numbered one by one, the numbers are taken off."""
    start = 0
    for first, last in _runs(lines):
        for at in range(max(first, start), last):
            found = _NUMBERED.match(lines[at].text)
            assert found is not None
            lines[at] = Line(lines[at].number, _without_prefix(found["rest"]))
        start = last
    return lines


def _runs(lines: Sequence[Line]) -> Iterator[tuple[int, int]]:
    """The stretches of lines in which every number is by one larger than the one before."""
    first, expected, own = 0, -1, 0
    for at, found in enumerate(map(_numbered, lines)):
        if found is not None and found[0] == expected:
            own += found[1]
            expected += 1
            continue
        if _are_numbers(lines[first:at], own):
            yield first, at
        first, expected, own = at, (found[0] + 1 if found else -1), found[1] if found else 0
    if expected > 0 and _are_numbers(lines[first:], own):
        yield first, len(lines)


def _are_numbers(lines: Sequence[Line], own: int) -> bool:
    """Whether consecutive numbers before these lines were put there, although programs may have printed `own` of them."""
    if lines and _WITH_TAB.match(lines[0].text):
        return len(lines) > 1
    return len(lines) >= _FEWEST_NUMBERS and own * 2 <= len(lines)


def _numbered(line: Line) -> tuple[int, bool] | None:
    """The number that a line begins with, and whether a program may have printed it; None without one."""
    if not line.text[:_WIDEST_MARGIN].strip()[:1].isdigit():
        return None
    found = _NUMBERED.match(line.text)
    return (int(found["number"]), bool(_NUMBERS_OF_ITS_OWN.match(found["rest"]))) if found else None
