"""What `show` returns: always read back from the kernel, never what was requested."""

from collections.abc import Sequence

import msgspec

from netlab_magic.draw import Explain, Picture, chains_picture, hooks_picture, topology_picture
from netlab_magic.engines.engine import Engine
from netlab_magic.engines.protocol import SIMULATED, Observed
from netlab_magic.errors import CommandFailed, StatementError, place_of
from netlab_magic.explain import rule_sentence, sentences_of
from netlab_magic.forwarding.flows import hit_by_no_flow, lab_flows
from netlab_magic.iptables.listing import listing
from netlab_magic.iptables.ruleset import RulePosition, Ruleset
from netlab_magic.language import statements as s
from netlab_magic.model.probe import Outcome
from netlab_magic.model.topology import HOST, Topology, network_of
from netlab_magic.session.explain import explained, table_of
from netlab_magic.session.foreign_rules import foreign_warnings, with_foreign
from netlab_magic.session.lab_model import model_of
from netlab_magic.session.native import nft_listing, numbered_rules
from netlab_magic.session.native_tables import native_chains, native_explained, native_rules, native_title
from netlab_magic.session.program_output import output_of
from netlab_magic.session.results.base import CellResult, Result, Text
from netlab_magic.session.script import script, without_counters
from netlab_magic.session.state import Seen
from netlab_magic.text import suggest

__all__ = ["explain", "show"]

_MOST_TO_WORK_OUT = 20_000
"""Up to this many flows times rules, `explain` says which rules no flow meets: less than half a second of work."""


def show(engine: Engine, statement: s.Show, seen: Seen, outcomes: Sequence[Outcome], language: str = "en") -> Result | Picture:
    """The picture or text that a `show` statement asks for. Raises StatementError for a chain that does not exist."""
    observed, ruleset = seen.observed, _rules(engine, statement.family, seen)
    match statement.what:
        case "topology":
            other, native = _other_rules(engine, seen), seen.native.get(HOST)
            picture = topology_picture(observed.topology, ruleset, outcomes, ruleset6=other, native=native)
            return _noted(engine, observed, picture)
        case "chains" if title := native_title(engine, seen, statement):
            return _marked(engine, native_chains(engine, seen, title, statement, language))
        case "chains":
            return _noted(engine, observed, _chains(ruleset, statement, _sentences(ruleset, language)))
        case "way":
            return _hooks(engine, seen, ruleset, str(statement.name), language)
        case "rules" if title := native_title(engine, seen, statement):
            return numbered_rules(engine, observed, title, statement.name)
        case "rules":
            return Text(with_foreign(observed, engine.ready.firewall, _listed(engine, ruleset, statement)))
        case "save":
            return Text(with_foreign(observed, engine.ready.firewall, without_counters(ruleset)))
        case "nft":
            return nft_listing(engine, observed, statement.name)
        case "routes":
            return Text(_routes(observed.topology, statement.family))
        case "conntrack":
            return Text(_connections(engine, observed.topology))
        case _:
            return Text(script(seen))


def explain(engine: Engine, statement: s.Explain, seen: Seen, language: str) -> Result:
    """A chain or a rule in words. Raises StatementError for one that does not exist."""
    title = native_title(engine, seen, statement)
    if title:
        return native_explained(engine, seen, title, statement, language)
    ruleset = _rules(engine, statement.family, seen)
    return explained(statement, ruleset, language, _unmet(seen, ruleset))


def _other_rules(engine: Engine, seen: Seen) -> Ruleset | None:
    """The host's rules for IPv6; None for a loaded host without them."""
    return None if engine.ready.way == "load" and not seen.dump6 else seen.ruleset6


def _rules(engine: Engine, asked: str, seen: Seen) -> Ruleset:
    """The host's rules of the requested family; by default IPv4's, unless a loaded host has only those for IPv6.

    Raises StatementError for rules that were not loaded.
    """
    if asked == "ipv6" and _other_rules(engine, seen) is None:
        raise StatementError("no rules of ip6tables were loaded: load the output of ip6tables-save too")
    is_six_only = not engine.ready.sends and bool(seen.dump6) and not seen.dump
    return seen.rules_of(asked or ("ipv6" if is_six_only else "ipv4"))


def _unmet(seen: Seen, ruleset: Ruleset) -> tuple[RulePosition, ...]:
    """The rules of the host that no flow of the lab matches; none if there are no flows, or too many to work out."""
    six = ruleset.family == "ipv6"
    flows = sum(probe.six == six for probe in lab_flows(seen.topology))
    if not 0 < flows * (1 + sum(len(chain.rules) for table in ruleset.tables for chain in table.chains)) < _MOST_TO_WORK_OUT:
        return ()
    model = model_of(seen)
    return hit_by_no_flow(model.topology, model.rulesets6 if six else model.rulesets, model.other_filters).get(HOST, ())


def _hooks(engine: Engine, seen: Seen, ruleset: Ruleset, way: str, language: str) -> Result | Picture:
    """Every hook with all its base chains, including those of nft's own tables; with a warning about what is not drawn."""
    try:
        native = native_rules(engine, seen)
    except CommandFailed:  # then the warning mentions them
        return _noted(engine, seen.observed, hooks_picture(ruleset, way, explain=_sentences(ruleset, language)))
    picture = hooks_picture(ruleset, way, native=native, explain=sentences_of(ruleset, native, language))
    others = tuple(foreign for foreign in seen.observed.foreign if foreign.owner != "nftables")
    return _noted(engine, msgspec.structs.replace(seen.observed, foreign=others), picture)


def _sentences(ruleset: Ruleset, language: str) -> Explain:
    """What is shown when the pointer is over a rule."""
    return lambda table, chain, number: rule_sentence(ruleset, table, chain, number, language)


def _chains(ruleset: Ruleset, statement: s.Show, explain: Explain) -> Picture:
    """One chain, or a whole table. Raises StatementError for a chain that does not exist."""
    chain = statement.name
    table = statement.table or (table_of(ruleset, chain) if chain else "filter")
    held = ruleset.table(table)
    if chain and not held.chain(chain):
        hint = suggest(chain, [each.name for each in held.chains])
        raise StatementError(f"the table {table} has no chain {chain}{hint}", place_of(chain))
    return chains_picture(ruleset, table, chain and str(chain), explain=explain)


def _noted(engine: Engine, observed: Observed, picture: Picture) -> Result | Picture:
    """A picture, preceded by a warning about rules that it does not show; marked if the lab is simulated."""
    picture = _marked(engine, picture)
    warnings = foreign_warnings(observed, engine.ready.firewall)
    return CellResult([Text("\n".join(warnings)), picture]) if warnings else picture


def _marked(engine: Engine, picture: Picture) -> Picture:
    return picture.marked(SIMULATED) if engine.ready.way == SIMULATED else picture


def _listed(engine: Engine, ruleset: Ruleset, statement: s.Show) -> str:
    """The listing of a chain or a table: by iptables itself or, where no program can run, our own."""
    chain = statement.name
    table = statement.table or (table_of(ruleset, chain) if chain else "filter")
    if not engine.ready.sends:
        return listing(ruleset, table, chain and str(chain), variant=engine.ready.firewall)
    return output_of(engine, f"{ruleset.program} -t {table} -nvL{f' {chain}' if chain else ''} --line-numbers")


def _connections(engine: Engine, topology: Topology) -> str:
    """What is tracked, IPv4's connections first; conntrack lists one family at a time."""
    has_ipv6 = any(":" in cidr for cidr, _ in topology.addresses())
    found = output_of(engine, "conntrack -L") + (output_of(engine, "conntrack -L -f ipv6") if has_ipv6 else "")
    return found or "no connections are being tracked"


def _routes(topology: Topology, family: str = "") -> str:
    """Each namespace's routes, of one family if given: first those that were added, then those that follow from its addresses."""
    lines: list[str] = []
    for name in sorted(topology.namespaces, key=lambda name: (name != HOST, name)):
        namespace = topology.namespaces[name]
        lines.append(name)
        lines += [f"  {route}" for route in namespace.routes if family in ("", route.family)]
        for interface in namespace.interfaces:
            if interface.up and interface.kind != "loopback":
                own = [cidr for cidr in interface.addresses if family in ("", "ipv6" if ":" in cidr else "ipv4")]
                lines += [f"  {network_of(cidr)} dev {interface.name} (its own network)" for cidr in own]
    return "\n".join(lines)
