"""The lab's firewall, in the variant that the lab uses.

The policy switch needs no process: on the legacy variant it goes through python-iptables, on the nft variant through netlink. Everything
else goes through `iptables-save` and `iptables-restore`: one program that takes a whole cell's rules at once, and whose text is the
rules' canonical form. Where python-iptables is missing the program sets policies too.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from typing import Any, NamedTuple

from netlab_magic.engines.host.netlink.nfnetlink import NetfilterSocket
from netlab_magic.engines.host.process.isolation import NEWNET, setns, unshare
from netlab_magic.engines.host.state.nftables import has_tables, iptables_tables, native_tables, set_policies
from netlab_magic.engines.host.state.python_iptables import import_iptc
from netlab_magic.engines.host.state.raw_rules import legacy_tables, raw_rules
from netlab_magic.engines.protocol import ForeignRules
from netlab_magic.iptables.restore_format import ChainPolicy, appended, policies_apart, said_by_iptables
from netlab_magic.iptables.ruleset import PROGRAM_OF
from netlab_magic.iptables.words import split

__all__ = [
    "NONE",
    "NO_IPTABLES",
    "VARIANTS",
    "Firewall",
    "RuleRefused",
    "by_family",
    "dump_of",
    "has_rules",
    "in_use",
    "saved_sets",
    "works",
]

VARIANTS = ("legacy", "nft")
NONE = "none"
NO_IPTABLES = "this machine has no working iptables; install the package iptables"

_SECONDS = 30
_BEYOND = re.compile(r"^# Table `(\w+)' (?:is|contains) incompatible", re.MULTILINE)  # do_output() in iptables/xtables-save.c


class RuleRefused(Exception):
    """iptables refused; `line` is the line of the text it was given (from 1), or -1."""

    def __init__(self, message: str, line: int = -1) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


def in_use() -> str:
    """The variant that has rules in this namespace, without creating any table: nft if both or neither have."""
    nft = shutil.which("iptables-nft-save") is not None
    if legacy_tables() or legacy_tables(six=True):
        dumps = [dump for six in (False, True) if (dump := dump_of("nft", six))]
        if not nft or not any(_has_rules(dump()) for dump in dumps):
            return "legacy"
    return "nft" if nft else NONE


def _has_rules(dump: str) -> bool:
    return bool(re.search(r"^((\[\d+:\d+\] )?-A |:\S+ DROP)", dump, re.MULTILINE))


def works(variant: str) -> bool:
    """Whether a variant's programs and kernel support exist. The check creates its tables, so check only one that will be used."""
    program = shutil.which(f"iptables-{variant}")
    return program is not None and _call([program, "-w", "-S", "FORWARD"]).returncode == 0


def _call(words: list[str], text: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(words, input=text, capture_output=True, text=True, errors="replace", timeout=_SECONDS, check=False)


def by_family(variant: str) -> "dict[str, Firewall]":
    """The rules of a variant by their families."""
    return {family: Firewall(variant, family) for family in PROGRAM_OF}


class Kept(NamedTuple):
    """A dump, with what the kernel had before and after it was made."""

    raw: list[bytes]
    dump: str


class Firewall:
    """The rules of one family in the namespace this process is in. A dump is kept, and given again as long as the kernel has the same."""

    def __init__(self, variant: str, family: str = "ipv4") -> None:
        self.variant = variant
        self.family = family
        self._six = family == "ipv6"
        self._command = f"{PROGRAM_OF[family]}-{variant}"
        self._iptc: Any = None
        self._iptc_missing = variant != "legacy"
        self._kept: Kept | None = None
        self._netfilter: NetfilterSocket | None = None

    def save(self) -> str:
        """`iptables-save -c`; nothing where this machine has no iptables, or this namespace no table. Raises RuleRefused."""
        return self.saving()()

    def saving(self) -> Callable[[], str]:
        """Starts a `save`; calling the result waits for it."""
        if self.variant == NONE:
            return str
        raw = self._raw()
        if raw == []:  # no table, so that there is nothing to ask a program for
            return str
        if self._kept is not None and raw == self._kept.raw:
            return partial(str, self._kept.dump)
        dump = _reading([f"{self._command}-save", "-c"])

        def result() -> str:
            output = dump()
            self._kept = Kept(raw, output) if raw is not None and raw == self._raw() else None
            return output

        return result

    def _raw(self) -> list[bytes] | None:
        """A fingerprint of the kernel's rules; None if it offers none."""
        try:
            return raw_rules(self.variant, self._six)
        except OSError:
            return None

    def _program(self, suffix: str, *words: str, text: str = "") -> str:
        self._has_programs()
        done = _call([f"{self._command}{suffix}", *words], text)
        if done.returncode:
            raise _refusal(done.stderr)
        return done.stdout

    def restore(self, text: str, flush: bool) -> None:
        """`iptables-restore`, with --noflush, or with the counters that `text` gives. Raises RuleRefused."""
        if flush:
            self._program("-restore", "-c", *self._waiting, text=text)
        else:
            with self.restoring(text):
                pass

    @property
    def _waiting(self) -> list[str]:
        """The option with which iptables-restore waits for another one; the nft variant needs none."""
        return ["-w"] if self.variant == "legacy" else []

    @contextmanager
    def restoring(self, text: str) -> Iterator[None]:
        """`iptables-restore --noflush` at the same time as what is done in a `with` block; nothing where there is no text.

        Raises RuleRefused at the block's end. Policies are set last, without the program where that saves time: on the nft variant, where
        a program that changed one ends only after the kernel's next grace period, in which no device comes to be (nft_rcv_nl_event() in
        nf_tables_api.c holds the lock that nf_tables_netdev_event() waits for); on the legacy variant, where nothing else is to do.
        """
        rules, policies = policies_apart(text)
        if rules and self.variant == "legacy":
            rules, policies = text, []
        with self._restoring(rules) if rules else nullcontext():
            yield
        if policies:
            self._set_policies(policies)

    @contextmanager
    def _restoring(self, text: str) -> Iterator[None]:
        self._has_programs()
        words = [f"{self._command}-restore", "--noflush", *self._waiting]
        with open(os.memfd_create("rules"), "w+", encoding="utf-8") as rules:  # a pipe would have to be filled while the program reads
            rules.write(text)
            rules.seek(0)
            process = subprocess.Popen(words, stdin=rules, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace")
        try:
            yield
        finally:
            _, error = process.communicate(timeout=_SECONDS)
        if process.returncode:
            raise _refusal(error)

    def _has_programs(self) -> None:
        if self.variant == NONE:
            raise RuleRefused(f"this lab has no firewall: {NO_IPTABLES}")

    def canonical(self, text: str) -> str:
        """How iptables itself prints `text`, tried in a temporary namespace with the same sets. Raises RuleRefused."""
        home = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        sets = "".join(line for line in saved_sets([text]).splitlines(keepends=True) if line.startswith("create "))
        try:
            unshare(NEWNET)
            if sets:
                _call(["ipset", "restore"], sets)
            try:
                self.restore(text, flush=True)
            except RuleRefused as refusal:
                raise self._better(text) or refusal from None
            return self._program("-save")
        finally:
            setns(home, NEWNET)
            os.close(home)

    def _better(self, text: str) -> RuleRefused | None:
        """Rule by rule through `iptables -A`, whose messages say more than those of `iptables-restore` and name the rule."""
        self._program("-restore", text="".join(f"{line}\n" for line in text.splitlines() if not line.startswith("-A")))
        for number, table, rule in appended(text):
            done = _call([self._command, "-w", "-t", table, *split(rule)])
            if done.returncode:
                return RuleRefused(_refusal(done.stderr).message, number)
        return None

    def _set_policies(self, policies: Sequence[ChainPolicy]) -> None:
        """Sets the policies of built-in chains; a refusal is told in iptables' own words. Raises RuleRefused."""
        without_program = self._by_netlink if self.variant == "nft" else self._by_python_iptables
        if not without_program(policies):
            texts = [f"*{table}\n:{chain} {verdict} [0:0]\nCOMMIT\n" for table, chain, verdict in policies]
            self._program("-restore", "--noflush", *self._waiting, text="".join(texts))

    def _by_netlink(self, policies: Sequence[ChainPolicy]) -> bool:
        """Sets policies on the nft variant, and tells whether that went well."""
        if any(policy.table != "filter" for policy in policies):
            return False
        # The socket stays open until the next one is: to close it is to wait for the grace period, as the program does.
        before, self._netfilter = self._netfilter, NetfilterSocket()
        if before:
            before.close()
        try:
            set_policies(self._netfilter, policies, self._six)
        except OSError:
            return False
        return True

    def _by_python_iptables(self, policies: Sequence[ChainPolicy]) -> bool:
        """Sets policies on the legacy variant, and tells whether that went well."""
        iptc = self._python_iptables()
        if iptc is None:
            return False
        try:
            for table, chain, verdict in policies:
                iptc.Chain(self._fresh(table), chain).set_policy(verdict)
        except iptc.IPTCError:
            return False
        return True

    def foreign(self) -> tuple[ForeignRules, ...]:
        """What else filters in this namespace: the other variant's rules, and native nftables tables."""
        return (*self._other_variants(), *_native(self._beyond_iptables()))

    def _beyond_iptables(self) -> dict[str, list[str]]:
        """The tables under iptables' names in which nft has put what iptables-nft does not read, each with the chains that it does read."""
        found: dict[str, list[str]] = {}
        for family, six in (("ip", False), ("ip6", True)):
            tables = iptables_tables(six)
            if not tables:
                continue
            reading = self.saving() if self.variant == "nft" and not six else dump_of("nft", six)
            if reading is None:
                found |= {f"{family} {name}": [] for name in tables}
                continue
            dump = reading()
            for name in _BEYOND.findall(dump):
                section = dump.partition(f"\n*{name}\n")[2].partition("\nCOMMIT")[0]
                found[f"{family} {name}"] = _entered(section) if self.variant == "nft" else []
        return found

    def _other_variants(self) -> Iterator[ForeignRules]:
        """Each other variant that has rules or a DROP policy; where its program is missing, if it has a table: that may hold any."""
        for other in VARIANTS:
            if other == self.variant:
                continue
            families = [six for six in (False, True) if _tables_of(other, six)]
            dumps = [dump_of(other, six) for six in families]
            texts = [dump() for dump in dumps if dump]
            if None in dumps or any(map(_has_rules, texts)):
                yield ForeignRules(other, "".join(texts))

    def warm_up(self) -> bool:
        """Prepares for the next request: imports python-iptables, makes a dump. False when everything is done."""
        if self._iptc is None and self._python_iptables() is not None:
            return True
        with suppress(RuleRefused):
            self.save()
        return False

    def _python_iptables(self) -> Any:
        if self._iptc is None and not self._iptc_missing:
            try:
                self._iptc = import_iptc()
            except Exception:  # noqa: BLE001 (python-iptables raises its own errors, of many kinds, where it cannot find its libraries)
                self._iptc_missing = True
        return self._iptc

    def _fresh(self, table: str) -> Any:
        """The table as it is now: python-iptables caches tables, and committing one that changed meanwhile fails with EAGAIN."""
        handle = self._iptc.Table6(table) if self._six else self._iptc.Table(table)
        handle.refresh()
        return handle


def dump_of(variant: str, six: bool = False) -> Callable[[], str] | None:
    """Starts reading this namespace's rules of a variant in one family, if it has any tables; calling the result waits for the dump."""
    program = f"ip{'6' if six else ''}tables-{variant}-save"
    return _reading([program, "-c"]) if _tables_of(variant, six) and shutil.which(program) else None


def _reading(words: list[str]) -> Callable[[], str]:
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace")

    def result() -> str:
        output, error = process.communicate(timeout=_SECONDS)
        if process.returncode:
            raise _refusal(error)
        return output

    return result


def has_rules() -> bool:
    """Whether this namespace may have rules: any table of either variant, or of nftables."""
    return bool(legacy_tables() or legacy_tables(six=True)) or has_tables()


def saved_sets(dumps: Iterable[str]) -> str:
    """The sets of ipset in this namespace as `ipset save` prints them, if rules of these dumps ask for any and the program is there."""
    if not any("-set " in dump for dump in dumps) or not shutil.which("ipset"):
        return ""
    return _call(["ipset", "save"]).stdout


def _tables_of(variant: str, six: bool = False) -> bool:
    """Whether this namespace has any tables of a variant in one family."""
    return bool(legacy_tables(six) if variant == "legacy" else iptables_tables(six))


def _entered(section: str) -> list[str]:
    """The chains of a table in a dump that packets enter there: the built-in ones, and those to which their rules lead."""
    found = re.findall(r"^:(\S+) (?!-)", section, re.MULTILINE)
    rules = re.findall(r"^(?:\[\S+\] )?-A (\S+).* -[jg] (\S+)", section, re.MULTILINE)
    for chain in found:  # grows meanwhile
        found += [target for source, target in rules if source == chain and target not in found]
    return found


def _native(beyond: Mapping[str, Collection[str]]) -> Iterator[ForeignRules]:
    """nft's tables; of those that are `beyond` iptables, what that does not read."""
    tables = native_tables(beyond)
    if tables:
        listed = [_listed(table, beyond.get(table, ())) for table in tables] if shutil.which("nft") else []
        yield ForeignRules("nftables", "".join(listed), tables)


def _listed(table: str, without: Collection[str]) -> str:
    """A table as nft lists it with handles, without these chains."""
    text = _call(["nft", "-a", "list", "table", *table.split(" ", 1)]).stdout
    for chain in without:
        text = re.sub(rf"^\tchain {re.escape(chain)} \{{.*\n(?:\t\t.*\n)*\t\}}\n\n?", "", text, flags=re.MULTILINE)
    return text


def _refusal(stderr: str) -> RuleRefused:
    """iptables' own words."""
    return RuleRefused(*said_by_iptables(stderr))
