"""One namespace in which packets are traced: its rules, the listener, and the reports in the user's terms."""

import socket
from collections.abc import Iterator, Sequence

import msgspec

from netlab_magic.engines.host.netlink.codec import Message, Received
from netlab_magic.engines.host.state.firewall import VARIANTS, dump_of
from netlab_magic.engines.host.state.nftables import FAMILIES, rule_numbers
from netlab_magic.engines.host.tracing.correlate import SeenPacket
from netlab_magic.engines.host.tracing.drop_causes import Counters
from netlab_magic.engines.host.tracing.listener import Listener
from netlab_magic.engines.host.tracing.packet_reports import Report, read_report
from netlab_magic.iptables import save_format
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.model.hooks import BUILT_IN
from netlab_magic.model.kernel_trace import HookReport, ReportEvent
from netlab_magic.model.packet import Packet

__all__ = ["TracedNamespace"]


class TracedNamespace:
    """One namespace that is listened in; the process must be in it to create this, to listen and to stop."""

    def __init__(self, variant: str, six: bool) -> None:
        self._variant = variant
        self.listener: Listener | None = None
        self._saving = {one: dump_of(one, six) for one in VARIANTS}
        self._numbers = rule_numbers()
        self._taken: list[Received] = []
        self.dumps: dict[str, str] = {}
        self._legacy_rules = Ruleset()
        self._counters: list[Counters] = []
        self.lost = False

    def read_rules(self) -> None:
        """Waits for the dumps that were begun."""
        self.dumps = {variant: save() for variant, save in self._saving.items() if save}
        self._legacy_rules = save_format.parse(self.dumps.get("legacy", ""), strict=False)

    def listen(self, messages: Sequence[Message], family: int, logs: bool = True) -> None:
        """Makes the table of these messages and listens; `logs`: it logs packets too. Raises OSError with a sentence."""
        legacy = "legacy" in self.dumps
        self.listener = Listener(messages, family, legacy, logs)
        if legacy:
            self.listener.log_legacy()
        self._counters.append(Counters())

    def take(self) -> None:
        """Reads what has been reported, before it is more than the kernel keeps."""
        if self.listener is not None:
            self._taken += self.listener.reports()
            self.lost = self.lost or self.listener.lost

    def stop(self) -> Listener:
        """Reads the last reports; the listener is still to be closed."""
        assert self.listener is not None
        self.take()
        stopped, self.listener = self.listener, None
        stopped.unlog_legacy()
        self._counters.append(Counters())
        return stopped

    def rises(self) -> dict[str, int]:
        """By how much each counter rose between the first packet and the end of the try."""
        before, after = (counters.values() for counters in self._counters)
        return {name: value - before.get(name, 0) for name, value in after.items()}

    def taken(self) -> Iterator[Report]:
        """The reports taken since this was last asked."""
        taken, self._taken = self._taken, []
        names: dict[bytes, str] = {}

        def device(index: bytes) -> str:
            if index not in names:
                names[index] = _device(int.from_bytes(index, "big"))
            return names[index]

        read = (read_report(message, device) for message in taken)
        return (report for report in read if report is not None)

    def reports(self, seen: SeenPacket) -> Iterator[HookReport]:
        """The reports about one packet, in the user's terms."""
        hook, packet = "", Packet("", "")
        for report, following in zip(seen.reports, [*seen.reports[1:], None], strict=True):
            hook = report.hook or hook
            packet = _packet_then(report, packet)
            if report.event in (ReportEvent.ENTERS, ReportEvent.LEAVES):
                yield HookReport(report.event, hook, packet)
            elif report.family:
                decided = following is not None and following.event == ReportEvent.POLICY and following.chain == report.chain
                if not (report.event == ReportEvent.RETURN and decided):
                    yield self._nft(report, hook, packet)
            else:
                yield self._legacy(report, hook, packet)

    def _nft(self, report: Report, hook: str, packet: Packet) -> HookReport:
        if report.event == ReportEvent.RETURN:
            report = msgspec.structs.replace(report, verdict="RETURN")
        ours = self._variant == "nft" and FAMILIES.get(report.family) in ("ip", "ip6") and report.table in BUILT_IN
        number = self._numbers.get((report.family, report.table, report.chain, report.handle))
        table = report.table if ours else f"{FAMILIES.get(report.family, '')} {report.table}"
        return HookReport(report.event, hook, packet, table, report.chain, number, report.verdict)

    def _legacy(self, report: Report, hook: str, packet: Packet) -> HookReport:
        """x_tables reports a rule without conditions like the end of its chain, which is such a rule too; the number distinguishes them."""
        chain = self._legacy_rules.table(report.table).chain(report.chain)
        is_rule = report.event == ReportEvent.RULE or (chain is not None and report.number <= len(chain.rules))
        table = report.table if self._variant == "legacy" else f"legacy {report.table}"
        event, number = (ReportEvent.RULE, report.number) if is_rule else (report.event, None)
        return HookReport(event, hook, packet, table, report.chain, number)


def _packet_then(report: Report, before: Packet) -> Packet:
    """The packet at a report; an nftables event never has a bridge's ports, and often not the packet."""
    packet = report.headers.packet if report.headers else None
    if packet is None:
        return msgspec.structs.replace(before, mark=report.mark) if report.mark != before.mark else before
    if report.family:
        return msgspec.structs.replace(packet, port_in=before.port_in, port_out=before.port_out)
    return packet


def _device(index: int) -> str:
    try:
        return socket.if_indextoname(index)
    except OSError:
        return f"if{index}"
