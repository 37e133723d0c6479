"""From the text of a cell to its logical lines: comments, continuation lines, words with their places, and command lines."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from functools import cached_property

import msgspec

from netlab_magic.errors import Place, StatementError, Word
from netlab_magic.iptables.words import SHELL, STATEMENT, OpenQuote, tokens, unquoted

__all__ = ["COMMANDS", "STATEMENTS_AND_PROGRAMS", "LogicalLine", "logical_lines"]

COMMANDS = frozenset(
    """
    sudo ip ip6tables iptables iptables-save iptables-restore iptables-legacy iptables-nft ip6tables-save ip6tables-restore
    iptables-legacy-save iptables-nft-save iptables-translate nft arptables ebtables ipset nsenter unshare brctl tcpdump conntrack
    ifconfig arp arping traceroute tracepath mtr ethtool ss netstat nc ncat netcat socat curl wget dig nslookup modprobe lsmod lsns
    bash sh cat echo printf ls ps kill sleep timeout watch tee grep awk sed head tail wc sort diff seq true false test date env
    export cd hostname uname whoami id dmesg mount umount mkdir rm touch python3 python for while until if case ping6
    xtables-monitor jq time which type man perf strace iperf iperf3 systemctl service docker pwd
    set unset source ulimit pgrep pkill killall lsof fuser tc cp mv ln chmod chown
    mkfifo mktemp xargs uniq cut tr column stat file readlink realpath yes perl less tree top
    """.split()  # noqa: SIM905
)
"""The first words that make a line a command. `ping`, `bridge`, `route` and `sysctl` are both: see `_is_command`."""

STATEMENTS_AND_PROGRAMS = {
    "ping": re.compile(r"ping\s+-(?![46]\s+[^\s-]\S*\s+[^\s-]\S*\s*(#.*)?$)"),  # `ping -6 SRC DST` is the statement
    "bridge": re.compile(r"bridge\s+(-|(link|fdb|mdb|vlan|monitor)\b)"),
    "route": re.compile(r"route(\s*$|\s+(-|(add|del)\b))"),
    "sysctl": re.compile(r"sysctl\s+(-|[^=]*$)"),
    "watch": re.compile(
        r"watch\s+(?!-[46]\b)(-|ip\s+(-|(a|addr|address|l|link|r|route|rule|n|neigh|netns)\b)"
        r"|(?!(ip6?|arp|icmp6?|tcp|udp|src|dst|host|net|port|portrange|not|in|for)\b|[('\"!#])\S)"
    ),
}
"""Words that are both, and how a line looks on which they are the program."""

_HERE_DOCUMENT = re.compile(r"(?<!<)<<(?!<)(-?)\s*(['\"]?)([A-Za-z_]\w*)\2")
_TEXT_FOLLOWS = re.compile(r"\s+(?P<mark><<-?\s*(?P<quote>['\"]?)(?P<delimiter>[A-Za-z_]\w*)(?P=quote))\s*$")
_COMPOUND = {"for": "done", "while": "done", "until": "done", "if": "fi", "case": "esac"}
_BEFORE_COMMANDS = ("do", "then", "else", "elif", "if", "while", "until", "!", "{")
_SHELL = re.compile(
    r"""(sudo\s+)?( nsenter(\s+(-\S+|--\S+))+ (\s+(ba|da|z)?sh)?
        | ip\s+netns\s+exec\s+\S+\s+(/\S*/)?(ba|da|z)?sh
        | unshare(\s+-\S+)+ (\s+(ba|da|z)?sh)?
        | sudo\s+(-i|-s|su(\s+-)?) | (/\S*/)?(ba|da)?sh )\s*$""",
    re.VERBOSE,
)


class LogicalLine(msgspec.Struct, frozen=True, dict=True):
    """A statement's or a command's text with its place.

    `following` are the lines behind it that belong to it: a command's standard input, or a statement's here-document.
    """

    text: str
    place: Place
    command: bool = False
    following: str | None = None

    @cached_property
    def words(self) -> list[Word]:
        """The words of a statement, quotes taken off. Raises StatementError for an open quote."""
        words: list[Word] = []
        try:
            for token in tokens(self.text, STATEMENT):
                place = msgspec.structs.replace(self.place, column=token.start, width=len(token.text))
                words.append(Word(unquoted(token.text, STATEMENT), place))
        except OpenQuote as error:
            raise StatementError("this quote is not closed", msgspec.structs.replace(self.place, column=error.start, width=1)) from None
        return words

    def end(self) -> Place:
        """The place behind the last word."""
        return msgspec.structs.replace(self.place, column=len(self.text.rstrip()), width=1)


def _is_command(text: str, statements: Collection[str]) -> bool:
    """Whether a line is a command line: it starts with `$ ` or `!`, or its first word is a program's and no statement's.

    `sudo docker …` is a statement: a lab has docker's commands, and no docker.
    """
    if re.match(r"sudo\s+docker\s", text):
        return False
    if text.startswith(("$ ", "!", "/", "./", "(", "{ ", "[ ", ": ")):
        return True
    first = re.match(r"[^\s;|&<>]*", text)
    word = first[0] if first else ""
    if word in STATEMENTS_AND_PROGRAMS:
        return bool(STATEMENTS_AND_PROGRAMS[word].match(text))
    return word not in statements and (word in COMMANDS or re.match(r"[A-Za-z_]\w*=\S", text) is not None)


def logical_lines(cell: str, statements: Collection[str], expand: Callable[[str], str] = str) -> Iterator[LogicalLine]:
    """The statements and commands of a cell, in order, without comments and empty lines.

    A command keeps its lines as typed: continuation lines, open quotes, here-documents and loops belong to it; a command that
    opens a shell (`nsenter --net=…`, `ip netns exec NS bash`) gets the rest of the cell, up to `exit`, on its standard input.
    """
    lines = cell.splitlines()
    at = 0
    while at < len(lines):
        start, text = at, lines[at].strip()
        at += 1
        if not text or text.startswith("#"):
            continue
        if _is_command(text, statements):
            text = re.sub(r"^(\$\s+|!\s*)", "", text)
            end = _command_end(lines, start, text)
            text = "\n".join([text, *lines[at:end]])
            at = end
            following = None
            if _SHELL.match(text):
                at = next((number + 1 for number in range(at, len(lines)) if lines[number].strip() == "exit"), len(lines))
                following = "\n".join(lines[end:at])
            yield LogicalLine(text, Place(start + 1, text.splitlines()[0] if text else ""), command=True, following=following)
            continue
        while text.endswith("\\") and at < len(lines):
            text = f"{text[:-1].rstrip()} {lines[at].strip()}"
            at += 1
        text = expand(text.removesuffix("\\"))
        following = None
        if found := _TEXT_FOLLOWS.search(text):
            following, at = _here_document(lines, at, found, Place(start + 1, text, found.start("mark"), len(found["mark"])))
            text = text[: found.start()]
        line = LogicalLine(text, Place(start + 1, text), following=following)
        if line.words:
            yield line


def _here_document(lines: list[str], at: int, found: re.Match[str], place: Place) -> tuple[str, int]:
    """The lines from `at` up to the delimiter, and the index behind it. Raises StatementError when there is none."""
    end = next((number for number in range(at, len(lines)) if lines[number].strip() == found["delimiter"]), -1)
    if end < 0:
        raise StatementError(f"this text has no end: a line that is {found['delimiter']} alone is missing", place)
    return "".join(f"{line}\n" for line in lines[at:end]), end + 1


def _command_end(lines: list[str], start: int, first: str) -> int:
    """The index behind the last line of the command that begins at `start`."""
    at = start + 1
    text = first
    while at < len(lines) and _unfinished(text):
        text += "\n" + lines[at]
        at += 1
    for _, _, delimiter in _HERE_DOCUMENT.findall(text):
        while at < len(lines) and lines[at].strip() != delimiter:
            at += 1
        at = min(at + 1, len(lines))
    return at


def _unfinished(text: str) -> bool:
    """Whether a shell would want another line: a continuation, an open quote, or an open loop."""
    if text.endswith("\\"):
        return True
    open_ones: Counter[str] = Counter()
    begins_command = True
    try:
        for token in tokens(text, SHELL):
            if begins_command and token.text in _COMPOUND:
                open_ones[_COMPOUND[token.text]] += 1
            elif begins_command and token.text in _COMPOUND.values():
                open_ones[token.text] -= 1
            begins_command = token.kind != "word" or (begins_command and token.text in _BEFORE_COMMANDS)
    except OpenQuote:
        return True
    return any(number > 0 for number in open_ones.values())
