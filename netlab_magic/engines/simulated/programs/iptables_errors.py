"""What iptables 1.8.9 prints when it refuses, and its exit status: the other rendering of a `Refused`.

The texts are compared with the real program's, of both variants, in tests/data/refused.txt.
"""

from collections.abc import Callable

import msgspec

from netlab_magic.engines.simulated.programs.call import Ended
from netlab_magic.engines.simulated.programs.iptables_values import BY_HAND, port_text, value_text
from netlab_magic.engines.simulated.rules import program_name
from netlab_magic.iptables.command import Command
from netlab_magic.iptables.extensions import target
from netlab_magic.iptables.refusal import Kind, Refused
from netlab_magic.model.hooks import BUILT_IN

__all__ = ["Program"]

_NO_SUCH = "No chain/target/match by that name."
_BAD_RULE = "Bad rule (does a matching rule exist in that chain?)."
_INVALID = "Invalid argument"
_DMESG = " Run `dmesg' for more information."
_NAT_DROPS = '\nThe "nat" table is not intended for filtering, the use of DROP is therefore inhibited.\n\n'
_PORTS_NEED = "Need TCP, UDP, SCTP or DCCP with port specification"


class Program(msgspec.Struct, frozen=True):
    """The program that refuses: `name` is iptables, ip6tables or their -restore, `variant` legacy or nft.

    For -restore `line` is the line that it refuses, and `commit` the one at which it hands the table to the kernel.
    """

    name: str
    variant: str
    line: int = 0
    commit: int = 0

    @property
    def at_commit(self) -> "Program":
        """The program when it hands the table to the kernel."""
        return msgspec.structs.replace(self, line=self.commit)

    @property
    def full_name(self) -> str:
        """How it names itself: `iptables v1.8.9 (legacy)`."""
        return program_name(self.name, self.variant)

    def usage(self, text: str) -> Ended:
        """Words that make no sense (PARAMETER_PROBLEM in xtables.h)."""
        return Ended(2, f"{self.full_name}: {text}\n{self.hint}")

    def bad_argument(self, word: str) -> Ended:
        """A word that nothing takes."""
        return Ended(2, f"Bad argument `{word}'\n{self.hint}")

    @property
    def hint(self) -> str:
        """The line, and where help is."""
        where = f"Error occurred at line: {self.line}\n" if self.line else ""
        return f"{where}Try `{self.name} -h' or '{self.name} --help' for more information.\n"

    def failed(self, text: str) -> Ended:
        """A refusal of the rules as they are (nft_strerror and iptc_strerror)."""
        if not self.line:
            return Ended(1, f"{self.name}: {text}\n")
        reason = f": {text.removesuffix(_DMESG)}" if self.variant == "nft" else ""
        return Ended(1, f"{self.name}: line {self.line} failed{reason}\n")

    def kernel_refused(self, refused: Refused, reason: str = _INVALID) -> Ended:
        """A rule that the kernel does not take."""
        asked = refused.command or Command("-A")
        if self.variant == "nft":
            verb = {"-I": "INSERT", "-R": "REPLACE"}.get(asked.action, "APPEND")
            where = f"\nline {self.line}:" if self.line else ""
            return Ended(4, f"{self.full_name}: {where} RULE_{verb} failed ({reason}): rule in chain {asked.chain}\n")
        return self.at_commit.failed(f"{reason}.{_DMESG}" if reason == _INVALID else f"{reason}.")

    def no_table(self, table: str) -> Ended:
        """There is no such table."""
        if self.variant == "nft":
            said = f"table '{table}' does not exist"
        else:
            said = f"can't initialize {self.name} table `{table}': Table does not exist (do you need to insmod?)"
        return Ended(3, f"{self.full_name}: {said}\nPerhaps {self.name} or your kernel needs to be upgraded.\n")

    def no_chain(self, chain: str, table: str) -> Ended:
        """There is no such chain to list."""
        if self.variant == "nft":
            return Ended(1, f"{self.full_name}: chain `{chain}' in table `{table}' is incompatible, use 'nft' tool.\n")
        return self.failed(_NO_SUCH)

    def answer(self, refused: Refused) -> Ended:
        """What it says to a refusal."""
        if refused.kind == Kind.NO_TABLE:
            return self.no_table(refused.word)
        if refused.kind in (Kind.STRAY_WORD, Kind.TAKES_NO_RULE) and not refused.word.startswith("-"):
            return self.bad_argument(refused.word)
        if refused.kind == Kind.NO_COMMAND and refused.word:
            return self.bad_argument(refused.word)
        if refused.kind == Kind.NEGATION_BEHIND and refused.option in ("-s", "-d", "-i", "-o"):
            return self.bad_argument(refused.word)
        if refused.kind in _FAILURES:
            return self.failed(_FAILURES[refused.kind])
        if refused.kind in _IN_KERNEL:
            return _IN_KERNEL[refused.kind](self, refused)
        is_late = refused.kind == Kind.NO_TARGET and self.variant == "nft"
        return (self.at_commit if is_late else self).usage(_usage_text(refused, self.variant))


def _usage_text(refused: Refused, variant: str) -> str:
    """What is wrong with words, as both variants of the program put it (nearly: a few sentences are the variant's own)."""
    if refused.kind in _TEXTS:
        chain = refused.command.chain if refused.command else ""
        return _TEXTS[refused.kind].format(word=refused.word, option=refused.option, part=refused.part, chain=chain)
    if refused.kind == Kind.NO_CHAIN_TO_GO_TO:
        return f"Chain '{refused.word}' does not exist" if variant == "nft" else f"goto '{refused.word}' is not a chain"
    if refused.kind == Kind.NO_TARGET:
        missing = f"Couldn't load target `{refused.word}':No such file or directory\n"
        return f"Chain '{refused.word}' does not exist" if variant == "nft" else missing
    if refused.kind == Kind.OF_OTHER_FAMILY:
        what = "target" if target(refused.part) else "match"
        return f"Couldn't load {what} `{refused.word}':No such file or directory\n"
    if refused.kind == Kind.ARGUMENT_MISSING:
        return _argument_text(refused)
    if refused.kind == Kind.NEGATION_MISPLACED:
        return "unexpected ! flag before --match" if refused.option in ("-m", "--match") else f"cannot have ! before {refused.option}"
    if refused.kind == Kind.NAME_BEGINS_LIKE_AN_OPTION:
        return f"chain name not allowed to start with `{refused.word[0]}'"
    if refused.kind == Kind.NEGATION_BEHIND:
        return 'unknown protocol "!" specified' if refused.option == "-p" else port_text("!", "tcp")
    if refused.kind == Kind.VALUE:
        return value_text(refused)
    if refused.kind in (Kind.NEEDS_OPTION, Kind.TAKES_ONCE, Kind.TAKES_ONE_OF, Kind.NEEDS_PROTOCOL, Kind.TAKES_WITH_PROTOCOL):
        return _options_text(refused)
    return refused.message


_TEXTS = {
    Kind.UNKNOWN_OPTION: 'unknown option "{word}"',
    Kind.UNKNOWN_OPTION_OF: 'unknown option "{word}"',
    Kind.OPTION_OF_OTHERS: 'unknown option "{word}"',
    Kind.NO_COMMAND: "no command specified",
    Kind.CHAIN_MISSING: 'option "{option}" requires an argument',
    Kind.NUMBER_MISSING: "{option} requires a rule number",
    Kind.POLICY_MISSING: "{option} requires a chain and a policy",
    Kind.NAME_MISSING: "{option} requires old-chain-name and new-chain-name",
    Kind.TWO_COMMANDS: "Cannot use {word} with {option}",
    Kind.TAKES_NO_RULE: "Illegal option `{word}' with this command",
    Kind.TAKES_NO_RULE_BESIDE_A_NUMBER: "Illegal option `{word}' with this command",
    Kind.NOT_A_NUMBER: "Invalid rule number `{word}'",
    Kind.NAME_TOO_LONG: "chain name `{word}' too long (must be under 29 chars)",
    Kind.NAME_OF_A_TARGET: "chain name may not clash with target name",
    Kind.NO_MATCH: "Couldn't load match `{word}':No such file or directory\n",
    Kind.SECOND_TARGET: "multiple -j flags not allowed",
    Kind.OPTION_TWICE: "multiple {option} flags not allowed",
    Kind.NOT_A_COUNTER: "{option} packet counter not numeric",
    Kind.NEGATION_ALONE: "nothing appropriate following !",
    Kind.NEGATION_TWICE: "multiple consecutive ! not allowed",
    Kind.NOT_NEGATABLE: '{part}: option "{option}" cannot be inverted.\n',
    Kind.ADDRESSES_NEGATED: "! not allowed with multiple source or destination IP addresses",
    Kind.NEVER_MATCHES: "rule would never match protocol",
    Kind.NAT_DROPS: _NAT_DROPS,
    Kind.NO_WAY_IN: "Can't use {option} with {chain}\n",
    Kind.NO_WAY_OUT: "Can't use {option} with {chain}\n",
    Kind.TABLE_IN_A_TABLE: "The -t option cannot be used in iptables-restore.\n",
    Kind.SEVERAL_RULES: "Replacement rule does not specify a unique address",
}


def _argument_text(refused: Refused) -> str:
    if not refused.argument:
        return f'option "{refused.option}" requires an argument'
    if refused.option in ("-c", "--set-counters"):
        return "-c requires packet and byte counter"
    return f"{refused.option} requires two args."


# --- options of matches and targets ------------------------------------------------------------------------------------------

_NEEDS = {
    "addrtype": "addrtype: you must specify --src-type or --dst-type",
    "conntrack": "conntrack: At least one option is required",
    "multiport": "multiport expection an option",
    "recent": "recent: you must specify one of `--set', `--rcheck' `--update' or `--remove'",
    "MARK": "MARK: One of the --set-xmark, --{and,or,xor,set}-mark options is required",
}
_OLD_NAMES = {"--dport": "--destination-port", "--sport": "--source-port"}


def _options_text(refused: Refused) -> str:
    part, option = refused.part, refused.option
    if refused.kind == Kind.NEEDS_OPTION:
        return _NEEDS.get(part, f'{part}: option "{option}" must be specified\n')
    if refused.kind == Kind.TAKES_ONCE:
        by_hand = f"Only one `{_OLD_NAMES.get(option, option)}' allowed"
        return by_hand if part in BY_HAND else f'{part}: option "{option}" can only be used once.\n'
    if refused.kind == Kind.TAKES_ONE_OF and part == "tcp":
        return "Only one of `--syn' or `--tcp-flags'  allowed"
    if refused.kind == Kind.NEEDS_PROTOCOL:
        if part == "multiport":
            return "multiport needs `-p tcp', `-p udp', `-p udplite', `-p sctp' or `-p dccp'"
        return f"{part.upper()} match requires '-p {part}'"
    if refused.kind == Kind.TAKES_WITH_PROTOCOL:
        return _PORTS_NEED
    return refused.message


# --- what the rules, or the kernel, do not allow -------------------------------------------------------------------------------

_TOO_BIG = {"-D": "deletion", "-I": "insertion", "-R": "replacement", "-Z": "counter"}


def _missing_chain(program: Program, refused: Refused) -> Ended:
    asked = refused.command or Command("-A")
    if asked.action == "-P":
        return program.failed("Bad built-in chain name.")
    by_rule = asked.rules and asked.action in ("-D", "-C")
    return program.failed(_BAD_RULE if by_rule else _NO_SUCH)


def _missing_number(program: Program, refused: Refused) -> Ended:
    """With nft a built-in chain is made with its first rule."""
    asked = refused.command or Command("-D")
    is_new = refused.kind == Kind.NO_RULES and asked.action in ("-D", "-R")
    if program.variant == "nft" and is_new and asked.chain in BUILT_IN[asked.table]:
        return program.failed(_NO_SUCH)
    return program.failed(f"Index of {_TOO_BIG[asked.action]} too big.")


def _missing_protocol(program: Program, refused: Refused) -> Ended:
    if refused.part == "multiport" or (program.variant == "nft" and refused.option and refused.part in ("tcp", "udp")):
        return program.usage(_options_text(refused))
    return program.kernel_refused(refused)


def _ports_of_no_protocol(program: Program, refused: Refused) -> Ended:
    if refused.part == "REJECT":
        return program.kernel_refused(refused)
    return program.usage(_PORTS_NEED)


def _stays(program: Program, refused: Refused) -> Ended:
    if program.variant == "nft":
        return _not_deletable(program, refused) if refused.has_rules else program.failed(_NO_SUCH)
    return program.kernel_refused(refused)


def _built_in_reached(program: Program, refused: Refused) -> Ended:
    if program.variant == "nft":
        return program.kernel_refused(refused, "Operation not supported" if refused.has_rules else "No such file or directory")
    return program.failed(f"{_INVALID}.{_DMESG}")


def _not_deletable(program: Program, refused: Refused) -> Ended:
    if program.variant == "nft":
        return Ended(4, f"{program.full_name}:  CHAIN_DEL failed (Device or resource busy): chain {refused.word}\n")
    return program.failed("Too many links." if refused.kind == Kind.IN_USE else "Directory not empty.")


def _loop(program: Program, refused: Refused) -> Ended:
    return program.kernel_refused(refused, "Too many links" if program.variant == "nft" else "Too many levels of symbolic links")


def _chain_exists(program: Program, refused: Refused) -> Ended:
    return program.failed("File exists." if refused.option == "-E" else "Chain already exists.")


_FAILURES = {
    Kind.NO_SUCH_RULE: _BAD_RULE,
    Kind.NOT_A_POLICY: f"Bad policy name.{_DMESG}",
    Kind.POLICY_OF_A_USERS_CHAIN: "Bad built-in chain name.",
    Kind.BUILT_IN_KEEPS_ITS_NAME: _NO_SUCH,
}
_IN_KERNEL: dict[Kind, Callable[[Program, Refused], Ended]] = {
    Kind.NO_CHAIN: _missing_chain,
    Kind.NO_RULES: _missing_number,
    Kind.NO_SUCH_NUMBER: _missing_number,
    Kind.NEEDS_PROTOCOL: _missing_protocol,
    Kind.TAKES_WITH_PROTOCOL: _ports_of_no_protocol,
    Kind.MISPLACED: Program.kernel_refused,
    Kind.JUMP_TO_BUILT_IN: _built_in_reached,
    Kind.LOOP: _loop,
    Kind.CHAIN_EXISTS: _chain_exists,
    Kind.BUILT_IN_STAYS: _stays,
    Kind.NOT_EMPTY: _not_deletable,
    Kind.IN_USE: _not_deletable,
}
