"""Random rulesets of nft's own: tables of several families, base chains at all hooks and priorities, chains that they call."""

import random

from agreement.frame_words import FrameWords
from agreement.nft_words import NftWords, Use

__all__ = ["Tables"]

_HOOKS = ("prerouting", "input", "forward", "output", "postrouting")
_TRANSLATES = ("prerouting", "input", "output", "postrouting")
_PRIORITIES = (-350, -300, -250, -199, -150, -120, -99, -10, 0, 0, 10, 50, 99, 101, 120, 150, 300)
_NAT_PRIORITIES = (-150, -100, -100, -50, 0, 50, 100, 100, 150)
_FRAME_PRIORITIES = (-300, -200, -10, 0, 0, 5, 100, 300)
_FRAME_DEVICES = ("br-veth0", "br-veth1", "br-veth2", "eth0", "docker1", "docker2", "lo")
_USES = {
    "nat": {"prerouting": "destination", "output": "destination", "input": "late source", "postrouting": "source"},
    "filter": dict(zip(_HOOKS, ("any", "in", "forward", "out", "any"), strict=True)),
    "route": {"output": "out"},
}
"""Which chains a base chain may call: chains that are about the same hooks."""


class Tables:
    """Rulesets out of one random sequence, mostly about packets of one family. With `doubtful`, parts that no model can judge."""

    def __init__(self, source: random.Random, *, six: bool, doubtful: bool) -> None:
        self.random = source
        self.six, self.doubtful = six, doubtful

    def text(self) -> str:
        """One to three tables."""
        own, other = ("ip6", "ip") if self.six else ("ip", "ip6")
        families = [self.random.choice((own, own, own, "inet", "inet", "inet", other)) for _ in range(self.random.choice((1, 1, 2, 3)))]
        families += self.random.choice(((), (), (), (), ("bridge",), ("netdev",), ("bridge", "netdev")))
        return "".join(self.table(family, f"t{number}") for number, family in enumerate(families))

    def table(self, family: str, name: str) -> str:
        """A table as nft reads it."""
        sees_frames = family in ("bridge", "netdev")
        words = (FrameWords if sees_frames else NftWords)(self.random, family=family, doubtful=self.doubtful and not sees_frames)
        six = family == "ip6" or (family not in ("ip", "ip6") and self.six)
        make = {"bridge": self.on_bridge, "netdev": self.of_device}.get(family, self.base)
        bases = [make(number) for number in range(self.random.choice((1, 2, 2, 3, 4, 5)))]
        users = [(f"u{number}", self.use(bases)) for number in range(self.random.randrange(4))]
        lines = [f"table {family} {name} {{"]
        chains = []
        for number, (head, use) in enumerate(bases):
            chains += self.chain(f"b{number}", head, words, use, six, [user for user, theirs in users if theirs.name == use.name])
        for place, (user, use) in enumerate(users):
            chains += self.chain(user, "", words, use, six, [later for later, theirs in users[place + 1 :] if theirs.name == use.name])
        declared = [f"\tchain {user} {{ }}" for user, _ in users]
        return "\n".join([*lines, *declared, *(f"\t{block}" for block in words.declared.values()), *chains, "}", ""])

    def base(self, number: int) -> tuple[str, Use]:
        """The head of a base chain, and what it may do."""
        pick, chance = self.random.choice, self.random.random()
        kind = "nat" if chance < 0.35 else "route" if chance < 0.4 else "filter"
        hook = "output" if kind == "route" else pick(_TRANSLATES if kind == "nat" else _HOOKS)
        priority = pick(_NAT_PRIORITIES if kind == "nat" else _PRIORITIES)
        policy = "drop" if self.random.random() < 0.08 else "accept"
        return f"type {kind} hook {hook} priority {priority}; policy {policy};", Use(_USES[kind][hook], (hook,), kind)

    def on_bridge(self, _: int) -> tuple[str, Use]:
        """The head of a base chain of the bridge family."""
        hook, policy = self.random.choice(_HOOKS), "drop" if self.random.random() < 0.04 else "accept"
        head = f"type filter hook {hook} priority {self.random.choice(_FRAME_PRIORITIES)}; policy {policy};"
        return head, Use(f"frame {hook}", (hook,), "frame")

    def of_device(self, _: int) -> tuple[str, Use]:
        """The head of a base chain that sees the frames of a device."""
        hook, device = self.random.choice(("ingress", "egress")), self.random.choice(_FRAME_DEVICES)
        head = f'type filter hook {hook} device "{device}" priority {self.random.choice(_FRAME_PRIORITIES)}; policy accept;'
        return head, Use(f"frame {hook}", (hook,), "frame")

    def use(self, bases: list[tuple[str, Use]]) -> Use:
        """What a chain may do that is called from some of these base chains."""
        use = self.random.choice(bases)[1]
        return Use(use.name, tuple({hook for _, theirs in bases if theirs.name == use.name for hook in theirs.hooks}), use.kind)

    def chain(self, name: str, head: str, words: NftWords, use: Use, six: bool, callable_chains: list[str]) -> list[str]:
        rules = [words.rule(use, six, callable_chains) for _ in range(self.random.randrange(5))]
        return [f"\tchain {name} {{", *([f"\t\t{head}"] if head else []), *(f"\t\t{rule}" for rule in rules), "\t}"]
