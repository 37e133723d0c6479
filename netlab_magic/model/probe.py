"""A probe and its outcome: one flow, one verdict, and the reason for it."""

from enum import StrEnum
from typing import Self

import msgspec

__all__ = ["Outcome", "Probe", "Verdict"]


class Verdict(StrEnum):
    """What happened to a probe, each with the symbol that stands for it in tables, pictures and the panel.

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
    """One question about the network: can `source` reach `address`?

    `protocol` is icmp, tcp or udp; `port` is 0 for icmp. `target` is the namespace that has the address, or "" if none in the lab
    has it. `name` is the destination as the user wrote it.
    """

    source: str
    name: str
    address: str
    target: str = ""
    protocol: str = "icmp"
    port: int = 0

    @property
    def six(self) -> bool:
        """Whether it uses IPv6."""
        return ":" in self.address

    def __str__(self) -> str:
        port = f":{self.port}" if self.port else ""
        name = f"[{self.name}]" if port and ":" in self.name else self.name
        by_name = "IPv6" if self.six and ":" not in self.name else ""
        told = ", ".join(word for word in ("" if self.protocol == "icmp" else self.protocol, by_name) if word)
        return f"{self.source} → {name}{port}{f' ({told})' if told else ''}"


class Outcome(msgspec.Struct, frozen=True):
    """The result of a probe: its verdict, the round-trip time in milliseconds if there was one, and the reason in a sentence.

    `connected` is set if the probe was not answered although a TCP connection was made: a SYN/ACK came back, but what followed failed.
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

