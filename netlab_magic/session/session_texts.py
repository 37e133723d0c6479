"""The longer texts that session statements show."""

from collections.abc import Sequence

from netlab_magic.engines.doctor import Finding
from netlab_magic.engines.dump.engine import LoadedEngine
from netlab_magic.engines.engine import Engine
from netlab_magic.engines.protocol import SIMULATED, Observed, Ready
from netlab_magic.i18n import language as language_of
from netlab_magic.i18n import message
from netlab_magic.iptables import save_format
from netlab_magic.language.docker_parser import DOCKER_FORMS
from netlab_magic.language.syntax import SYNTAX
from netlab_magic.model.topology import HOST
from netlab_magic.session.show import foreign_warnings

__all__ = ["called", "counts", "doctor_text", "enter_text", "help_text", "ready_text", "status_text"]

_LOOP = message(
    "Chains of {table} lead back to themselves ({chains}): iptables-restore would refuse these rules, and no packet can be followed there."
)
_GROUPS = {
    "build": "Build (run again, they change nothing that is already so)",
    "firewall": "Firewall",
    "probe": "Probe",
    "show": "See",
    "session": "Session",
}
_COMMANDS = """Commands
  a line that begins with $ or ! or a program's name (sudo, ip, iptables, nsenter, tcpdump, …) is run as typed by a shell
  in the lab host; %%netlab sh [NS] runs a whole cell so"""
_EXAMPLES = {
    "bridge": "bridge docker1 172.18.0.1/16",
    "ns": "ns ns0 172.18.0.2/16 on docker1",
    "link": "link ns0 10.0.0.1/24 -- ns1 10.0.0.2/24",
    "internet": "internet 8.8.8.8 1.1.1.1",
    "route": "route ns0 10.9.0.0/16 via 172.18.0.1",
    "masquerade": "masquerade 172.18.0.0/16 except docker1",
    "serve": "serve ns0 80",
    "sysctl": "sysctl net.ipv4.ip_forward=0",
    "delete": "delete ns0 docker1",
    "policy": "policy FORWARD DROP",
    "forward": "forward -i docker1 -o docker1 -j ACCEPT\n  forward delete 1",
    "rule": "rule -t nat PREROUTING -p tcp --dport 8080 -j DNAT --to-destination 172.18.0.2:80",
    "docker": "docker install --version 27\n  docker network create backend\n  docker run web --network backend -p 8080:80",
    "ping": "ping ns1 ns0",
    "tcp": "tcp ns1 ns0:80",
    "udp": "udp ns1 ns0:53",
    "matrix": "matrix\n  matrix ns0 ns1\n  matrix --predict",
    "expect": "expect ns1 internet blocked",
    "why": "why ns1 internet\n  why ns1 ns0:80\n  why ns1 ns0 --predict",
    "predict": "predict ns1 internet blocked",
    "trace": "trace ns1 internet\n  trace ns1 ns0:80\n  trace ns1 ns0:53/udp",
    "show": "show topology\n  show chains\n  show chains FORWARD\n  show chains -t nat\n  show way",
    "explain": "explain FORWARD\n  explain FORWARD 3\n  explain -t nat DOCKER\n  explain -t filter",
    "snapshot": "snapshot before",
    "restore": "restore before",
    "load": "load iptables-save.txt ip-addr.json ip-route.json\n  load - <<END   (the dump in the next lines, up to a line END)",
    "enter": "enter ns1",
}
_WAYS = {"user": "a user namespace (no privilege was needed)", "root": "namespaces made by root", "sudo": "sudo"}


def help_text(word: str | None) -> str:
    """All statements by group, or one of them with an example."""
    if word:
        syntax = SYNTAX[str(word)]
        example = f"\n\nFor example\n  {_EXAMPLES[str(word)]}" if str(word) in _EXAMPLES else ""
        forms = "\n".join(DOCKER_FORMS) if word == "docker" else syntax.form
        return f"{forms}\n  {syntax.summary}{example}"
    parts: list[str] = []
    for group, title in _GROUPS.items():
        parts.append(title)
        for syntax in SYNTAX.values():
            if syntax.group == group:
                parts += [f"  {syntax.form}", f"      {syntax.summary}"]
        parts.append("")
    return "\n".join([*parts, _COMMANDS])


def ready_text(name: str, ready: Ready) -> str:
    """What a lab that has just started says of itself."""
    notes = "".join(f"\n  note: {note}" for note in ready.notes)
    if ready.way == SIMULATED:
        return (
            f"The lab{called(name)} is up, simulated: no packet is sent, a model of the Linux kernel says what would become of it, "
            f"firewall variant {ready.firewall}.\n"
            f"  IP forwarding is on, as on a Docker host (net.ipv4.ip_forward=1).{notes}"
        )
    return (
        f"The lab{called(name)} is up: its own network, made through {_WAYS.get(ready.way, ready.way)}, "
        f"firewall variant {ready.firewall}.\n"
        f"  IP forwarding is on, as on a Docker host (net.ipv4.ip_forward=1); the machine's own network is not touched.{notes}"
    )


def called(name: str) -> str:
    """A lab's name where it has one of its own."""
    return "" if name == "lab" else f" {name}"


def counts(observed: Observed) -> str:
    """How much there is."""
    topology, ruleset = observed.topology, save_format.parse(observed.rules, strict=False)
    named = len(topology.namespaces) - 1
    bridges = len(topology.host.bridges)
    rules = sum(len(chain.rules) for table in ruleset.tables for chain in table.chains)
    parts = [_count(named, "namespace"), _count(bridges, "bridge"), _count(rules, "rule")]
    return f"{', '.join(parts)}, FORWARD policy {ruleset.forward_policy}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def status_text(name: str, engine: Engine, observed: Observed, language: str) -> str:
    """The state of a lab that is up, of whichever kind."""
    ready = engine.ready
    if isinstance(engine, LoadedEngine):
        return _loaded_text(engine, observed, language)
    if ready.way.startswith("attach"):
        return _attached_text(ready.way.partition(":")[2], ready, observed)
    lines = [ready_text(name, ready), f"  In it: {counts(observed)}."]
    lines += [f"  server: {server} ({server.does})" for server in observed.topology.servers]
    shown = [process for process in engine.processes() if "netlab_magic.engines.host" not in process.command]
    lines += [f"  running in {'the lab host' if process.namespace == HOST else process.namespace}: {process.command}" for process in shown]
    lines += [f"  {warning}" for warning in foreign_warnings(observed, ready.firewall)]
    return "\n".join(lines)


def enter_text(ready: Ready, namespace: str | None) -> str:
    """The command that opens a terminal in the lab host, or in a namespace."""
    if ready.way == SIMULATED:
        return "A simulated lab has no processes, so there is nothing to enter; %%netlab sh runs a whole cell in it."
    inside = f" ip netns exec {namespace} bash" if namespace and namespace != HOST else " bash"
    path = " env PATH=/run/netlab/bin:$PATH"
    user = "-U --preserve-credentials " if ready.way == "user" else ""
    sudo = "sudo " if ready.way == "sudo" else ""
    return f"Type this in a terminal of this machine:\n  {sudo}nsenter -t {ready.pid} {user}-m -n -p -u{path}{inside}"


def _attached_text(target: str, ready: Ready, observed: Observed) -> str:
    """What a look at another network says of itself."""
    whose = "the machine's own network" if target == "host" else f"the network of process {target}"
    warning = "".join(f"\n  {warning}" for warning in foreign_warnings(observed, ready.firewall))
    return f"Looking at {whose}, without touching it (firewall variant {ready.firewall}): {counts(observed)}.{warning}"


def _loaded_text(loaded: LoadedEngine, observed: Observed, language: str) -> str:
    """What a loaded lab says of itself: what it was made of, what had to be assumed, and what was not understood."""
    whose = ", ".join(loaded.sources)
    lines = [f"Loaded from {whose}, to be looked at (firewall variant {loaded.ready.firewall}): {counts(observed)}."]
    lines += [f"  {warning}" for warning in foreign_warnings(observed, loaded.ready.firewall)]
    lines += [f"  {language_of(language)(_LOOP, table=table, chains=' → '.join(chains))}" for table, chains in loaded.loops.items()]
    if loaded.assumptions:
        lines += ["  What was loaded does not say it, and so it is assumed:", *(f"    {one.said(language)}" for one in loaded.assumptions)]
    remarks = loaded.dump.remarks
    if remarks:
        lines.append(f"  Not understood, and kept aside: {_count(len(remarks), 'line')}, the first is {remarks[0]}")
    return "\n".join(lines)


def doctor_text(findings: Sequence[Finding]) -> str:
    """The doctor's report."""
    way = next((finding.what for finding in findings if finding.is_way and finding.well), None)
    verdict = f"Labs work here, through: {way}." if way else "Labs are simulated here; any one of the ways below would open the kernel."
    return "\n".join([verdict, *map(str, findings)])
