"""Questions about an attached or loaded network, which is read-only: the model alone, with placeholder hosts for unknown addresses."""

from collections.abc import Sequence

import msgspec

from netlab_magic.engines.dump.engine import LoadedEngine
from netlab_magic.engines.engine import Engine
from netlab_magic.engines.machine import Machine
from netlab_magic.errors import Word
from netlab_magic.forwarding.any_address import Foreseen, foresee
from netlab_magic.forwarding.endpoints import matrix_probes, probe_for
from netlab_magic.forwarding.other_filters import OtherFilters
from netlab_magic.forwarding.unknown_hosts import inhabitants, with_unknown_hosts
from netlab_magic.iptables.analysis.host_evidence import Evidence, evidence_of
from netlab_magic.iptables.ruleset import PROGRAM_OF, Ruleset
from netlab_magic.language.plan_topology import refuse
from netlab_magic.language.statements import Destination, Matrix
from netlab_magic.language.word_reader import looks_like_address
from netlab_magic.model.probe import Outcome, Probe
from netlab_magic.model.topology import HOST
from netlab_magic.model.unread import Unread
from netlab_magic.session.lab_model import Model, full_topology, other_filters_in, outcome_of
from netlab_magic.session.results.probe import MatrixResult
from netlab_magic.session.state import Seen

__all__ = ["foreseen", "matrix_looked_at", "meant", "peopled", "sent_from"]


def foreseen(seen: Seen, source: str, destination: Destination, device: str = "") -> tuple[Foreseen, Model]:
    """What happens to a probe, whose source and destination may be addresses, and the model that says so. Raises StatementError.

    `device` is the one that its packets come in through, "" if the question does not say.
    """
    source, destination = meant(seen, source), msgspec.structs.replace(destination, name=meant(seen, destination.name))
    six = destination.family == "ipv6" or any(str(word).count(":") > 1 for word in (source, destination.name))
    model = _model(seen, six)
    found = foresee(model.topology, model.rulesets6 if six else model.rulesets, source, destination, model.other_filters, device)
    return found, msgspec.structs.replace(model, topology=found.topology)


def meant(seen: Seen, word: str) -> str:
    """The namespace that a word stands for; on an attached machine also a container's ID, its service, or a PID.

    Raises StatementError for a container that does not run.
    """
    machine = seen.observed.machine or Machine()
    if word in seen.topology.namespaces:
        return word
    if word in machine.stopped:
        refuse(f"the container {word} is not running, so it has no network", word)
    known = machine.aliases.get(str(word), word)
    return Word(known, word.place) if isinstance(word, Word) else known


def sent_from(seen: Seen, source: str, destination: Destination) -> Probe:
    """The probe to send on an attached machine, from one of its namespaces to any address. Raises StatementError."""
    sender, target = meant(seen, source), msgspec.structs.replace(destination, name=meant(seen, destination.name))
    if sender not in seen.topology.namespaces:
        refuse(f"packets are sent from the namespaces of the attached machine; {sender} is none of them", source)
    six = destination.family == "ipv6" or str(target.name).count(":") > 1
    return probe_for(with_unknown_hosts(seen.topology, [target.name], six), sender, target)


def matrix_looked_at(engine: Engine, seen: Seen, statement: Matrix, language: str) -> MatrixResult:
    """Who reaches whom according to the model; without names, one machine represents each network. Raises StatementError."""
    met = [held.address for held in engine.dump.neighbours] if isinstance(engine, LoadedEngine) else []
    families = [statement.family] if statement.family else list(PROGRAM_OF)
    names = [meant(seen, name) for name in statement.names]
    outcomes = [outcome for family in families for outcome in _of_family(seen, names, met, family, language)]
    return MatrixResult(outcomes, predicted=True)


def _of_family(seen: Seen, names: Sequence[str], met: Sequence[str], family: str, language: str) -> list[Outcome]:
    """The pairs of a matrix that have one family in common."""
    six = family == "ipv6"
    model = _model(seen, six)
    wanted = names or inhabitants(model.topology, _evidence(model), met, six)
    there = [name for name in wanted if not looks_like_address(name) or (":" in name) == six]
    if not there:
        return []
    found = []
    peopled_topology = with_unknown_hosts(model.topology, there, six)
    for probe in matrix_probes(peopled_topology, [name for name in there if name in peopled_topology.namespaces], family):
        rulesets, target = model.rules_for(probe), Destination(probe.name, family=family)
        expected = foresee(model.topology, rulesets, probe.source, target, model.other_filters)
        outcome = outcome_of(expected.prediction, rulesets, language)
        found.append(msgspec.structs.replace(outcome, probe=probe))
    return found


def peopled(*models: Model) -> list[Model]:
    """The models, each with the same unknown hosts: those that represent the networks of any of them."""
    names = [name for model in models for name in inhabitants(model.topology, _evidence(model))]
    return [msgspec.structs.replace(model, topology=with_unknown_hosts(model.topology, names)) for model in models]


def _evidence(model: Model) -> Evidence:
    """What the host's rules reveal about the machines around it."""
    return evidence_of(model.rulesets.get(HOST) or model.rulesets6.get(HOST, Ruleset()))


def _has_iptables(seen: Seen) -> bool:
    """Whether rules of iptables or ip6tables were read; if only a listing of nft was, it has those of iptables-nft too."""
    return any(seen.dump_of(family) for family in PROGRAM_OF)


def _model(seen: Seen, six: bool) -> Model:
    """The host with its rules of one family; if they were not read, what it lets pass is unknown."""
    wanted, observed = "ipv6" if six else "ipv4", seen.observed
    rulesets = dict(seen.rulesets6 if six else seen.rulesets)
    if not seen.dump_of(wanted) and observed.machine is None:
        del rulesets[HOST]
    other_filters = other_filters_in(observed)
    listed = HOST in other_filters and (other_filters[HOST].unread or (other_filters[HOST].native.tables and not _has_iptables(seen)))
    if HOST not in rulesets and not listed:
        what = f"it is not known what {wanted.replace('ipv', 'IPv')} rules the host has"
        other_filters[HOST] = OtherFilters(unread=what, settled_by=Unread.IP6TABLES if six else Unread.IPTABLES)
    return Model(full_topology(observed), {} if six else rulesets, other_filters, rulesets if six else {})
