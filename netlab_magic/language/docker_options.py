"""The options of docker's commands, by what they are to a lab (read, without effect, not done here), and how docker reads them."""

import re
from collections.abc import Mapping
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_address
from typing import NoReturn

import msgspec

from netlab_magic.errors import StatementError, Word
from netlab_magic.language.word_reader import Reader, wrong
from netlab_magic.text import suggest

__all__ = [
    "CONNECT",
    "EXEC",
    "INSTALL",
    "NETWORK",
    "NO_OPTIONS",
    "PLAIN",
    "RUN",
    "Given",
    "Options",
    "one_of",
    "read_names",
    "read_options",
    "some_of",
    "two_of",
    "wrong_number",
]


class Options(msgspec.Struct, frozen=True):
    """The options that a command takes. `read` and the others map each one to the kind of its value, None where it has none.

    `ignored` are those that matter to no packet; `undone` those that would, and that a lab does not do.
    """

    read: Mapping[str, str | None]
    ignored: Mapping[str, str | None] = {}
    undone: Mapping[str, str | None] = {}

    def kind(self, name: str) -> str | None:
        """The kind of an option's value. Raises KeyError for one that is not known."""
        return next(table for table in (self.read, self.ignored, self.undone) if name in table)[name]

    def knows(self, name: str) -> bool:
        """Whether the command takes the option."""
        return name in self.read or name in self.ignored or name in self.undone

    def all(self) -> list[str]:
        """All options."""
        return [*self.read, *self.ignored, *self.undone]


class Given(msgspec.Struct):
    """The options that were given: the values of those that are read; the names of the others, once each."""

    values: dict[str, list[Word]] = {}
    ignored: dict[str, None] = {}
    undone: dict[str, None] = {}

    def last(self, *names: str) -> Word | None:
        """The value that was given last under any of these names."""
        return next((self.values[name][-1] for name in names if name in self.values), None)

    def every(self, *names: str) -> list[Word]:
        """All values that were given under these names, in order."""
        found = [word for name in names for word in self.values.get(name, [])]
        return sorted(found, key=lambda word: word.place.column)

    def has(self, *names: str) -> bool:
        """Whether an option without a value is on; `--rm=false` is off."""
        word = self.last(*names)
        return word is not None and word.lower() not in ("false", "0")


def _table(words: str, kind: str | None) -> dict[str, str | None]:
    return dict.fromkeys(words.split(), kind)


RUN = Options(
    read={
        **_table("--network --net", "docker network"),
        **_table("-p --publish --expose", "port"),
        **_table("-P --publish-all --rm", None),
        **_table("--ip --ip6", "address"),
        "--name": "new name",
        **_table("-h --hostname", "new name"),
    },
    ignored={
        **_table("-d --detach -i --interactive -t --tty --init --privileged --read-only --no-healthcheck --oom-kill-disable", None),
        **_table("--sig-proxy --disable-content-trust -q --quiet --use-api-socket", None),
        **_table("-v --volume --mount --tmpfs --volumes-from --volume-driver --storage-opt --shm-size", "volume"),
        **_table("-e --env --env-file -l --label --label-file --annotation -u --user --group-add -w --workdir --entrypoint", "value"),
        **_table("-m --memory --memory-swap --memory-swappiness --memory-reservation --kernel-memory --cpus -c --cpu-shares", "value"),
        **_table("--cpu-period --cpu-quota --cpu-rt-period --cpu-rt-runtime --cpuset-cpus --cpuset-mems --pids-limit --ulimit", "value"),
        **_table(
            "--blkio-weight --blkio-weight-device --device-read-bps --device-read-iops --device-write-bps --device-write-iops", "value"
        ),
        **_table("--cap-add --cap-drop --security-opt --device --device-cgroup-rule --gpus --runtime --isolation --platform", "value"),
        **_table("--restart --stop-signal --stop-timeout --health-cmd --health-interval --health-retries --health-timeout", "value"),
        **_table("--health-start-period --health-start-interval --log-driver --log-opt --cidfile --cgroup-parent --cgroupns", "value"),
        **_table("--ipc --pid --userns --uts --oom-score-adj --pull -a --attach --detach-keys --domainname", "value"),
    },
    undone={
        **_table("--dns --dns-option --dns-opt --dns-search --add-host --link --network-alias --net-alias", "value"),
        **_table("--mac-address --link-local-ip --sysctl", "value"),
    },
)
"""What `docker run` and `docker create` take (docker 28.5: `docker run --help`)."""

NETWORK = Options(
    read={
        **_table("--subnet --ip-range", "CIDR"),
        "--gateway": "address",
        "--internal": None,
        "--icc": "boolean",
        "--gateway-mode": "mode",
        **_table("-o --opt", "option"),
        **_table("-d --driver", "driver"),
        **_table("--ipv4 --ipv6", None),
    },
    ignored={
        **_table("--attachable", None),
        **_table("--label --scope --ipam-driver --ipam-opt --aux-address", "value"),
    },
)
"""What `docker network create` takes; `--icc` and `--gateway-mode` are the lab's own short forms."""

CONNECT = Options(
    read=_table("--ip --ip6", "address"),
    undone=_table("--alias --link --link-local-ip --driver-opt --gw-priority", "value"),
)
"""What `docker network connect` takes."""

EXEC = Options(
    read={},
    ignored={
        **_table("-d --detach -i --interactive -t --tty --privileged", None),
        **_table("-e --env --env-file -u --user -w --workdir --detach-keys", "value"),
    },
)
"""What `docker exec` takes."""

PLAIN = Options(
    read={**_table("-f --force -a --all -q --quiet", None), "--format": "template"},
    ignored={
        **_table("-v --volumes -l --link --no-trunc -s --size --latest -i --interactive --attach --follow --timestamps --details", None),
        **_table("-t --time --timeout -n --tail --last --since --until --filter --signal", "value"),
    },
)
"""What the short commands take between them: `rm`, `stop`, `ps`, `ls`, `prune` …"""

INSTALL = Options(
    read={
        "--version": "version",
        "--firewall-backend": "backend",
        "--fixed-cidr-v6": "CIDR",
        **_table("--userland-proxy --ip6tables --experimental", "boolean"),
        **_table("--ip-forward-no-drop --ipv6", None),
    }
)
"""What `docker install` takes: the release, and dockerd's own options."""

NO_OPTIONS = Options(read={})


def read_options(r: Reader, options: Options, given: Given, *, kind: str = "") -> None:
    """Reads options up to the next word that stands alone, or to the end; `kind` is what may stand alone there.

    `-it`, `-dp 80:80`, `-p80:80`, `--name=x`, `--rm=false` and `--` are read as docker reads them.
    """
    while True:
        for option in options.read:
            r.peek(option)
        word = r.peek(f"<{kind}>")
        if word is None or not word.startswith("-") or word == "-":
            return
        r.at += 1
        if word == "--":
            return
        if word.startswith("--"):
            _long(r, options, given, word)
        else:
            _short(r, options, given, word)


def _long(r: Reader, options: Options, given: Given, word: Word) -> None:
    name, equals, value = word.partition("=")
    if not options.knows(name):
        wrong(f"{name} is not an option here{suggest(name, options.all())}", word)
    kind = options.kind(name)
    _note(options, given, name, Word(value, word.place) if equals else r.take(kind) if kind else Word("true", word.place))


def _short(r: Reader, options: Options, given: Given, word: Word) -> None:
    """A cluster of letters, of which the last one may have a value: the rest of the word, or the next one."""
    for at in range(1, len(word)):
        name = f"-{word[at]}"
        if not options.knows(name):
            wrong(f"{name} is not an option here{suggest(name, options.all())}", word)
        kind = options.kind(name)
        if kind is None:
            _note(options, given, name, Word("true", word.place))
            continue
        rest = word[at + 1 :].removeprefix("=")
        _note(options, given, name, Word(rest, word.place) if rest else r.take(kind))
        return


def _note(options: Options, given: Given, name: str, value: Word) -> None:
    if name in options.read:
        given.values.setdefault(name, []).append(value)
    else:
        (given.ignored if name in options.ignored else given.undone)[name] = None


def read_names(r: Reader, options: Options, kind: str) -> tuple[list[Word], Given]:
    """The remaining words: those that stand alone, and the options, in any order; `kind` is what may stand alone, "" for nothing."""
    alone: list[Word] = []
    given = Given()
    while True:
        read_options(r, options, given, kind=kind)
        if not kind or r.peek(f"<{kind}>") is None:
            return alone, given
        alone.append(r.take(kind))


def some_of(r: Reader, names: list[Word], kind: str) -> tuple[Word, ...]:
    """The names, of which there must be one at least. Raises StatementError."""
    if not names:
        raise StatementError(f"{kind} is missing: {r.form}", r.end)
    return tuple(names)


def one_of(r: Reader, names: list[Word], kind: str) -> Word:
    """The one name. Raises StatementError."""
    if len(names) != 1:
        wrong_number(r, names, 1, kind)
    return names[0]


def two_of(r: Reader, names: list[Word], *kinds: str) -> tuple[Word, Word]:
    """The two names. Raises StatementError."""
    if len(names) != 2:
        wrong_number(r, names, 2, kinds[min(len(names), 1)])
    return names[0], names[1]


def wrong_number(r: Reader, alone: list[Word], most: int, kind: str) -> NoReturn:
    """Raises StatementError: a word of this kind is missing, or one is too many."""
    if len(alone) <= most:
        raise StatementError(f"{kind} is missing: {r.form}", r.end)
    wrong(f"{alone[most]} is one word too many: {r.form}", alone[most])


def docker_name(word: Word, kind: str) -> Word:
    """A name as docker takes it; it may be longer than an interface's, up to that of a host (RFC 1123). Raises StatementError."""
    if len(word) > 63:
        wrong(f"{word} has {len(word)} characters; a name for a {kind} may have 63 at most", word)
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", word):
        wrong(f"{word!s} cannot name a {kind}; use letters, digits and . _ - (no slash, colon or space)", word)
    return word


def ipv4_address(word: Word) -> Word:
    """An IPv4 address as it is written usually. Raises StatementError."""
    try:
        return Word(str(IPv4Address(str(word))), word.place)
    except AddressValueError:
        return wrong(f"{word} is no IPv4 address, such as 172.20.0.1", word)


def ipv6_address(word: Word) -> Word:
    """An IPv6 address as it is written usually. Raises StatementError."""
    try:
        return Word(str(IPv6Address(str(word))), word.place)
    except AddressValueError:
        return wrong(f"{word} is no IPv6 address, such as fd00:1::2", word)


def any_address(word: Word) -> Word:
    """An address of either IP version as it is written usually. Raises StatementError."""
    try:
        return Word(str(ip_address(str(word))), word.place)
    except ValueError:
        return wrong(f"{word} is no IP address, such as 172.20.0.1 or fd00:1::2", word)
