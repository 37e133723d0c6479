"""What `trace` gives: the kernel's account of a packet, namespace after namespace, as text and as HTML."""

from collections.abc import Iterator
from html import escape

from netlab_magic.diagnosis.kernel_causes import fact_sentence
from netlab_magic.diagnosis.traced_path import Row, rows_of, rulesets_of
from netlab_magic.i18n import Language, language, message
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.model.kernel_trace import KernelTrace, TracedHop
from netlab_magic.session.results.base import Measured, Result
from netlab_magic.text import printable

__all__ = ["Tracked"]

_DIRECTIONS = {"request": message("request"), "reply": message("reply"), "error": message("error message")}
_HEADS = (message("hook"), message("table"), message("chain"), message("rule"), message("what it says"), message("what followed"))


class Tracked(Result):
    """A probe and all that the kernel told of its packets; true when it was answered."""

    def __init__(self, traced: KernelTrace, language: str = "en") -> None:
        self.traced = traced
        self.language = language

    def __bool__(self) -> bool:
        return self.traced.outcome.answered

    def __str__(self) -> str:
        lines = [f"{Measured(self.traced.outcome)}{' (simulated)' if self.traced.simulated else ''}"]
        say = language(self.language)
        for traced_hop, rows in self._passages():
            lines.append(_head(traced_hop, say))
            cells = [[printable(cell) for cell in _cells(row, say)] for row in rows]
            widths = [max(len(row[at]) for row in cells) for at in range(4)]
            lines += ["    " + _line(row, widths) for row in cells]
        return "\n".join([*lines, *self._facts(say)])

    def html(self, commands: bool = False) -> str:
        """See Result."""
        say = language(self.language)
        heads = "".join(f'<th scope="col">{escape(say(head))}</th>' for head in _HEADS)
        body = "".join(_html(traced_hop, rows, say) for traced_hop, rows in self._passages())
        causes = "".join(f'<pre class="bad">{escape(cause)}</pre>' for cause in self._facts(say))
        table = f'<table class="way"><tr>{heads}</tr>{body}</table>' if body else ""
        lang = self.language.replace("_", "-")
        remark = "<pre>(simulated)</pre>" if self.traced.simulated else ""
        return f'{Measured(self.traced.outcome).html()}{remark}<div lang="{lang}">{table}{causes}</div>'

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
    """The interfaces that it came in and went out through; of a bridge with its port."""
    seen = [one.packet for one in traced_hop.reports]
    came = next((_device(packet.input, packet.port_in) for packet in seen if packet.input), "")
    went = next((_device(packet.output, packet.port_out) for packet in reversed(seen) if packet.output), "")
    ways = [say("in through {}", came) if came else "", say("out through {}", went) if went else ""]
    return f" ({', '.join(filter(None, ways))})"


def _device(device: str, port: str) -> str:
    return f"{device}/{port}" if port else device


def _cells(row: Row, say: Language) -> tuple[str, ...]:
    """Hook, table, chain, rule, what the rule says, what followed."""
    match row.kind:
        case "quiet":
            return row.hook, "", "", "", say("no rule matched"), ""
        case "source":
            return row.hook, "", "", "", say("the source is changed: {}", row.text), ""
        case "destination":
            return row.hook, "", "", "", say("the destination is changed: {}", row.text), ""
        case "lost":
            return row.hook, "", "", "", say("came in, and was not seen to leave"), ""
        case "rule":
            return row.hook, row.table, row.chain, str(row.rule or "?"), row.text, row.followed or say("next rule")
    end = say("policy") if row.kind == "policy" else say("end of the chain")
    return row.hook, row.table, row.chain, "", end, row.followed


def _line(cells: list[str], widths: list[int]) -> str:
    *places, text, followed = cells
    padded = "  ".join(place.ljust(width) for place, width in zip(places, widths, strict=True) if width)
    mark = " ✕" if followed in ("DROP", "REJECT") else ""
    return f"{padded}  {text}{f' → {followed}' if followed else ''}{mark}"


def _html(traced_hop: TracedHop, rows: list[Row], say: Language) -> str:
    head = f'<tr><th scope="colgroup" colspan="{len(_HEADS)}">{escape(_head(traced_hop, say))}</th></tr>'
    return head + "".join(_html_row(row, say) for row in rows)


def _html_row(row: Row, say: Language) -> str:
    cells = "".join(f"<td>{escape(printable(cell))}</td>" for cell in _cells(row, say))
    return f'<tr class="bad">{cells}</tr>' if row.fatal else f"<tr>{cells}</tr>"
