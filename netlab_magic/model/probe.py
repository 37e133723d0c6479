"""What a probe found out: one flow, one verdict, and how it is known."""

from enum import StrEnum
from typing import Self

import msgspec

__all__ = ["Outcome", "Probe", "Verdict"]


class Verdict(StrEnum):
    """What became of a probe, in words, each with the mark that stands for it in tables, pictures and the panel.

    Only `ANSWERED` counts as success; `NOT_MEASURED` says nothing about the network.
    """

    mark: str

    ANSWERED = "answered", "✓"
    BLOCKED = "blocked", "✕"
    REFUSED = "refused", "⟂"
    NO_ROUTE = "no route", "↛"
    NOBODY = "nobody there", "∅"
    NOT_MEASURED = "not measured", "?"

    def __new__(cls, words: str, mark: str) -> Self:
        verdict = str.__new__(cls, words)
        verdict._value_ = words
        verdict.mark = mark
        return verdict


class Probe(msgspec.Struct, frozen=True):
    """One question to the network: can `source` reach `address`?

    `protocol` is icmp, tcp or udp; `port` is 0 for icmp. `target` is the namespace that has the address, or "" when none of the
    lab's has it. `name` is how the user wrote the destination.
    """

    source: str
    name: str
    address: str
    target: str = ""
    protocol: str = "icmp"
    port: int = 0

    @property
    def six(self) -> bool:
        """Whether it goes by IPv6."""
        return ":" in self.address

    def __str__(self) -> str:
        port = f":{self.port}" if self.port else ""
        protocol = "" if self.protocol == "icmp" else f" ({self.protocol})"
        return f"{self.source} → {self.name}{port}{protocol}"


class Outcome(msgspec.Struct, frozen=True):
    """The answer to a probe: its verdict, the round-trip time in milliseconds where there was one, and one sentence why.

    `connected` tells of one that is not answered that a TCP connection was made all the same: a SYN/ACK came, and nothing good after it.
    """

    probe: Probe
    verdict: Verdict
    milliseconds: float | None = None
    why: str = ""
    connected: bool = False

    @property
    def answered(self) -> bool:
        """Whether the verdict is `ANSWERED`."""
        return self.verdict == Verdict.ANSWERED

