"""Tab completion inside `%%netlab` cells and `%netlab` lines, from the same grammar that reads them."""

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from IPython.core.completer import CompletionContext, SimpleCompletion, SimpleMatcherResult

from netlab_magic.docker.releases import SERIES
from netlab_magic.errors import NetlabError
from netlab_magic.iptables import save_format
from netlab_magic.language.docker_parser import DOCKER_VALUES
from netlab_magic.language.parser import expected_after
from netlab_magic.language.syntax import SYNTAX
from netlab_magic.model.hooks import BUILT_IN, HOOKS
from netlab_magic.model.topology import HOST, INTERNET, Topology
from netlab_magic.nftables.ruleset import Ruleset as NftRuleset
from netlab_magic.session.state import Seen
from netlab_magic.teaching.lab import Lab
from netlab_magic.teaching.scenario import library

__all__ = ["Completer"]

_PATIENCE_SECONDS = 0.2
_MOST_FILES = 500


class Completer:
    """Completes words of the language; names come from the lab, when it is up.

    `options` are those of the magic, and `split` takes them off a line.
    """

    def __init__(
        self,
        lab: Callable[[], Lab | None],
        options: Sequence[str] = (),
        split: Callable[[str], tuple[str, str]] = lambda line: ("", line),
    ) -> None:
        self._lab = lab
        self._options = options
        self._split = split

    def match(self, context: CompletionContext) -> SimpleMatcherResult:
        """What completes the word before the cursor, as IPython's matchers say it."""
        line = context.text_until_cursor.rpartition("\n")[2]
        inside = self._statement_before(context.full_text, context.cursor_line, line)
        if inside is None:
            return {"completions": [], "suppress": False}
        words = inside.split()
        fragment = "" if not inside or inside[-1].isspace() else words.pop()
        done = fragment[: fragment.rfind(",") + 1] if words and words[0] != "load" else ""  # a list, such as NEW,ESTABLISHED
        found = sorted(done + word for word in set(self.words(words, fragment)) if (done + word).startswith(fragment))
        return {
            "completions": [SimpleCompletion(text=word, type="netlab") for word in found],
            "suppress": True,
            "matched_fragment": fragment,
        }

    def words(self, before: list[str], begun: str = "") -> Iterable[str]:
        """What may follow these words of a statement; `begun` is how the word begins, for files in other folders."""
        if not before:
            return [*SYNTAX, *self._options]
        if before[0] == "load":
            return _files(begun)
        topology, chains = self._known()
        found: list[str] = []
        for expected in expected_after(before):
            found += [expected] if not expected.startswith("<") else self._of_kind(expected[1:-1], topology, chains)
        return found

    def _of_kind(self, kind: str, topology: Topology, chains: list[str]) -> list[str]:
        namespaces = list(topology.namespaces) or [HOST]
        bridges = [bridge.name for bridge in topology.host.bridges]
        match kind:
            case "namespace" | "source":
                return namespaces
            case "destination":
                return [*namespaces, INTERNET]
            case "bridge":
                return bridges
            case "container" | "docker network":
                return self._docker(kind)
            case "chain":
                return chains
            case "interface":
                return [interface.name for interface in topology.host.interfaces]
            case "scenario":
                return ["list", "random", *(name for name, held in library().items() if not held.is_checkpoint)]
            case "checkpoint":
                return list(library())
            case "device":
                return [interface.name for namespace in topology.namespaces.values() for interface in namespace.interfaces]
            case "user chain":
                return [name for name in chains if name not in HOOKS]
            case "thing":
                return [*namespaces, *(interface.name for interface in topology.host.interfaces), *map(str, topology.servers)]
            case "nft table":
                return [f"{table.family}:{table.name}" for table in self._nft().tables]
            case "nft chain":
                return [chain.name for table in self._nft().tables for chain in table.chains]
            case "name of a table":
                return [table.name for table in self._nft().tables]
            case "snapshot":
                return self._snapshots()
            case "word":
                return list(SYNTAX)
            case "version":
                return list(SERIES)
            case kind if kind in DOCKER_VALUES:
                return list(DOCKER_VALUES[kind])
            case "gateway":
                return [address.partition("/")[0] for bridge in topology.host.bridges for address in bridge.addresses]
        return []

    def _statement_before(self, text: str, cursor_line: int, line: str) -> str | None:
        """The part of a statement before the cursor, or None outside of our cells and lines."""
        magic = re.match(r"\s*%netlab\b(.*)", line)
        if magic:
            options, rest = self._split(magic[1])
            return rest if rest or magic[1].endswith(" ") or not options else options.split()[-1]
        first = text.lstrip("\n").partition("\n")[0]
        if re.match(r"%%netlab\b", first) and not re.search(r"\bsh\b", first):
            if cursor_line == 0:
                return None
            return line.lstrip()
        return None

    def _docker(self, kind: str) -> list[str]:
        lab = self._lab()
        daemon = lab.dockerd if lab is not None else None
        if daemon is None:
            return []
        return [held.name for held in (daemon.containers if kind == "container" else daemon.networks)]

    def _snapshots(self) -> list[str]:
        lab = self._lab()
        return list(lab.history.snapshots) if lab is not None else []

    def _nft(self) -> NftRuleset:
        """The tables of nft that the host has."""
        lab = self._lab()
        if lab is None or not lab.is_up:
            return NftRuleset()
        try:
            return Seen(lab.observe(foreign=True, patience=_PATIENCE_SECONDS)).native.get(HOST, NftRuleset())
        except NetlabError:
            return NftRuleset()

    def _known(self) -> tuple[Topology, list[str]]:
        """What the lab has; nothing when it is not up: pressing Tab starts no lab."""
        lab = self._lab()
        if lab is not None and lab.is_up:
            try:
                observed = lab.observe(patience=_PATIENCE_SECONDS)
            except NetlabError:
                return Topology(), [*BUILT_IN["filter"]]
            ruleset = save_format.parse(observed.rules, strict=False)
            return observed.topology, [chain.name for name in BUILT_IN for chain in ruleset.table(name).chains]
        return Topology(), [*BUILT_IN["filter"]]


def _files(begun: str) -> list[str]:
    """The files, and with a slash the folders, whose names go on from what was typed; hidden ones when it begins with a dot."""
    folder, _, name = begun.rpartition("/")
    at = Path(f"{folder}/" if folder or begun.startswith("/") else ".").expanduser()
    try:
        found = [held for held in at.iterdir() if held.name.startswith(".") == name.startswith(".")]
    except OSError:
        return []
    before = begun[: len(begun) - len(name)]
    return [f"{before}{held.name}{'/' if held.is_dir() else ''}" for held in found[:_MOST_FILES]]
