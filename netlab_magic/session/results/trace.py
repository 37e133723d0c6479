"""What `trace` returns: the kernel's report about a packet, namespace by namespace, as text and as HTML."""

from collections.abc import Iterator

from netlab_magic.diagnosis.kernel_causes import fact_sentence
from netlab_magic.diagnosis.traced_path import Row, RowKind, rows_of, rulesets_of
from netlab_magic.i18n import Language, language, message
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.model.kernel_trace import Direction, DropCause, KernelTrace, TracedHop
from netlab_magic.model.probe import Outcome
from netlab_magic.session.results.base import Result
from netlab_magic.session.results.html import Html, div, joined, pre, table, td, th, tr
from netlab_magic.session.results.probe import Measured
from netlab_magic.text import aligned, printable

__all__ = ["Tracked", "columns"]

_DIRECTIONS = {
    Direction.REQUEST: message("request"),
    Direction.REPLY: message("reply"),
    Direction.ACK: message("third packet of the handshake"),
    Direction.ERROR: message("error message"),
}
_HEADS = (message("hook"), message("table"), message("chain"), message("rule"), message("what it says"), message("what followed"))


class Tracked(Result):
    """A probe and everything that the kernel reported about its packets; true if it was answered.

    Attributes:
        traced: everything that was seen, as one value.
        language: the language of the words, such as `en`.
    """

    def __init__(self, traced: KernelTrace, language: str = "en") -> None:
        self.traced = traced
        self.language = language

    @property
    def outcome(self) -> Outcome:
        """The probe with its verdict."""
        return self.traced.outcome

    @property
    def hops(self) -> tuple[TracedHop, ...]:
        """The packet in each namespace, with what was reported about it there: the request's hops, then those of the reply."""
        return self.traced.hops

    @property
    def causes(self) -> tuple[DropCause, ...]:
        """What stopped the packet outside the firewall, as far as the kernel's counters and tables show."""
        return self.traced.causes

    @property
    def simulated(self) -> bool:
        """Whether the report comes from a model instead of the kernel."""
        return self.traced.simulated

    def __bool__(self) -> bool:
        return self.traced.outcome.answered

    def __str__(self) -> str:
        lines = [f"{Measured(self.traced.outcome)}{' (simulated)' if self.traced.simulated else ''}"]
        say = language(self.language)
        for traced_hop, rows in self._passages():
            lines.append(_head(traced_hop, say))
            lines += [f"    {line}" for line in aligned([columns(row, say) for row in rows])]
        return "\n".join([*lines, *self._facts(say)])

    def html(self, commands: bool = False) -> Html:
        """See Result."""
        say = language(self.language)
        heads = tr(*(th(say(head), scope="col") for head in _HEADS))
        body = [_html(traced_hop, rows, say) for traced_hop, rows in self._passages()]
        causes = (pre(cause, class_="bad") for cause in self._facts(say))
        told = div(table(heads, *body, class_="way") if body else "", *causes, lang=self.language.replace("_", "-"))
        return joined(Measured(self.outcome).html(), pre("(simulated)") if self.simulated else "", told)

    def _passages(self) -> Iterator[tuple[TracedHop, list[Row]]]:
        rulesets = rulesets_of(self.traced)
        for traced_hop in self.traced.hops:
            yield traced_hop, rows_of(traced_hop, rulesets.get(traced_hop.namespace, Ruleset()))

    def _facts(self, say: Language) -> list[str]:
        return [fact_sentence(cause, say) for cause in self.traced.causes]


def _head(traced_hop: TracedHop, say: Language) -> str:
    """Which packet it is, where, and between which interfaces."""
    packet = traced_hop.reports[0].packet
    return printable(f"{traced_hop.namespace}: {say(_DIRECTIONS[traced_hop.direction])}, {packet}{_between(traced_hop, say)}")


def _between(traced_hop: TracedHop, say: Language) -> str:
    """The interfaces that it came in and went out through; for a bridge, also the port."""
    seen = [one.packet for one in traced_hop.reports]
    came = next((_device(packet.input, packet.port_in) for packet in seen if packet.input), "")
    went = next((_device(packet.output, packet.port_out) for packet in reversed(seen) if packet.output), "")
    ports = [say("in through {}", came) if came else "", say("out through {}", went) if went else ""]
    return f" ({', '.join(filter(None, ports))})"


def _device(device: str, port: str) -> str:
    return f"{device}/{port}" if port else device


def _cells(row: Row, say: Language) -> tuple[str, ...]:
    """Hook, table, chain, rule, what the rule says, what followed."""
    match row.kind:
        case RowKind.QUIET:
            return row.hook, "", "", "", say("no rule matched"), ""
        case RowKind.SOURCE:
            return row.hook, "", "", "", say("the source is changed: {}", row.text), ""
        case RowKind.DESTINATION:
            return row.hook, "", "", "", say("the destination is changed: {}", row.text), ""
        case RowKind.LOST:
            return row.hook, "", "", "", say("came in, but was not seen leaving"), ""
        case RowKind.RULE:
            return row.hook, row.table, row.chain, str(row.rule or "?"), row.text, row.followed or say("next rule")
    end = say("policy") if row.kind == RowKind.POLICY else say("end of the chain")
    return row.hook, row.table, row.chain, "", end, row.followed


def columns(row: Row, say: Language) -> tuple[str, ...]:
    """The cells of the text form, where the rule and what followed are one column."""
    *places, text, followed = map(printable, _cells(row, say))
    return *places, f"{text}{f' → {followed}' if followed else ''}{' ✕' if row.fatal else ''}"


def _html(traced_hop: TracedHop, rows: list[Row], say: Language) -> Html:
    head = tr(th(_head(traced_hop, say), scope="colgroup", colspan=len(_HEADS)))
    return joined(head, *(tr(*(td(printable(cell)) for cell in _cells(row, say)), class_="bad" if row.fatal else "") for row in rows))
