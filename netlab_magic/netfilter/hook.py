"""A hook: the tables of iptables, the base chains of nft, and NAT, in the order of their priorities."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import permutations

from netlab_magic.iptables.numbers import word_of
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.model.hooks import HOOK_TABLES, NFT_HOOK_TABLES
from netlab_magic.model.packet import Packet
from netlab_magic.netfilter.compile import compiled
from netlab_magic.netfilter.frame import Frame, frame_of
from netlab_magic.netfilter.ip_sets import IpSets
from netlab_magic.netfilter.nft_program import IPTABLES_NAT, BaseChain, Turn, compiled_nft
from netlab_magic.netfilter.result import Cause, Entries, Outcome, RuleVisit
from netlab_magic.netfilter.routing import Routing
from netlab_magic.netfilter.table import Decision, Undecided, traverse
from netlab_magic.nftables.ruleset import Ruleset as NftRuleset

__all__ = ["AtHooks", "Stopped"]

_NAT_ENDS = {"PREROUTING": "destination", "OUTPUT": "destination", "INPUT": "source", "POSTROUTING": "source"}

_NO_FRAMES: Mapping[str, tuple[BaseChain, ...]] = {}
_TRACKING = -200
"""The priority of connection tracking (NF_IP_PRI_CONNTRACK)."""

_ORDER_IS_OPEN = "has the same priority as others, and the rules do not show which of them runs first"


def _is_possible(order: Sequence[Turn], listed: Sequence[Turn]) -> bool:
    """Whether the order of base chains with one priority is known."""
    return all(
        [turn for turn in order if isinstance(turn, BaseChain) and turn.table == one.table]
        == [turn for turn in listed if isinstance(turn, BaseChain) and turn.table == one.table]
        for one in listed
        if isinstance(one, BaseChain)
    )


def _is_icmp_error(frame: Frame) -> bool:
    """Whether it is one about a packet of a connection: other ICMP packets begin or belong to connections themselves."""
    return frame.state == "RELATED" and word_of(frame.protocol) in ("icmp", "ipv6-icmp")


def _routes_again(turn: Turn) -> bool:
    """Whether the kernel looks for another route after a table or base chain of OUTPUT."""
    return turn == "mangle" if isinstance(turn, str) else turn.kind == "route"


class Stopped(Exception):
    """Raised when the packet goes no further; `why` says what stopped it."""

    def __init__(self, outcome: Outcome, why: str, answer: str = "", cause: Cause = Cause.RULE) -> None:
        super().__init__(why)
        self.outcome = outcome
        self.why = why
        self.answer = answer
        self.cause = cause


class AtHooks:
    """A packet on its path through hooks: `frame` is its current state, `entries` what was checked."""

    def __init__(
        self,
        packet: Packet,
        ruleset: Ruleset,
        native: NftRuleset | None,
        routing: Routing | None,
        variant: str,
        assumed: Iterable[bool],
        sets: IpSets,
    ) -> None:
        self.routing = routing
        program = compiled(ruleset)
        self.frame = frame_of(packet, routing, sets.without(program.filled) if program.filled else sets)
        self.tables, self.asked, self.tracks = program.tables, program.asked, program.tracks
        self.native = compiled_nft(native, self.frame.six) if native is not None and native.tables else None
        if self.native is not None:
            self.tracks = self.tracks or self.native.tracks
        self.frames = self.native.frames if self.native is not None else _NO_FRAMES
        self.assumed = iter(assumed)
        self.ordered = False
        self.notracked = False
        self.order = NFT_HOOK_TABLES if variant == "nft" else HOOK_TABLES
        self.entries: Entries = []
        self.hooks: list[str] = []
        self.keeps_from_neighbours = ""

    def rerouted(self) -> None:
        """Routes a packet again after OUTPUT changed its destination; raises Stopped if there is no route."""
        raise NotImplementedError

    def marked_in_output(self) -> None:
        """Routes a packet again after mangle or a chain of the type route has changed its mark or type of service in OUTPUT."""
        raise NotImplementedError

    def change(self, **values: object) -> None:
        """Another frame with these values, so that the steps keep the frame that they saw."""
        self.frame = frame = self.frame.copied()
        for name, value in values.items():
            setattr(frame, name, value)

    def hook(self, name: str) -> None:
        """Runs all base chains of a hook; raises Stopped if one of them stops the packet."""
        self.hooks.append(name)
        asked = self.asked[name]
        if self.native is not None:
            for group in self.native.filters(name, self.order is NFT_HOOK_TABLES, asked):
                self.settle(name, group, self.take)
            return
        for kind in self.order[name]:
            if kind in asked or kind == "nat":
                self.ask_kind(name, kind)

    def ask_kind(self, hook: str, kind: str) -> None:
        """The table of iptables of this kind; nat translates."""
        if kind == "nat":
            self.translate(hook)
            return
        chain = self.tables[kind][hook]
        if chain.is_open:  # as most are, so that asking them is worth a short way
            self.entries.append(RuleVisit(hook, chain.end[1], True, -1, self.frame))
        elif kind == "raw":
            self.before_tracking(hook, kind)
        else:
            self.obey(self.ask(hook, kind))

    def settle(self, hook: str, group: Sequence[Turn], take: Callable[[str, Turn], None]) -> None:
        """Runs base chains of one priority. Their order matters if one of them stops or changes the packet; then it is assumed."""
        active = [] if self.ordered or len(group) == 1 else [turn for turn in group if self.is_active(hook, turn)]
        if len(active) < 2:
            for turn in group:
                take(hook, turn)
            return
        for turn in group:
            if turn not in active:
                take(hook, turn)
        frame, start, hooks = self.frame, len(self.entries), len(self.hooks)
        orders = [order for order in permutations(active) if _is_possible(order, active)]
        for order in orders:
            end = self.end_of(hook, order, take)
            is_right: bool | None = order is orders[-1] or (end is None and self.frame is frame)
            if not is_right:
                is_right = next(self.assumed, None)
            if is_right is None:
                last = next(entry for entry in reversed(self.entries) if isinstance(entry, RuleVisit))
                raise Undecided(last.line, _ORDER_IS_OPEN, forks=True)
            if is_right:
                if end is not None:
                    raise end
                return
            self.frame = frame
            del self.entries[start:], self.hooks[hooks:]

    def end_of(self, hook: str, order: Sequence[Turn], take: Callable[[str, Turn], None]) -> "Stopped | None":
        """Runs base chains one after another; returns how one of them stopped the packet, None if it passed."""
        try:
            for turn in order:
                take(hook, turn)
        except Stopped as end:
            return end
        return None

    def is_active(self, hook: str, turn: Turn) -> bool:
        """Whether a base chain can affect a packet."""
        if isinstance(turn, BaseChain):
            return not turn.lines.is_open
        if turn == "nat" and self.native is not None and hook in self.native.nat:
            return True
        kind = "nat" if turn == IPTABLES_NAT else turn
        return kind in self.asked[hook] and not self.tables[kind][hook].is_open

    def take(self, hook: str, turn: Turn) -> None:
        """One base chain that filters, or all that translate."""
        if isinstance(turn, str):
            self.ask_kind(hook, turn)
        elif turn.lines.is_open:
            self.entries.append(RuleVisit(hook, turn.lines.end[1], True, -1, self.frame))
        elif turn.priority <= _TRACKING and hook in ("PREROUTING", "OUTPUT"):
            self.before_tracking(hook, turn)
        else:
            self.obey(self.ask(hook, turn))

    def take_nat(self, hook: str, turn: Turn) -> None:
        """One base chain that translates, unless another one has."""
        if _NAT_ENDS[hook] in self.frame.translated:
            return
        self.obey(self.ask(hook, "nat" if turn == IPTABLES_NAT else turn))

    def before_tracking(self, hook: str, table: Turn) -> None:
        """The raw table sees no connection yet, unless the packet brings one along: a refusal, or a packet that comes back through lo.

        What a rule of the host says about an untracked packet brings the state of a related one, without a connection: NOTRACK leaves it
        alone, as its _nfct is not 0 (nf_conntrack_attach, xt_ct_target). What is said about a closed port brings nothing, since UDP has
        parted the datagram from its connection before (nf_reset_ct in __udp4_lib_rcv and __udp6_lib_rcv).
        """
        state = self.frame.state
        attached = self.frame.attached or self.notracked or "OUTPUT" in self.hooks[:-1]
        tracked = asked = self.frame
        if not attached:
            self.frame = asked = tracked.copied()
            asked.state = "INVALID"
            asked.attached = tracked.half_attached
        decision = self.ask(hook, table)
        if decision.verdict == "REJECT":
            pass  # what is said about it comes without its connection
        elif self.frame is asked:
            self.frame = tracked
        elif self.frame.state == "UNTRACKED":
            self.notracked = True
        elif not attached:
            self.change(state=state, attached=False)
        self.obey(decision)

    def ask(self, hook: str, turn: Turn) -> Decision:
        before = self.frame
        if isinstance(turn, str):
            decision = traverse(hook, hook, self.tables[turn], before, self.assumed, self.entries)
        else:
            decision = traverse(hook, turn.name, turn.chains, before, self.assumed, self.entries)
        self.frame = after = decision.frame
        is_marked = hook == "OUTPUT" and (after.mark, after.tos) != (before.mark, before.tos)
        if is_marked and decision.verdict == "ACCEPT" and _routes_again(turn):
            self.marked_in_output()
        return decision

    def obey(self, decision: Decision) -> None:
        if decision.verdict == "ACCEPT":
            return
        line = decision.line
        where = f"{line} in {line.table}" if line.table != "filter" and not line.is_native else str(line)
        if decision.verdict == "REJECT":
            raise Stopped(Outcome.REJECTED, f"{where} rejects it", line.action.answer)
        raise Stopped(Outcome.DROPPED, f"{where} drops it")

    def translate(self, hook: str) -> None:
        """The nat table decides about a connection's first packet; all others are translated as it was (nf_nat_inet_fn).

        Where no rule has connection tracking run, there are no connections, and it is never asked. An ICMP error never asks it
        (nf_nat_ipv4_fn). A reset of REJECT may be the first that POSTROUTING sees of its connection: what the table decides then is about
        the other direction, and the reset itself is translated as any reply (nf_nat_packet).
        """
        frame, end = self.frame, _NAT_ENDS[hook]
        if frame.state in ("INVALID", "UNTRACKED") or not self.tracks:
            return
        first = frame.state == "NEW" or (frame.state == "RELATED" and not _is_icmp_error(frame))
        if first and end not in frame.translated:
            asked = self.asked[hook]
            if self.native is None:
                if "nat" in asked:
                    self.take_nat(hook, IPTABLES_NAT)
            else:
                for group in self.native.translators(hook, asked):
                    self.settle(hook, group, self.take_nat)
            self.frame.translated |= {end}  # no rule can see that, so that the frame need not be another
            if frame.direction == "REPLY":
                self.change(source=frame.source, source_port=frame.source_port)
        self.translate_as_before(end)
        if hook == "OUTPUT" and self.frame.destination != frame.destination:
            self.rerouted()

    def translate_as_before(self, end: str) -> None:
        """A packet looks, once translated, like the answer to those of the other direction (nf_nat_manip_pkt)."""
        frame = self.frame
        own, other = (frame.original, frame.reply) if frame.direction == "ORIGINAL" else (frame.reply, frame.original)
        has_ports = "icmp" not in word_of(frame.protocol)
        if end == "source" and (own.source, own.source_port) != (other.destination, other.destination_port):
            self.change(source=other.destination, source_port=other.destination_port if has_ports else 0)
        if end == "destination" and (own.destination, own.destination_port) != (other.source, other.source_port):
            self.change(destination=other.source, destination_port=other.source_port if has_ports else 0)
