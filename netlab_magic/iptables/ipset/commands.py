"""The commands of ipset: what they make of sets, print, and say to mistakes, as measured with ipset 7.17 and its kernel."""

import shlex
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from zlib import crc32

import msgspec

from netlab_magic.iptables.extensions.values import Network
from netlab_magic.iptables.ipset.elements import IpsetRefused, Part, element_text, elements, prefix
from netlab_magic.iptables.ipset.listing import list_text, save_text
from netlab_magic.iptables.ipset.sets import KINDS, Entry, IpSet, family_of

__all__ = ["carried_out"]

_COMMANDS = {
    "create": ("create", "-N", "n"), "add": ("add", "-A"), "del": ("del", "-D"), "test": ("test", "-T"), "destroy": ("destroy", "-X", "x"),
    "list": ("list", "-L"), "save": ("save", "-S"), "restore": ("restore", "-R"), "flush": ("flush", "-F"), "rename": ("rename", "-E", "e"),
    "swap": ("swap", "-W", "w"), "version": ("version", "-v", "--version", "-V"),
}  # fmt: skip
_NAMES = {name: command for command, names in _COMMANDS.items() for name in names}
_NEEDS = {"create": 2, "add": 2, "del": 2, "test": 2, "rename": 2, "swap": 2}
_OLD_KINDS = {"iphash": "hash:ip", "nethash": "hash:net", "ipporthash": "hash:ip,port", "ipmap": "bitmap:ip", "portmap": "bitmap:port"}
_FLAGS = {
    "-exist": "exist", "-!": "exist", "-quiet": "quiet", "-q": "quiet", "-name": "name", "-n": "name", "-terse": "terse", "-t": "terse",
    "-sorted": "sorted", "-s": "sorted", "-resolve": "resolve", "-r": "resolve",
}  # fmt: skip
_LONGEST_NAME = 31
_MOST_SECONDS = 2147483
_MOST_BITS = 65536
_MISSING = "The set with the given name does not exist"
_IN_USE = "Set cannot be {}: it is in use by "


def carried_out(
    sets: Sequence[IpSet], words: Sequence[str], given: str = "", used: Collection[str] = ()
) -> tuple[tuple[IpSet, ...], str, str, int]:
    """The sets after `ipset WORDS`, what it prints and says about mistakes, and its status. `given` is its standard input.

    `used` are the sets that rules of iptables refer to.
    """
    run = _Run(sets, used)
    quiet = bool({"-q", "-quiet"} & set(words))
    try:
        run.run(list(words), given)
    except IpsetRefused as refused:
        hint = "Try `ipset help' for more information.\n" if refused.status > 1 else ""
        place = run.place if refused.status == 1 else ""
        said = "" if quiet else f"ipset v7.17: {place}{refused.said}\n{hint}"
        return tuple(run.sets.values()), "".join(run.printed), said, refused.status
    return tuple(run.sets.values()), "".join(run.printed), run.remark, run.status


class _Run:
    """One call of ipset."""

    def __init__(self, sets: Sequence[IpSet], used: Collection[str]) -> None:
        self.sets = {held.name: held for held in sets}
        self.used = used
        self.printed: list[str] = []
        self.remark = ""
        self.place = ""
        self.status = 0

    def run(self, words: list[str], given: str) -> None:
        flags = {_FLAGS[word] for word in words if word in _FLAGS}
        output = words[words.index("-o") + 1] if "-o" in words[:-1] else ""
        left = [word for at, word in enumerate(words) if word not in _FLAGS and word != "-o" and words[max(at - 1, 0)] != "-o"]
        if not left:
            raise IpsetRefused("No command specified.", 2)
        command = _NAMES.get(left[0])
        if command is None:
            raise IpsetRefused(f"No command specified: unknown argument {left[0]}", 2)
        operands = left[1:]
        for needed, which in ((1, "Missing mandatory argument"), (2, "Missing second mandatory argument")):
            if len(operands) < needed <= _NEEDS.get(command, 0):
                raise IpsetRefused(f"{which} to command {command}", 2)
        most = {"rename": 2, "swap": 2, "list": 1, "save": 1, "destroy": 1, "flush": 1, "restore": 0, "version": 0}.get(command)
        if most is not None and len(operands) > most:
            raise IpsetRefused(f"Unknown argument {operands[most]}", 2)
        if command == "restore":
            self.restore(given, exist="exist" in flags)
        elif command in ("list", "save"):
            self.show("save" if output == "save" else command, operands, flags)
        else:
            actions: Mapping[str, Callable[[list[str], bool], None]] = {
                "create": self.create, "add": self.add, "del": self.delete, "test": self.test, "destroy": self.destroy, "flush": self.flush,
                "rename": self.rename, "swap": self.swap, "version": self.version,
            }  # fmt: skip
            actions[command](operands, "exist" in flags)

    def held(self, name: str) -> IpSet:
        found = self.sets.get(name)
        if found is None:
            raise IpsetRefused(_MISSING)
        return found

    def restore(self, given: str, *, exist: bool) -> None:
        """Line by line: those before a mistake have been carried out."""
        for number, line in enumerate(given.splitlines(), 1):
            words = shlex.split(line, posix=False)
            if words and not line.startswith("#") and words != ["COMMIT"]:
                self.place = f"Error in line {number}: "
                self.run([*words, *(["-exist"] if exist else [])], "")
        self.place = ""

    def show(self, command: str, operands: list[str], flags: set[str]) -> None:
        shown = [self.held(name) for name in operands] or sorted(self.sets.values(), key=lambda held: held.kind == "list:set")
        if "name" in flags:
            self.printed.append("".join(f"{held.name}\n" for held in shown))
        elif command == "save":
            self.printed.append(save_text(shown))
        else:
            references = {held.name: self.references(held.name) for held in shown}
            self.printed.append(list_text(shown, references, terse="terse" in flags))

    def references(self, name: str) -> int:
        lists = sum(entry.element == name for held in self.sets.values() if held.kind == "list:set" for entry in held.entries)
        return lists + list(self.used).count(name)

    def version(self, operands: list[str], exist: bool) -> None:
        self.printed.append("ipset v7.17, protocol version: 7\n")

    def create(self, operands: list[str], exist: bool) -> None:
        name, word, *options = operands
        kind = _OLD_KINDS.get(word, word)
        if len(name) > _LONGEST_NAME:
            raise IpsetRefused(f"Syntax error: setname '{name}' is longer than {_LONGEST_NAME} characters")
        if kind not in KINDS:
            raise IpsetRefused(f"Syntax error: typename '{word}' is unknown")
        made = IpSet(name, kind, _header(name, kind, options))
        known = self.sets.get(name)
        if known is not None and not (exist and (known.kind, known.family) == (kind, made.family)):
            raise IpsetRefused("Set cannot be created: set with the same name already exists")
        self.sets.setdefault(name, made)

    def entries(self, held: IpSet, word: str, options: Sequence[str]) -> Iterator[Entry]:
        """What a word adds to a set. Raises IpsetRefused."""
        told = _entry_options(held, options)
        if held.kind == "list:set" and word not in self.sets:
            raise IpsetRefused("Set to be added/deleted/tested as element does not exist.")
        six = held.family == "ipv6"
        for parts in elements(word, held.dimensions, six):
            yield msgspec.structs.replace(told, element=element_text(_stored(held, parts), held.dimensions, six))

    def add(self, operands: list[str], exist: bool) -> None:
        held = self.held(operands[0])
        entries = {entry.element: entry for entry in held.entries}
        most = int(held.option("maxelem") or held.option("size") or _MOST_BITS)
        for entry in self.entries(held, operands[1], operands[2:]):
            if entry.element in entries and not exist:
                raise IpsetRefused("Element cannot be added to the set: it's already added")
            if entry.element not in entries and len(entries) >= most:
                raise IpsetRefused("Hash is full, cannot add more elements")
            entries[entry.element] = entry
            ordered = _beside(list(entries.values()), operands[2:]) if held.kind == "list:set" else _in_order(held, entries.values())
            self.sets[held.name] = msgspec.structs.replace(held, entries=ordered)

    def delete(self, operands: list[str], exist: bool) -> None:
        held = self.held(operands[0])
        gone = {entry.element for entry in self.entries(held, operands[1], operands[2:])}
        if not exist and not gone <= {entry.element for entry in held.entries}:
            raise IpsetRefused("Element cannot be deleted from the set: it's not added")
        self.sets[held.name] = msgspec.structs.replace(held, entries=tuple(one for one in held.entries if one.element not in gone))

    def test(self, operands: list[str], exist: bool) -> None:
        held = self.held(operands[0])
        asked = next(iter(self.entries(held, operands[1], operands[2:])))
        found = next((one for one in held.entries if one.element == asked.element), None) or _around(held, asked.element)
        if found is not None and not found.nomatch:
            self.remark = f"Warning: {asked.element} is in set {held.name}.\n"
        else:
            self.remark, self.status = f"{asked.element} is NOT in set {held.name}.\n", 1

    def destroy(self, operands: list[str], exist: bool) -> None:
        names = operands or list(self.sets)
        for name in names:
            self.held(name)
        if any(name in self.used or (operands and self.references(name)) for name in names):
            raise IpsetRefused(_IN_USE.format("destroyed") + "a kernel component")
        for name in names:
            del self.sets[name]

    def flush(self, operands: list[str], exist: bool) -> None:
        for name in operands or list(self.sets):
            self.sets[name] = msgspec.structs.replace(self.held(name), entries=())

    def rename(self, operands: list[str], exist: bool) -> None:
        held = self.held(operands[0])
        if self.references(held.name):
            raise IpsetRefused(_IN_USE.format("renamed") + "another system")
        if operands[1] in self.sets:
            raise IpsetRefused("Set cannot be renamed: a set with the new name already exists")
        self.sets = {
            (operands[1] if name == held.name else name): (msgspec.structs.replace(one, name=operands[1]) if one is held else one)
            for name, one in self.sets.items()
        }

    def swap(self, operands: list[str], exist: bool) -> None:
        one, other = map(self.held, operands)
        if one.dimensions != other.dimensions or one.family != other.family:
            raise IpsetRefused("The sets cannot be swapped: their type does not match")
        self.sets[one.name] = msgspec.structs.replace(other, name=one.name)
        self.sets[other.name] = msgspec.structs.replace(one, name=other.name)


# --- options ------------------------------------------------------------------------------------------------------------------


def _whole(word: str, most: int, least: int = 0) -> int:
    try:
        number = int(word, 0)
    except ValueError:
        raise IpsetRefused(f"Syntax error: '{word}' is invalid as number") from None
    if not least <= number <= most:
        raise IpsetRefused(f"Syntax error: '{word}' is out of range {least}-{most}")
    return number


_BARE = ("counters", "comment", "skbinfo", "forceadd")
_VALUED = {"hash": ("family", "hashsize", "maxelem", "netmask", "markmask", "timeout", "bucketsize", "initval"),
           "bitmap": ("range", "netmask", "timeout"), "list": ("size", "timeout")}  # fmt: skip
_WITH_NETMASK = ("hash:ip", "bitmap:ip")


def _header(name: str, kind: str, words: Sequence[str]) -> str:
    """The options of a set as ipset prints them. Raises IpsetRefused."""
    method = kind.partition(":")[0]
    valued = [word for word in _VALUED[method] if (word != "netmask" or kind in _WITH_NETMASK) and (word != "markmask" or "mark" in kind)]
    said: dict[str, str] = {}
    left = list(words)
    while left:
        word = left.pop(0)
        if word in _BARE:
            said[word] = ""
        elif word not in valued:
            raise IpsetRefused(f"Unknown argument: `{word}'", 2)
        elif not left:
            raise IpsetRefused(f"Missing mandatory argument of option `{word}'", 2)
        else:
            said[word] = left.pop(0)
    return " ".join(filter(None, _ordered(name, kind, said)))


def _ordered(name: str, kind: str, said: Mapping[str, str]) -> Iterator[str]:
    method = kind.partition(":")[0]
    if method == "bitmap":
        if "range" not in said:
            raise IpsetRefused("Mandatory option `range' is missing", 2)
        yield f"range {_range(kind, said['range'])}"
    elif method == "list":
        yield f"size {_whole(said.get('size', '8'), 65535)}"
    else:
        family = {"inet": "inet", "ipv4": "inet", "inet6": "inet6", "ipv6": "inet6"}.get(said.get("family", "inet"))
        if family is None:
            raise IpsetRefused(f"Syntax error: unknown inet family {said['family']}")
        size = max(64, 1 << (_whole(said.get("hashsize", "1024"), 1 << 31) - 1).bit_length())
        yield "" if kind == "hash:mac" else f"family {family}"
        yield f"hashsize {size} maxelem {_whole(said.get('maxelem', '65536'), 1 << 32)}"
    if "markmask" in said:
        yield f"markmask {_whole(said['markmask'], 0xFFFFFFFF):#010x}"
    if "netmask" in said:
        most = 128 if family_of(kind, said.get("family", "")) == "ipv6" else 32
        try:
            yield f"netmask {_whole(said['netmask'], most, 1)}"
        except IpsetRefused as refused:
            raise IpsetRefused(f"{refused.said}\nSyntax error: netmask is out of the inclusive range of 1-{most}") from None
    if "timeout" in said:
        yield f"timeout {_whole(said['timeout'], _MOST_SECONDS)}"
    yield from (word for word in _BARE if word in said and word != "forceadd")  # which ipset sets, and does not list
    if method == "hash":
        seed = _whole(said["initval"], 0xFFFFFFFF) if "initval" in said else crc32(name.encode())
        yield f"bucketsize {_whole(said.get('bucketsize', '12'), 255)} initval {seed:#010x}"


def _range(kind: str, word: str) -> str:
    if kind == "bitmap:port":
        low, dash, high = word.partition("-")
        if not dash:
            raise IpsetRefused("Mandatory option `to' is missing", 2)
        first, last = (next(elements(end, ("port number",), False))[0] for end in (low, high))
        return f"{first}-{last}"
    _, slash, length = word.partition("/")
    if slash and 32 - _whole(length, 32) > _MOST_BITS.bit_length() - 1:
        raise IpsetRefused("The range you specified exceeds the size limit of the set type")
    spanned = [parts[0] for parts in elements(word, ("ip",), False)]
    return "-".join(element_text((end,), ("ip",), False) for end in (spanned[0], spanned[-1]))


def _entry_options(held: IpSet, words: Sequence[str]) -> Entry:
    """The options of an entry. Raises IpsetRefused."""
    timeout = int(held.option("timeout")) if held.has("timeout") else None
    rest = ["packets 0 bytes 0"] if held.has("counters") else []
    flags = {"nomatch": False, "wildcard": False}
    left = list(words)
    while left:
        word = left.pop(0)
        if (word == "nomatch" and "net" in held.dimensions) or (word == "wildcard" and "iface" in held.dimensions):
            flags[word] = True
            continue
        if word not in ("timeout", "comment", "packets", "bytes", *(("before", "after") if held.kind == "list:set" else ())):
            raise IpsetRefused(f"Unknown argument: `{word}'", 2)
        if not left:
            raise IpsetRefused(f"Missing mandatory argument of option `{word}'", 2)
        value = left.pop(0)
        if word == "timeout":
            if timeout is None:
                raise IpsetRefused("Timeout cannot be used: set was created without timeout support")
            timeout = _whole(value, _MOST_SECONDS)
        elif word == "comment":
            if not held.has("comment"):
                raise IpsetRefused("Comment cannot be used: set was created without comment support")
            rest.append(f'comment "{value.strip(chr(34))}"')
    return Entry("", timeout, flags["nomatch"], flags["wildcard"], " ".join(rest))


def _stored(held: IpSet, parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """The entry as the set keeps it: under its netmask, and in its range."""
    first = parts[0]
    if isinstance(first, int) and held.has("netmask"):
        first &= prefix(int(held.option("netmask")), held.family == "ipv6")
    if held.kind.startswith("bitmap:") and isinstance(first, int):
        kind = held.dimensions[:1]
        low, high = (next(elements(end, kind, False))[0] for end in held.option("range").split("-"))
        if isinstance(low, int) and isinstance(high, int) and not low <= first <= high:
            raise IpsetRefused("Element is out of the range of the set")
    elif first == 0 and held.dimensions[:1] == ("ip",):
        raise IpsetRefused("Null-valued element, cannot be stored in a hash type of set")
    return (first, *parts[1:])


def _in_order(held: IpSet, entries: Collection[Entry]) -> tuple[Entry, ...]:
    """Bitmaps are listed in the order of their numbers."""
    if not held.kind.startswith("bitmap:"):
        return tuple(entries)

    def number(entry: Entry) -> int:
        first = next(elements(entry.element, held.dimensions, False))[0]
        return first if isinstance(first, int) else 0

    return tuple(sorted(entries, key=number))


def _beside(entries: list[Entry], options: Sequence[str]) -> tuple[Entry, ...]:
    """The members of a list, the last of them before or after another one if its options say so."""
    for word, step in (("before", 0), ("after", 1)):
        if word in options[:-1]:
            new, there = entries.pop(), [entry.element for entry in entries]
            if (name := options[list(options).index(word) + 1]) not in there:
                raise IpsetRefused("The set to which you referred with 'before' or 'after' is not added to the set.")
            entries.insert(there.index(name) + step, new)
    return tuple(entries)


def _around(held: IpSet, element: str) -> Entry | None:
    """The entry of the longest network that contains an address, in a set of networks."""
    six = held.family == "ipv6"
    if held.kind != "hash:net":
        return None
    (asked,) = next(elements(element, held.dimensions, six))
    found: list[tuple[int, Entry]] = []
    for entry in held.entries:
        (network,) = next(elements(entry.element, held.dimensions, six))
        if isinstance(network, Network) and isinstance(asked, Network) and asked.address & network.mask == network.address:
            found.append((network.mask, entry))
    return max(found, key=lambda one: one[0])[1] if found else None
