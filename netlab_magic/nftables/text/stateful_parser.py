"""Reading the statements that remember something: counters, limits, quotas. Rules have them, elements of sets, and objects of a table."""

from netlab_magic.nftables.datatypes import DATATYPES
from netlab_magic.nftables.statements import ConnectionLimit, Counter, Last, Limit, Quota, Statement
from netlab_magic.nftables.text.words import NotUnderstood, WordReader, constant

__all__ = ["PERIODS", "UNITS", "StatefulParser"]

UNITS = {"bytes": 1, "kbytes": 1 << 10, "mbytes": 1 << 20, "gbytes": 1 << 30}
"""What amounts of bytes are counted in."""

PERIODS = ("second", "minute", "hour", "day", "week")
"""What a rate is a rate of."""


class StatefulParser(WordReader):
    """A WordReader that knows what stands behind `counter`, `limit`, `quota`, `last` and `ct count`."""

    __slots__ = ()

    def stateful(self) -> Statement:
        """A statement that an element can have of its own."""
        match self.take():
            case "counter":
                return self.counter()
            case "limit":
                return self.limit()
            case "quota":
                return self.quota()
            case "last":
                return self.last()
            case "ct" if self.accept("count"):
                return self.connection_limit()
        self.at -= 1
        raise NotUnderstood(self.word)

    def counter(self) -> Counter:
        """`packets N bytes N`, or nothing where they were left out."""
        if not self.accept("packets"):
            return Counter()
        packets = self.number()
        self.expect("bytes")
        return Counter(packets, self.number())

    def last(self) -> Last:
        """`used TIME`, `used never`, or nothing."""
        return Last(None if not self.accept("used") or self.accept("never") else self.length())

    def connection_limit(self) -> ConnectionLimit:
        """`[over] N`."""
        over = self.accept("over")
        return ConnectionLimit(self.number(), over)

    def amount(self) -> int:
        """`N bytes`, `N kbytes` or `N mbytes`, in bytes."""
        number = self.number()
        return number * UNITS[self.among(UNITS)]

    def limit(self) -> Limit:
        """`rate [over] N/second [burst N packets]`, or the same in bytes."""
        self.expect("rate")
        over = self.accept("over")
        first, slash, period = self.word.partition("/")
        if slash:
            self.at += 1
            rate, in_bytes = constant(DATATYPES["integer"], first), False
        else:
            rate = self.number()
            unit, _, period = self.take().partition("/")
            if unit not in UNITS:
                raise NotUnderstood(unit)
            rate, in_bytes = rate * UNITS[unit], True
        if period not in PERIODS or not isinstance(rate, int):
            raise NotUnderstood(period)
        burst = 0 if in_bytes else 5
        if self.accept("burst"):
            burst = self.number()
            burst *= 1 if self.accept("packets") else UNITS[self.among(UNITS)]
        return Limit(rate, period, burst, over, in_bytes)

    def quota(self) -> Quota:
        """`[over|until] N mbytes [used N bytes]`."""
        over = self.accept("over")
        if not over:
            self.accept("until")
        size = self.amount()
        return Quota(size, over, self.amount() if self.accept("used") else None)
