"""`watch`: real traffic of a namespace, told packet by packet while it is seen, and by connection at the end."""

from netlab_magic.engines.engine import Refusal
from netlab_magic.engines.protocol import WatchTraffic
from netlab_magic.errors import KernelRefused
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.language import statements as s
from netlab_magic.language.plan_topology import known_namespace
from netlab_magic.model.kernel_trace import WatchedPacket
from netlab_magic.session.predict_only import meant
from netlab_magic.session.results.watched import Watched, told_at_once
from netlab_magic.session.step import Plan, Running, Step, step_of

__all__ = ["Watching"]


class Watching(Step):
    """A watch, from its statement to the end of its time."""

    def __init__(self, statement: s.Watch) -> None:
        self.statement = statement

    def run(self, running: Running) -> None:
        """See Step. Raises KernelRefused."""
        statement, seen = self.statement, running.seen()
        namespace = known_namespace(seen.topology, meant(seen, statement.namespace)).name
        if running.options.dry_run:
            running.add_undone(statement, "watched")
            return
        six = statement.family == "ipv6" or (not statement.family and _names_six(statement.filter))
        running.emit_results()
        running.happens()

        ruleset = (seen.rulesets6 if six else seen.rulesets).get(namespace, Ruleset())

        def told(packet: WatchedPacket) -> None:
            running.stream("stdout", f"{told_at_once(packet, ruleset, running.language)}\n")

        try:
            traffic = running.network.engine.watch(WatchTraffic(statement.filter, statement.seconds, namespace, six), told)
        except Refusal as refusal:
            raise KernelRefused(refusal.message, statement.place, refusal.errno) from None
        running.add(Watched(traffic, namespace, statement.seconds, six, running.language))


def _names_six(words: str) -> bool:
    """Whether a filter is about IPv6: by an address, or a protocol."""
    return ":" in words or bool({"ip6", "icmp6"} & set(words.split()))


@step_of.register
def _watch(statement: s.Watch, _: Plan) -> Step:
    return Watching(statement)
