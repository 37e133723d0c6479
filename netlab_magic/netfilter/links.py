"""A packet as a frame: the hooks of devices, and those of bridges, in which the hooks of IP are called (br_netfilter).

A frame between two ports of a bridge comes to ingress of its port, PREROUTING of the bridge family, in which IP's own is called, FORWARD
likewise, POSTROUTING, IP's POSTROUTING last, and egress of the other port. One for the host, or that it routes, comes to INPUT of the
bridge family and ingress of the bridge; one that the host sends to egress of the bridge, OUTPUT and POSTROUTING of the bridge family.
"""

from collections.abc import Callable

from netlab_magic.model.topology import uncertain
from netlab_magic.netfilter.hook import AtHooks
from netlab_magic.netfilter.nft_program import BaseChain, Turn, grouped
from netlab_magic.netfilter.table import Undecided, traverse

__all__ = ["AtLinks"]

_CALLED_AT = 0
"""The priority at which br_netfilter calls the hooks of IP (NF_BR_PRI_BRNF); where a chain has it too, the youngest is first."""

_IP = "IP"
"""The turn of those hooks."""


class AtLinks(AtHooks):
    """A packet with the chains that see it as a frame. Where there are none, they cost nothing."""

    def confirm(self) -> None:
        """A connection whose first packet has passed POSTROUTING is remembered, even if the frame gets no further (nf_confirm)."""
        if self.frames and self.frame.state not in ("INVALID", "UNTRACKED"):
            self.change(status=self.frame.status | {"CONFIRMED"})

    def through_device(self, hook: str, device: str, *, is_tracked: bool = True) -> None:
        """INGRESS or EGRESS of a device; where a frame comes in, it `is_tracked` not yet."""
        for chain in self.frames.get(hook, ()) if device else ():
            if _is_among(device, chain.devices):
                self.see(hook, chain, device, is_tracked)

    def on_bridge(self, hook: str, inner: Callable[[], None] | None = None) -> None:
        """A hook of the bridge family; `inner` are the hooks of IP that are called in it."""
        chains = self.frames.get(hook, ()) if self.frame.port_in or self.frame.port_out else ()
        if not chains:
            if inner is not None:
                inner()
            return

        def take(_: str, turn: Turn) -> None:
            if isinstance(turn, BaseChain):
                self.see(hook, turn, "", True)
            elif inner is not None:
                inner()

        for group in grouped(chains, [(_CALLED_AT, _IP)] if inner is not None else []):
            self.settle(hook, group, take)

    def is_active(self, hook: str, turn: Turn) -> bool:
        """See AtHooks."""
        return turn == _IP or super().is_active(hook, turn)

    def see(self, hook: str, chain: BaseChain, device: str, is_tracked: bool) -> None:
        """One chain sees the frame: its devices are the ports of a bridge, or the one whose hook it is."""
        if chain.stops_others and not self.keeps_from_neighbours:
            what = "neighbour discovery" if self.frame.six else "ARP"
            self.keeps_from_neighbours = f"the chain {chain.name} of table {chain.table} may stop {what}"
        frame = self.frame
        seen = frame.copied()
        if device:
            seen.input, seen.output = (device, "") if hook == "INGRESS" else ("", device)
        else:
            seen.input, seen.output = frame.port_in, frame.port_out
        if not is_tracked:
            seen.state = "INVALID"
        decision = traverse(hook, chain.name, chain.chains, seen, self.assumed, self.entries)
        after = decision.frame
        if (after.mark, after.tos, after.ttl) != (frame.mark, frame.tos, frame.ttl):
            self.change(mark=after.mark, tos=after.tos, ttl=after.ttl)
        if decision.verdict == "REJECT":
            raise Undecided(decision.line, "rejects a frame, which the model does not follow")
        self.obey(decision)

    def enter(self) -> None:
        """A frame comes in from outside."""
        if self.frames:
            self.through_device("INGRESS", self.frame.port_in or self.frame.input, is_tracked=False)

    def pass_up(self) -> None:
        """A frame on a bridge is for the host itself, or routed: it leaves the bridge's hooks."""
        if self.frames and self.frame.port_in:
            self.on_bridge("INPUT")
            self.through_device("INGRESS", self.frame.input)

    def send_out(self) -> None:
        """A packet that the host sends or has routed leaves it, through a port of a bridge or another device."""
        if not self.frames or self.routing is None:
            return
        self.confirm()
        device, routing = self.frame.output, self.routing
        self.through_device("EGRESS", device)
        ports = [name for name, held in routing.devices.items() if held.bridge == device]
        if not ports:
            return
        hop = routing.route(self.frame.destination)
        port = routing.port_to(device, hop.next) if hop else ""
        before = self.frame
        self.change(port_in="", port_out=port or uncertain(ports))
        self.on_bridge("OUTPUT")
        self.on_bridge("POSTROUTING")
        self.through_device("EGRESS", port or uncertain(ports))
        self.change(port_in=before.port_in, port_out=before.port_out)


def _is_among(device: str, devices: tuple[str, ...]) -> bool:
    return any(device == one or (one.endswith("*") and device.startswith(one[:-1])) for one in devices)
