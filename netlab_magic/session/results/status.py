"""What `status`, `load` and `attach` return: how a lab was made, and what had to be assumed about it."""

from collections.abc import Sequence

from netlab_magic.session.results.base import Text

__all__ = ["Status"]


class Status(Text):
    """The state of a lab; true when it is up.

    Attributes:
        text: all of it in words.
        way: how the lab was made: `user`, `root` or `sudo` for one on the kernel, `simulated`, `load`, `attach:host`,
            `attach:PID` or `attach:container:NAME`; ""
            where none is up.
        firewall: the variant of iptables, `legacy` or `nft`; "" where none is up.
        assumptions: what the loaded dumps do not say and is assumed, a sentence each.
        not_understood: the lines of the loaded dumps that were not understood, each with its file and number.
    """

    def __init__(
        self, text: str, way: str = "", firewall: str = "", assumptions: Sequence[str] = (), not_understood: Sequence[str] = ()
    ) -> None:
        super().__init__(text, ok=bool(way))
        self.way = way
        self.firewall = firewall
        self.assumptions = tuple(assumptions)
        self.not_understood = tuple(not_understood)
