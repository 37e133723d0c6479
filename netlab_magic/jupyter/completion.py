"""Tab completion inside `%%netlab` cells and `%netlab` lines, from the same grammar that reads them."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from IPython.core.completer import CompletionContext, SimpleCompletion, SimpleMatcherResult, context_matcher

from netlab_magic.errors import NetlabError
from netlab_magic.iptables import save_format
from netlab_magic.jupyter.options import OPTIONS, split_options
from netlab_magic.language.parser import expected_after
from netlab_magic.language.syntax import SYNTAX
from netlab_magic.model.hooks import BUILT_IN
from netlab_magic.model.topology import HOST, INTERNET, Topology
from netlab_magic.session.lab import Lab

__all__ = ["Completer"]

_PATIENCE_SECONDS = 0.2
_MOST_FILES = 500
_RULE_WORDS = (
    *("-i", "-o", "-s", "-d", "-p", "-m", "-j", "!", "conntrack", "comment", "addrtype", "tcp", "udp", "icmp"),
    *("--ctstate", "--dport", "--sport", "--comment", "--dst-type", "--to-destination", "RELATED,ESTABLISHED", "NEW", "LOCAL"),
    *("ACCEPT", "DROP", "REJECT", "RETURN", "LOG", "MASQUERADE", "DNAT"),
)

_DOCKER_WORDS = {
    "boolean": ("true", "false"),
    "backend": ("iptables", "nftables"),
    "mode": ("nat", "nat-unprotected", "routed"),
    "version": ("20.10", "24", "27", "28.0", "28.5", "29"),
}


class Completer:
    """Completes words of the language; names come from the lab, when it is up."""

    def __init__(self, lab: Callable[[], Lab | None]) -> None:
        self._lab = lab

    @context_matcher(identifier="netlab_magic", priority=100)
    def match(self, context: CompletionContext) -> SimpleMatcherResult:
        """The matcher to register with IPython's completer."""
        line = context.text_until_cursor.rpartition("\n")[2]
        inside = _statement_before(context.full_text, context.cursor_line, line)
        if inside is None:
            return {"completions": [], "suppress": False}
        words = inside.split()
        fragment = "" if not inside or inside[-1].isspace() else words.pop()
        found = sorted(word for word in set(self.words(words, fragment)) if word.startswith(fragment))
        return {
            "completions": [SimpleCompletion(text=word, type="netlab") for word in found],
            "suppress": True,
            "matched_fragment": fragment,
        }

    def words(self, before: list[str], begun: str = "") -> Iterable[str]:
        """What may follow these words of a statement; `begun` is how the word begins, for files in other folders."""
        if not before:
            return [*SYNTAX, *OPTIONS]
        if before[0] == "load":
            return _files(begun)
        topology, chains = self._known()
        if before[-1] in ("-i", "-o"):
            return [interface.name for interface in topology.host.interfaces]
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
            case "rule":
                return [*_RULE_WORDS, *(interface.name for interface in topology.host.interfaces)]
            case "thing":
                return [*namespaces, *(interface.name for interface in topology.host.interfaces), *map(str, topology.servers)]
            case "snapshot":
                return self._snapshots()
            case "word":
                return list(SYNTAX)
            case kind if kind in _DOCKER_WORDS:
                return list(_DOCKER_WORDS[kind])
            case "gateway":
                return [address.partition("/")[0] for bridge in topology.host.bridges for address in bridge.addresses]
        return []

    def _docker(self, kind: str) -> list[str]:
        lab = self._lab()
        daemon = lab.dockerd if lab is not None else None
        if daemon is None:
            return []
        return [held.name for held in (daemon.containers if kind == "container" else daemon.networks)]

    def _snapshots(self) -> list[str]:
        lab = self._lab()
        return list(lab.history.snapshots) if lab is not None else []

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


def _statement_before(text: str, cursor_line: int, line: str) -> str | None:
    """The part of a statement before the cursor, or None outside of our cells and lines."""
    magic = re.match(r"\s*%netlab\b(.*)", line)
    if magic:
        options, rest = split_options(magic[1])
        return rest if rest or magic[1].endswith(" ") or not options else options.split()[-1]
    first = text.lstrip("\n").partition("\n")[0]
    if re.match(r"%%netlab\b", first) and not re.search(r"\bsh\b", first):
        if cursor_line == 0:
            return None
        return line.lstrip()
    return None
