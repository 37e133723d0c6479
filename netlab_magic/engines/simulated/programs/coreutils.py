"""Small programs: echo, cat, grep, head and so on."""

import re
from collections.abc import Callable

from netlab_magic.engines.simulated.programs.call import Call, Ended

__all__ = ["TEXT_PROGRAMS"]

_ESCAPES = {"n": "\n", "t": "\t", "\\": "\\", "0": "\0", "r": "\r", "a": "\a"}


def _unescaped(text: str) -> str:
    return re.sub(r"\\([nt\\0ra])", lambda found: _ESCAPES[found[1]], text)


def _echo(call: Call) -> int:
    words, end, plain = list(call.words), "\n", True
    while words and re.fullmatch(r"-[neE]+", words[0]):
        option = words.pop(0)
        end = "" if "n" in option else end
        plain = "e" not in option
    text = " ".join(words)
    call.out((text if plain else _unescaped(text)) + end)
    return 0


def _printf(call: Call) -> int:
    if not call.words:
        raise Ended(2, "printf: usage: printf [-v var] format [arguments]\n")
    form, *values = call.words
    left = list(values)

    def filled(found: "re.Match[str]") -> str:
        return "%" if found[0] == "%%" else left.pop(0) if left else ""

    call.out(re.sub(r"%[%sdi]", filled, _unescaped(form)))
    return 0


def _input(call: Call, names: list[str]) -> str:
    """The files' text, or standard input where there are none."""
    if not names or names == ["-"]:
        return call.given
    texts = []
    for name in names:
        text = call.file(name)
        if text is None:
            raise Ended(1, f"{call.program}: {name}: No such file or directory\n")
        texts.append(text)
    return "".join(texts)


def _cat(call: Call) -> int:
    call.out(_input(call, [word for word in call.words if not word.startswith("-") or word == "-"]))
    return 0


def _grep(call: Call) -> int:
    flags, patterns, names, words = "", [], [], list(call.words)
    while words:
        word = words.pop(0)
        if word in ("-e", "--regexp") and words:
            patterns.append(words.pop(0))
        elif word == "--" or (word.startswith("--") and len(word) > 2):
            continue
        elif word.startswith("-") and len(word) > 1:
            flags += word[1:]
        else:
            names.append(word)
    if not patterns:
        if not names:
            raise Ended(2, "Usage: grep [OPTION]... PATTERNS [FILE]...\nTry 'grep --help' for more information.\n")
        patterns.append(names.pop(0))
    found = [line for line in _input(call, names).splitlines() if _matches(patterns, line, flags) != ("v" in flags)]
    if "c" in flags:
        call.out(f"{len(found)}\n")
    elif "q" not in flags:
        call.out("".join(f"{line}\n" for line in found))
    return 0 if found else 1


def _matches(patterns: list[str], line: str, flags: str) -> bool:
    ignoring = re.IGNORECASE if "i" in flags else 0
    return any(re.search(_pattern(pattern, flags), line, ignoring) for pattern in patterns)


def _pattern(text: str, flags: str) -> str:
    """The pattern as Python writes it; in basic expressions + ? | ( ) { } stand for themselves, and mean something behind a backslash."""
    if "F" in flags:
        text = re.escape(text)
    elif "E" not in flags and "P" not in flags:
        text = re.sub(r"\\([|(){}+?])|([|(){}+?])", lambda part: part[1] or "\\" + part[2], text)
    return rf"\b(?:{text})\b" if "w" in flags else text


def _lines_wanted(call: Call) -> tuple[int, list[str]]:
    count, names, words = 10, [], list(call.words)
    while words:
        word = words.pop(0)
        if word == "-n" and words:
            count = int(words.pop(0))
        elif found := re.fullmatch(r"-n?(\d+)", word):
            count = int(found[1])
        else:
            names.append(word)
    return count, names


def _head(call: Call) -> int:
    count, names = _lines_wanted(call)
    call.out("".join(_input(call, names).splitlines(keepends=True)[:count]))
    return 0


def _tail(call: Call) -> int:
    count, names = _lines_wanted(call)
    call.out("".join(_input(call, names).splitlines(keepends=True)[-count:] if count else []))
    return 0


def _wc(call: Call) -> int:
    names = [word for word in call.words if not word.startswith("-")]
    text = _input(call, names)
    counts = {"l": text.count("\n"), "w": len(text.split()), "c": len(text.encode())}
    wanted = "".join(word[1:] for word in call.words if word.startswith("-")) or "lwc"
    numbers = [str(counts[letter]) for letter in "lwc" if letter in wanted]
    shown = numbers[0] if len(numbers) == 1 else " ".join(number.rjust(7) for number in numbers)
    call.out(f"{' '.join([shown, *names])}\n")
    return 0


def _sort(call: Call) -> int:
    lines = sorted(_input(call, [word for word in call.words if not word.startswith("-")]).splitlines())
    if "-u" in call.words:
        lines = list(dict.fromkeys(lines))
    call.out("".join(f"{line}\n" for line in (reversed(lines) if "-r" in call.words else lines)))
    return 0


def _tee(call: Call) -> int:
    call.out(call.given)
    for name in call.words:
        if not name.startswith("-"):
            call.written[name] = call.given
    return 0


def _rm(call: Call) -> int:
    for name in call.words:
        if name.startswith("-"):
            continue
        if call.file(name) is not None:
            call.written[name] = None
        elif "-f" not in call.words:
            raise Ended(1, f"rm: cannot remove '{name}': No such file or directory\n")
    return 0


def _which(call: Call) -> int:
    from netlab_magic.engines.simulated.programs import PROGRAMS  # the table of programs has this one in it

    missing = [word for word in call.words if word not in PROGRAMS]
    call.out("".join(f"/usr/sbin/{word}\n" for word in call.words if word in PROGRAMS))
    return 1 if missing else 0


def _modprobe(call: Call) -> int:
    if {"-r", "--remove"} & set(call.words):
        raise Ended(1, "modprobe: a lab cannot remove modules of the machine's kernel\n")
    return 0


def _ls(call: Call) -> int:
    names = [word for word in call.words if not word.startswith("-")]
    for name in names:
        if name.rstrip("/") not in ("/var/run/netns", "/run/netns"):
            raise Ended(2, f"ls: cannot access '{name}': No such file or directory\n")
    if names:
        call.out("".join(f"{name}\n" for name in sorted(set(call.world.topology.namespaces) - {"host"})))
    return 0


def _says(text: str, status: int = 0) -> Callable[[Call], int]:
    def run(call: Call) -> int:
        call.out(text)
        return status

    return run


def _hostname(call: Call) -> int:
    call.out(f"{call.host_name}\n")
    return 0


def _date(call: Call) -> int:
    call.out(f"{call.moment()}\n")
    return 0


TEXT_PROGRAMS: dict[str, Callable[[Call], int]] = {
    ":": _says(""),
    "cat": _cat,
    "date": _date,
    "echo": _echo,
    "egrep": _grep,
    "false": _says("", 1),
    "grep": _grep,
    "head": _head,
    "hostname": _hostname,
    "id": _says("uid=0(root) gid=0(root) groups=0(root)\n"),
    "ls": _ls,
    "modprobe": _modprobe,
    "printf": _printf,
    "pwd": _says("/\n"),
    "rm": _rm,
    "sleep": _says(""),
    "sort": _sort,
    "tail": _tail,
    "tee": _tee,
    "true": _says(""),
    "wc": _wc,
    "which": _which,
    "whoami": _says("root\n"),
}
"""What these print is what GNU's programs print; sleep does not wait, for nothing happens meanwhile."""
