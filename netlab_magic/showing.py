"""What `show` gives: always read back from the kernel, never what was asked for."""

from collections.abc import Sequence

from netlab_magic import savefile
from netlab_magic import statement as s
from netlab_magic.change import between
from netlab_magic.draw import Picture, chains_picture, topology_picture
from netlab_magic.engine import Engine
from netlab_magic.engine.wire import Observed
from netlab_magic.errors import CommandFailed, StatementError
from netlab_magic.outcome import Outcome
from netlab_magic.reader import suggest
from netlab_magic.result import CellResult, Result, Text
from netlab_magic.ruleset import Ruleset
from netlab_magic.statement import place_of
from netlab_magic.topology import HOST, Interface, Namespace, Topology, network_of

__all__ = ["FOREIGN", "output_of", "script", "show"]

FOREIGN = (
    "Warning: the other variant of iptables ({other}) has rules in this lab too. A packet must pass both, and this lab's iptables "
    "({own}) does not show them; look with: $ iptables-{other}-save"
)


def show(engine: Engine, statement: s.Show, observed: Observed, outcomes: Sequence[Outcome]) -> Result | Picture:
    """The picture or text that a `show` statement asks for. Raises StatementError for a chain that does not exist."""
    ruleset = savefile.parse(observed.rules)
    match statement.what:
        case "topology":
            return _noted(engine, observed, topology_picture(observed.topology, ruleset, outcomes))
        case "chains":
            table = _table_of(ruleset, statement.name) if statement.name else "filter"
            return _noted(engine, observed, chains_picture(ruleset, table, str(statement.name or "FORWARD")))
        case "rules":
            table = _table_of(ruleset, statement.name) if statement.name else "filter"
            chain = f" {statement.name}" if statement.name else ""
            listing = output_of(engine, f"iptables -t {table} -nvL{chain} --line-numbers")
            return Text(_warned(engine, observed, listing))
        case "save":
            return Text(_warned(engine, observed, _without_counters(ruleset)))
        case "routes":
            return Text(_routes(observed.topology))
        case "conntrack":
            return Text(output_of(engine, "conntrack -L") or "no connections are tracked now")
        case _:
            return Text(script(observed.topology, observed.rules))


def _noted(engine: Engine, observed: Observed, picture: Picture) -> Result | Picture:
    """A picture, with a warning before it when the other firewall variant, which it does not show, has rules too."""
    if not observed.foreign:
        return picture
    return CellResult([Text(FOREIGN.format(other=observed.foreign, own=engine.ready.firewall)), picture])


def _warned(engine: Engine, observed: Observed, text: str) -> str:
    if not observed.foreign:
        return text
    return f"{FOREIGN.format(other=observed.foreign, own=engine.ready.firewall)}\n\n{text}"


def _table_of(ruleset: Ruleset, chain: str) -> str:
    """The table that has a chain; filter first. Raises StatementError."""
    names = ["filter", "nat", "mangle", "raw", "security"]
    for name in names:
        if ruleset.table(name).chain(chain):
            return name
    known = [held.name for name in names for held in ruleset.table(name).chains]
    raise StatementError(f"there is no chain {chain}{suggest(chain, known)}", place_of(chain))


def output_of(engine: Engine, command: str) -> str:
    """What a command in the lab prints. Raises CommandFailed with its error output."""
    printed: dict[str, list[str]] = {"stdout": [], "stderr": []}
    ran = engine.run(command, lambda stream, text: printed[stream].append(text))
    if ran.status:
        why = "".join(printed["stderr"]).strip() or f"exit status {ran.status}"
        raise CommandFailed(f"{command}: {why}", status=ran.status)
    return "".join(printed["stdout"])


def _routes(topology: Topology) -> str:
    """Each namespace's routes: those that follow from its addresses, then those that were made."""
    lines: list[str] = []
    for name in sorted(topology.namespaces, key=lambda name: (name != HOST, name)):
        namespace = topology.namespaces[name]
        lines.append(name)
        for route in namespace.routes:
            via = f" via {route.via}" if route.via else ""
            lines.append(f"  {route.destination}{via}{f' dev {route.device}' if route.device else ''}")
        for interface in namespace.interfaces:
            if interface.up and interface.kind != "loopback":
                lines += [f"  {network_of(cidr)} dev {interface.name} (its own network)" for cidr in interface.addresses]
    return "\n".join(lines)


def script(topology: Topology, dump: str) -> str:
    """The whole lab as a shell script; run by root in an empty network namespace it makes the same lab."""
    lo = Interface("lo", "loopback", ("127.0.0.1/8",), up=False)
    lines = ["#!/bin/sh", "# Made by netlab_magic. Run as root in an empty network namespace (unshare -nm, with a private /run).", "set -e"]
    lines += [command for change in between(Topology({HOST: Namespace(HOST, (lo,))}), topology) for command in change.commands()]
    ruleset = savefile.parse(dump)
    kept = [table for table in ruleset.tables if any(chain.rules or chain.policy in (None, "DROP") for chain in table.chains)]
    if kept:
        lines += ["iptables-restore <<'END'", _without_counters(Ruleset(tuple(kept))), "END"]
    return "\n".join(lines) + "\n"


def _without_counters(ruleset: Ruleset) -> str:
    lines: list[str] = []
    for table in ruleset.tables:
        lines.append(f"*{table.name}")
        lines += [f":{chain.name} {chain.policy or '-'} [0:0]" for chain in table.chains]
        lines += [f"-A {chain.name} {rule.spec}".rstrip() for chain in table.chains for rule in chain.rules]
        lines.append("COMMIT")
    return "\n".join(lines)

