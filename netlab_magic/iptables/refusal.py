"""Why iptables would not take a word, a rule or a command: the kind of the refusal, and what it is about.

Programs decide by the kind; the sentence is only our wording for users. What iptables itself prints is another rendering of it
(`engines/simulated/programs/iptables_errors`).
"""

from collections.abc import Sequence
from enum import Enum
from typing import TYPE_CHECKING

from netlab_magic.errors import StatementError
from netlab_magic.i18n import language, message
from netlab_magic.text import shortened

if TYPE_CHECKING:  # reading a command raises Refused
    from netlab_magic.iptables.command import Command

__all__ = ["Kind", "Refused"]


class Kind(Enum):
    """The kinds of refusals, each with our sentence. `Refused` says what the fields in braces are."""

    # words
    OPEN_QUOTE = message("a quote is opened here and never closed")
    ARGUMENT_MISSING = message("{option} needs {what} after it")
    VALUE = message("{option} ({field}): {problem}")
    STRAY_WORD = message("{word} is neither an option nor the value of one")
    UNKNOWN_OPTION = message("a rule has no option {word}{hint}")
    UNKNOWN_OPTION_OF = message("{flag} {part} has no option {word}{hint}")
    OPTION_OF_OTHERS = message("{word} belongs to {others}, which must come before it")
    OPTION_TWICE = message("{option} is given twice")
    NOT_A_COUNTER = message("{option} needs two numbers, and {word} is not one")
    NEGATION_ALONE = message("! needs an option after it")
    NEGATION_TWICE = message("one ! is enough")
    NEGATION_MISPLACED = message("! cannot come before {option}")
    NEGATION_BEHIND = message("! comes before {option}, not after it")
    NOT_NEGATABLE = message("{option} cannot be negated")
    ADDRESSES_NEGATED = message("! cannot be used with several addresses")
    NEVER_MATCHES = message("! -p all can never match")
    FRAGMENT_IN_IPV6 = message("-f is for IPv4; IPv6 has -m frag")

    # matches and targets
    NO_MATCH = message("there is no match {word}{hint}")
    NO_TARGET = message("there is no chain or target {word}{hint}")
    NO_CHAIN_TO_GO_TO = message("there is no chain {word}{hint}")
    OF_OTHER_FAMILY = message("{flag} {part} is for {family} only")
    SECOND_TARGET = message("a rule has one target, and this one has {part} already")
    NEEDS_PROTOCOL = message("{flag} {part} needs -p {others}")
    NEEDS_OPTION = message("{flag} {part} needs {others}")
    TAKES_ONCE = message("{flag} {part} takes {option} only once")
    TAKES_ONE_OF = message("{flag} {part} takes only one of {others}")
    TAKES_WITH = message("{flag} {part} takes {option} only together with {others}")
    TAKES_WITH_PROTOCOL = message("{flag} {part} takes this {option} only with -p {others}")

    # commands
    NOT_IPTABLES = message("this is not a command of iptables or ip6tables")
    NO_COMMAND = message("no command is given; there is -A, -I, -D, -R, -C, -P, -N, -X, -F, -Z and -E")
    TWO_COMMANDS = message("{word} and {option} cannot be used together")
    CHAIN_MISSING = message("{option} needs the name of a chain after it")
    NUMBER_MISSING = message("{option} needs the number of a rule after the chain")
    POLICY_MISSING = message("{option} needs a policy, ACCEPT or DROP, after the chain")
    NAME_MISSING = message("{option} needs a new name after the chain")
    NOT_A_NUMBER = message("{word} is not the number of a rule; rules are counted from 1")
    NOT_A_POLICY = message("{word} is not a policy; a policy is ACCEPT or DROP")
    NAME_TOO_LONG = message("a chain's name has at most {most} characters, {word} has {length}")
    NAME_BEGINS_LIKE_AN_OPTION = message("a chain's name cannot begin with - or !")
    NAME_OF_A_TARGET = message("a chain cannot be called {word}: that is a target")
    TAKES_NO_RULE = message("{word} does not belong here: {option} takes no rule")
    TAKES_NO_RULE_BESIDE_A_NUMBER = message("{word} does not belong here: {option} with a number takes no rule")

    # what a ruleset does not allow
    NO_TABLE = message("there is no table {word}{hint}")
    NO_CHAIN = message("the table {table} has no chain {word}{hint}")
    NO_SUCH_RULE = message("{chain} has no such rule: {word}")
    NO_RULES = message("{chain} has no rules, so there is no position {word}")
    NO_SUCH_NUMBER = message("{chain} has no position {word}: its last rule is number {last}")
    NO_WAY_IN = message("{option} cannot be used in {chain}: packets have no incoming interface there")
    NO_WAY_OUT = message("{option} cannot be used in {chain}: packets have no outgoing interface there")
    NAT_DROPS = message("the table nat only translates addresses, so iptables refuses DROP there; use the table filter")
    JUMP_TO_BUILT_IN = message("a rule cannot jump to {word}: packets come to a built-in chain by themselves")
    MISPLACED = message("Invalid argument (a match or target that does not belong in this table or chain?)")
    SEVERAL_RULES = message("-R puts one rule in the place of another; this command has several addresses, so it is several rules")
    LOOP = message("these chains would then jump to each other in a circle: {word}")
    CHAIN_EXISTS = message("the table {table} already has a chain {word}")
    POLICY_OF_A_USERS_CHAIN = message("{chain} is a user-defined chain; only built-in chains have a policy")
    BUILT_IN_KEEPS_ITS_NAME = message("{chain} is a built-in chain and cannot be renamed")
    BUILT_IN_STAYS = message("{chain} is a built-in chain and cannot be deleted")
    NOT_EMPTY = message("{chain} still has rules; iptables -F {chain} deletes them")
    IN_USE = message("{chain} cannot be deleted while rules of {others} jump to it")

    # texts for iptables-restore
    OUTSIDE_OF_TABLES = message("{word} is outside of any table")
    TABLE_IN_A_TABLE = message("{word} cannot be used here: the line *{table} says the table")
    NO_COMMIT = message("COMMIT expected at line {line}")


class Refused(StatementError):
    """A refusal of a `kind`.

    `word` is what it is about, and `index` its number among the words that were read (from 0; -1 where it is about none of them).
    `part` is the match or target concerned, `option` the option, and `argument` says which word behind it
    is wrong; `others` are what would do, or what is in the way; `has_rules` tells whether
    the chain concerned has any; `command` is what was asked for, as far as it could be read.
    The other fields are for the sentence alone.
    """

    def __init__(
        self,
        kind: Kind,
        word: str = "",
        index: int = -1,
        *,
        part: str = "",
        option: str = "",
        argument: int = 0,
        others: Sequence[str] = (),
        has_rules: bool = False,
        hint: str = "",
        **more: object,
    ) -> None:
        self.kind = kind
        self.word = word
        self.index = index
        self.part = part
        self.option = option
        self.argument = argument
        self.others = tuple(others)
        self.has_rules = has_rules
        self.command: Command | None = None
        self._more = {"hint": hint, **more}
        super().__init__(shortened(self.said()))

    def said(self, name: str = "en") -> str:
        """Our sentence, in one of i18n.LANGUAGES."""
        say = language(name)
        others = say.several(message("{} or {}"), message("{} or {}"), self.others)
        return say(self.kind.value, word=self.word, part=self.part, option=self.option, others=others, **self._more)
