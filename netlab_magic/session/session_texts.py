"""The longer texts that session statements show."""

from collections.abc import Iterator, Sequence

from netlab_magic.engines.collect import RESULT, as_pasted
from netlab_magic.engines.doctor import Finding
from netlab_magic.engines.dump.engine import LoadedEngine
from netlab_magic.engines.dump.host_dump import Remark
from netlab_magic.engines.engine import Engine
from netlab_magic.engines.machine import CONTAINER
from netlab_magic.engines.protocol import SIMULATED, Ready
from netlab_magic.i18n import language as language_of
from netlab_magic.i18n import message
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.language.syntax import GROUPS, SYNTAX
from netlab_magic.model.topology import HOST
from netlab_magic.session.foreign_rules import foreign_warnings, inside_warnings
from netlab_magic.session.state import Seen
from netlab_magic.text import counted, printable

__all__ = ["attached_to", "called", "collect_text", "counts", "doctor_text", "enter_text", "help_text", "ready_text", "status_text"]

_UNREAD = message("{} cannot be judged, because {} cannot be read: {}")
_MORE_UNREAD = message("Nor can {} others be judged.")
_NAMESPACES = message("Its namespaces: {}.")
_AND_MORE = message("and {} more")
_STOPPED = message("Containers that are not running, and so have no network: {}.")
_SILENT = message("The names of containers may be missing, because no answer came from {}.")
_FEW, _MANY = 3, 24
_MOST_REMARKS = 12
_LOOP = message(
    "Chains of {table} lead back to themselves ({chains}): iptables-restore would refuse these rules, and no packet can be followed there."
)
_FORWARDING = "net.ipv4.ip_forward=1, net.ipv6.conf.all.forwarding=1"
_COMMANDS = message("Commands")
_AS_TYPED = message(
    "a line that begins with $ or ! or a program's name (sudo, ip, iptables, nft, nsenter, tcpdump, …) is run as typed by a shell in the "
    "lab host; %%netlab sh [NS] runs a whole cell this way"
)
_EXAMPLE = message("For example")
_TYPED = """  nft add table inet fw
  nft 'add chain inet fw forward { type filter hook forward priority filter; policy drop; }'
  nft -f - <<EOF   # """
_WHOLE_RULESET = message("a whole ruleset in the next lines, up to a line EOF")
_WAYS = {"user": "a user namespace (no privilege was needed)", "root": "namespaces created by root", "sudo": "sudo"}


def help_text(word: str | None, language: str) -> str:
    """All statements by group; one statement with an example; or, for a program's name, how command lines are run."""
    say = language_of(language)
    commands = f"{say(_COMMANDS)}\n  {say(_AS_TYPED)}\n\n{say(_EXAMPLE)}\n{_TYPED}{say(_WHOLE_RULESET)}"
    if word and word not in SYNTAX:
        return commands
    if word:
        syntax = SYNTAX[str(word)]
        forms, examples = "\n".join(syntax.forms or (syntax.form,)), "\n  ".join(syntax.examples)
        return f"{forms}\n  {say(syntax.summary)}" + (f"\n\n{say(_EXAMPLE)}\n  {examples}" if examples else "")
    parts: list[str] = []
    for title, group in GROUPS.items():
        parts.append(say(title))
        for syntax in group:
            parts += [f"  {syntax.form}", f"      {say(syntax.summary)}"]
        parts.append("")
    return "\n".join([*parts, commands])


def ready_text(name: str, ready: Ready) -> str:
    """What is shown of a lab that has just started."""
    notes = "".join(f"\n  note: {note}" for note in ready.notes)
    if ready.way == SIMULATED:
        return (
            f"The lab{called(name)} is up, simulated: no packet is sent, and a model of the Linux kernel works out what would happen; "
            f"firewall variant {ready.firewall}.\n"
            f"  IP forwarding is on, as on a Docker host ({_FORWARDING}).{notes}"
        )
    return (
        f"The lab{called(name)} is up: a network of its own, created through {_WAYS.get(ready.way, ready.way)}, "
        f"firewall variant {ready.firewall}.\n"
        f"  IP forwarding is on, as on a Docker host ({_FORWARDING}); the machine's own network is not touched.{notes}"
    )


def called(name: str) -> str:
    """A lab's name, unless it is the default."""
    return "" if name == "lab" else f" {name}"


def counts(seen: Seen, loaded: bool = False) -> str:
    """How much there is; for a `loaded` host, without the rules that were not loaded."""
    topology, four, six = seen.topology, seen.ruleset, seen.ruleset6
    parts = [counted(len(topology.namespaces) - 1, "namespace"), counted(len(topology.host.bridges), "bridge")]
    is_six_told = _rules_in(six) or six.forward_policy == "DROP" or (loaded and seen.dump6)
    of_six = f"; ip6tables: {counted(_rules_in(six), 'rule')}, FORWARD policy {six.forward_policy}" if is_six_told else ""
    of_four = f", {counted(_rules_in(four), 'rule')}, FORWARD policy {four.forward_policy}" if seen.dump or not of_six else ""
    tables = sum(len(ruleset.tables) for ruleset in seen.native.values())
    of_nft = f"; nftables: {counted(tables, 'table')}" if tables else ""
    return f"{', '.join(parts)}{of_four}{of_six}{of_nft}"


def _rules_in(ruleset: Ruleset) -> int:
    return sum(len(chain.rules) for table in ruleset.tables for chain in table.chains)


def status_text(name: str, engine: Engine, seen: Seen, language: str) -> str:
    """The state of a lab that is up, of any kind."""
    ready = engine.ready
    if isinstance(engine, LoadedEngine):
        return _loaded_text(engine, seen, language)
    if ready.way.startswith("attach"):
        return _attached_text(ready, seen, language)
    lines = [ready_text(name, ready), f"  In it: {counts(seen)}."]
    lines += [f"  server: {server} ({server.does})" for server in seen.topology.servers]
    shown = [process for process in engine.processes() if "netlab_magic.engines.host" not in process.command]
    lines += [f"  running in {'the lab host' if process.namespace == HOST else process.namespace}: {process.command}" for process in shown]
    lines += [f"  {warning}" for warning in (*foreign_warnings(seen.observed, ready.firewall), *inside_warnings(seen))]
    return "\n".join(lines)


def enter_text(ready: Ready, namespace: str | None) -> str:
    """The command that opens a terminal in the lab host, or in a namespace."""
    if ready.way == SIMULATED:
        return "A simulated lab has no processes, so there is nothing to enter; %%netlab sh runs a whole cell in it."
    inside = f" ip netns exec {namespace} bash" if namespace and namespace != HOST else " bash"
    path = " env PATH=/run/netlab/bin:$PATH"
    user = "-U --preserve-credentials " if ready.way == "user" else ""
    sudo = "sudo " if ready.way == "sudo" else ""
    return f"Type this in a terminal on this machine:\n  {sudo}nsenter -t {ready.pid} {user}-m -n -p -u{path}{inside}"


def attached_to(ready: Ready) -> str:
    """Whose network is attached."""
    target = ready.way.partition(":")[2]
    if target == "host":
        return "the machine's own network"
    container = target.removeprefix(CONTAINER)
    return f"the network of process {target}" if container == target else f"the network of the container {container}"


def _attached_text(ready: Ready, seen: Seen, language: str) -> str:
    """What is shown of an attached network."""
    head = f"Looking at {attached_to(ready)}, without touching it (firewall variant {ready.firewall}): {counts(seen)}."
    warnings = (f"  {warning}" for warning in foreign_warnings(seen.observed, ready.firewall))
    return "\n".join([head, *_machine_lines(seen, language), *warnings])


def _machine_lines(seen: Seen, language: str) -> Iterator[str]:
    """The namespaces of a whole machine, and the containers that have none."""
    say, machine = language_of(language), seen.observed.machine
    if machine is None:
        return
    others = [name for name in seen.topology.namespaces if name != HOST]
    if others:
        more = [say(_AND_MORE, len(others) - _MANY)] if len(others) > _MANY else []
        yield "  " + say(_NAMESPACES, ", ".join([*map(printable, others[:_MANY]), *more]))
    if machine.stopped:
        yield "  " + say(_STOPPED, ", ".join(map(printable, machine.stopped[:_MANY])))
    yield from ("  " + say(_SILENT, printable(one)) for one in machine.silent)


def _loaded_text(loaded: LoadedEngine, seen: Seen, language: str) -> str:
    """What is shown of a loaded lab: its sources, what had to be assumed, and what was not understood."""
    whose = ", ".join(loaded.sources)
    lines = [f"Loaded from {whose}, to be looked at (firewall variant {loaded.ready.firewall}): {counts(seen, loaded=True)}."]
    lines += _machine_lines(seen, language)
    lines += [f"  {warning}" for warning in foreign_warnings(seen.observed, loaded.ready.firewall)]
    lines += [f"  {language_of(language)(_LOOP, table=table, chains=' → '.join(chains))}" for table, chains in loaded.loops.items()]
    lines += [f"  {language_of(language)(_UNREAD, *found)}" for found in loaded.unread[:_FEW]]
    if len(loaded.unread) > _FEW:
        lines.append(f"  {language_of(language)(_MORE_UNREAD, len(loaded.unread) - _FEW)}")
    if loaded.assumptions:
        lines += ["  Assumed, because what was loaded does not say:", *(f"    {one.said(language)}" for one in loaded.assumptions)]
    remarks = loaded.dump.remarks
    if remarks:
        lines.append(f"  Not understood, and left out: {counted(len(remarks), 'line')}")
        lines += [f"    {_remark_text(remark, whose)}" for remark in remarks[:_MOST_REMARKS]]
    if len(remarks) > _MOST_REMARKS:
        lines.append(f"    and {counted(len(remarks) - _MOST_REMARKS, 'more line')}; .remarks of the result lists them all")
    return "\n".join(lines)


def collect_text() -> str:
    """What to run on another host, and what to do with the result."""
    head = f"Paste this into a terminal on the other host. It only reads, needs root, and writes {RESULT}; then load {RESULT} here."
    return f"{head}\n\n{as_pasted()}"


def _remark_text(remark: Remark, sources: str) -> str:
    """A line that was not understood; of one source alone, its name need not be repeated."""
    told = str(remark)
    return told.removeprefix(f"{sources}, ") if remark.source == sources else told


def doctor_text(findings: Sequence[Finding]) -> str:
    """The doctor's report."""
    way = next((finding.what for finding in findings if finding.is_way and finding.well), None)
    verdict = f"Labs work here, through: {way}." if way else "Labs are simulated here; any of the ways below would give you the kernel."
    return "\n".join([verdict, *map(str, findings)])
