"""iptables, iptables-save and iptables-restore, with the words of version 1.8.9."""

import re
import shlex

from netlab_magic.engines.simulated.programs.call import Call, Ended
from netlab_magic.engines.simulated.rules import RuleRefused, carried_out, program_name, restored, saved, with_table
from netlab_magic.errors import StatementError
from netlab_magic.iptables.command import Command, read_command
from netlab_magic.iptables.extensions import TARGETS
from netlab_magic.iptables.listing import Form, listing, rule_line
from netlab_magic.iptables.ruleset import Chain, Counters, Ruleset, Table, quoted
from netlab_magic.model.hooks import BUILT_IN

__all__ = ["iptables", "iptables_restore", "iptables_save"]

_LISTS = {"-L": "L", "--list": "L", "-S": "S", "--list-rules": "S"}
_FLAGS = {
    "--numeric": "n", "--verbose": "v", "--exact": "x", "--line-numbers": "l", "--line-number": "l", "--wait": "w", "--zero": "Z",
}  # fmt: skip
_NO_SUCH = "No chain/target/match by that name."
_BAD_RULE = "Bad rule (does a matching rule exist in that chain?)."
_TOO_BIG = {"-D": "Index of deletion too big.", "-I": "Index of insertion too big.", "-R": "Index of replacement too big."}


def _family(call: Call) -> str:
    return "ipv6" if call.program.startswith("ip6") else "ipv4"


def _own(call: Call) -> str:
    """The family's program: `iptables`, by whichever name it was called."""
    return "ip6tables" if _family(call) == "ipv6" else "iptables"


def _refuse_other_variant(call: Call) -> None:
    found = re.search(r"-(legacy|nft)\b", call.program)
    if found and found[1] != call.world.variant:
        raise Ended(1, f"{call.program}: a simulated lab has one variant of iptables, and this one's is {call.world.variant}\n")


def _usage(call: Call, message: str, status: int = 2) -> Ended:
    own = _own(call)
    said = f"{program_name(own, call.world.variant)}: {message}\nTry `{own} -h' or '{own} --help' for more information.\n"
    return Ended(status, said)


def iptables(call: Call) -> int:
    """See iptables(8)."""
    _refuse_other_variant(call)
    if {"-V", "--version"} & set(call.words):
        call.out(f"{program_name(_own(call), call.world.variant)}\n")
        return 0
    if {"-h", "--help"} & set(call.words):
        call.out(f"{program_name(_own(call), call.world.variant)}\n\nUsage: {_own(call)} -[ACD] chain rule-specification [options]\n")
        return 0
    action, flags, operands, table = _listing_words(call.words)
    if not action:
        return _edit(call)
    if table not in BUILT_IN:
        raise _no_table(call, table)
    ruleset = with_table(call.world.ruleset(call.namespace, _family(call)), table, call.world.variant)
    call.world = call.world.with_ruleset(call.namespace, ruleset)
    chain = operands[0] if operands else None
    if chain and ruleset.table(table).chain(chain) is None:
        if call.world.variant == "nft":
            name = program_name(_own(call), "nft")
            raise Ended(1, f"{name}: chain `{chain}' in table `{table}' is incompatible, use 'nft' tool.\n")
        raise Ended(1, f"{_own(call)}: {_NO_SUCH}\n")
    number = int(operands[1]) if operands[1:] and operands[1].isdigit() else 0
    is_specs = action == "S"
    call.out(_specs(ruleset.table(table), chain, number, "v" in flags) if is_specs else _listed(call, ruleset, table, chain, number, flags))
    if "Z" in flags:
        call.words = ["-t", table, "-Z", *([chain] if chain else [])]
        return _edit(call)
    return 0


def _listing_words(words: list[str]) -> tuple[str, str, list[str], str]:
    """What is to be listed: L or S ("" for neither), the flags, the operands and the table."""
    action, flags, operands, table, at = "", "", [], "filter", 0
    while at < len(words):
        word = words[at]
        at += 1
        if word in ("-t", "--table"):
            table = words[at] if at < len(words) else ""
            at += 1
        elif word.startswith("--table="):
            table = word.partition("=")[2]
        elif word in _LISTS:
            action = _LISTS[word]
        elif word in _FLAGS:
            flags += _FLAGS[word]
        elif re.fullmatch(r"-[nvxwZ46]*[LS]?[nvxwZ]*", word) and word != "-":
            letters = word[1:]
            action = next((letter for letter in letters if letter in "LS"), action)
            flags += letters
        elif word.startswith("-"):
            return "", "", [], table
        else:
            operands.append(word)
    return action, flags, operands, table


def _listed(call: Call, ruleset: Ruleset, table: str, chain: str | None, number: int, flags: str) -> str:
    form = Form("l" in flags, "v" in flags, "n" in flags, "x" in flags)
    if chain and number:
        held = ruleset.table(table).chain(chain)
        rules = held.rules[number - 1 : number] if held else ()
        return "".join(f"{rule_line(number, rule, ruleset.family, call.world.variant, form)}\n" for rule in rules)
    return listing(ruleset, table, chain, variant=call.world.variant, form=form)


def _specs(table: Table, chain: str | None, number: int, counted: bool) -> str:
    chains = [held for held in table.chains if chain in (None, held.name)]
    lines = [_head(held, counted) for held in chains] if not number else []
    for held in chains:
        for at, rule in enumerate(held.rules, 1):
            if number in (0, at):
                counters = rule.counters or Counters()
                behind = f" -c {counters.packets} {counters.bytes}" if counted else ""
                target = f" {rule.target}" if rule.target else ""
                spec = str(rule).removesuffix(target.strip()).rstrip()
                lines.append(f"-A {quoted(held.name)}{f' {spec}' if spec else ''}{behind}{target}")
    return "".join(f"{line}\n" for line in lines)


def _head(chain: Chain, counted: bool) -> str:
    if chain.policy is None:
        return f"-N {chain.name}"
    counters = chain.counters or Counters()
    return f"-P {chain.name} {chain.policy}{f' -c {counters.packets} {counters.bytes}' if counted else ''}"


# --- commands that edit ---------------------------------------------------------------------------------------------------------


def _no_table(call: Call, table: str) -> Ended:
    name = program_name(_own(call), call.world.variant)
    if call.world.variant == "nft":
        return Ended(3, f"{name}: table '{table}' does not exist\nPerhaps {_own(call)} or your kernel needs to be upgraded.\n")
    said = f"can't initialize {_own(call)} table `{table}': Table does not exist (do you need to insmod?)"
    return Ended(3, f"{name}: {said}\nPerhaps {_own(call)} or your kernel needs to be upgraded.\n")


def _edit(call: Call) -> int:
    ruleset = call.world.ruleset(call.namespace, _family(call))
    try:
        command = read_command(shlex.join([_own(call), *call.words]))
    except StatementError as error:
        raise _unread(call, error) from None
    if (command.action, command.name, command.table) == ("-P", "DROP", "nat"):
        raise _usage(call, '\nThe "nat" table is not intended for filtering, the use of DROP is therefore inhibited.\n\n')
    try:
        after = carried_out(ruleset, command, call.world.variant)
    except StatementError as error:
        raise _refused(call, command, ruleset, error) from None
    except ValueError as error:
        raise _usage(call, str(error)) from None
    call.world = call.world.with_ruleset(call.namespace, after)
    return 0


def _unread(call: Call, error: StatementError) -> Ended:
    """What iptables says about words that it does not understand."""
    words = [_own(call), *call.words]
    spans = [found.span() for found in re.finditer(r"(?:[^\s\"']|\"(?:[^\"\\]|\\.)*\"|'[^']*')+", shlex.join(words))]
    column = error.place.column if error.place else 0
    at = next((number for number, (start, end) in enumerate(spans) if start <= column < end), len(words) - 1)
    word = words[at] if at < len(words) else ""
    said = error.message
    if found := re.match(r"there is no table (\S+?)(;|$)", said):
        return _no_table(call, found[1])
    if "no command is given" in said:
        return _usage(call, f'unknown option "{word}"' if call.words and word.startswith("-") else "no command specified")
    if " behind it" in said or "needs the name of a chain" in said:
        return _usage(call, f'option "{word}" requires an argument')
    if "cannot be used together" in said:
        return _usage(call, f"Cannot use {word} with {word}")
    if found := re.match(r"there is no match (\S+?)(;|$)", said):
        return _usage(call, f"Couldn't load match `{found[1]}':No such file or directory\n")
    if "belongs to -m" in said or "is not an option of" in said or "there is no option" in said:
        return _usage(call, f'unknown option "{word}"')
    if "is not a policy" in said:
        return Ended(1, f"{_own(call)}: Bad policy name. Run `dmesg' for more information.\n")
    if "name has at most" in said:
        return _usage(call, f"chain name `{word}' too long (must be under 29 chars)")
    if "that is a target" in said:
        return _usage(call, "chain name may not clash with target name")
    if "counted from 1" in said:
        return _usage(call, "Invalid rule number `0'")
    if "is not an option, and no option" in said:
        own = _own(call)
        return Ended(2, f"Bad argument `{word}'\nTry `{own} -h' or '{own} --help' for more information.\n")
    return _usage(call, _about_value(said, word))


def _about_value(said: str, word: str) -> str:
    """What iptables says of a value that it does not take."""
    found = re.search(r": (\S+) is not|^(\S+) is not", said)
    value = (found[1] or found[2]) if found else word
    if "port" in said:
        return f"invalid port/service `{value}' specified"
    if "is not a protocol" in said:
        return f'unknown protocol "{value}" specified'
    return f"host/network `{value}' not found" if "address" in said else said


def _refused(call: Call, command: Command, ruleset: Ruleset, error: StatementError) -> Ended:
    """What iptables says about a command that the rules do not allow."""
    own, is_nft = _own(call), call.world.variant == "nft"
    table = ruleset.table(command.table)
    chain = table.chain(command.chain)
    if chain is None and command.action != "-N" and command.chain:
        return Ended(1, f"{own}: {'Bad built-in chain name.' if command.action == '-P' else _NO_SUCH}\n")
    for rule in command.rules:
        for option in rule.options:
            if "cannot be used in" in error.message and error.message.startswith(f"{option.name} "):
                return _usage(call, f"Can't use {option.name} with {command.chain}\n")
        if rule.target and (rule.target.goto or rule.target.name not in TARGETS) and table.chain(rule.target.name) is None:
            if is_nft:
                return _usage(call, f"Chain '{rule.jump}' does not exist")
            missing = f"Couldn't load target `{rule.jump}':No such file or directory\n"
            return _usage(call, f"goto '{rule.jump}' is not a chain" if rule.target.goto else missing)
    return _refused_by_kernel(call, command, error, is_nft)


def _refused_by_kernel(call: Call, command: Command, error: StatementError, is_nft: bool) -> Ended:
    own, said = _own(call), error.message
    if "so there is no place" in said:
        is_made = any(table.name == command.table for table in call.world.ruleset(call.namespace, command.family).tables)
        if is_nft and not is_made and command.action == "-D":
            return Ended(1, f"{own}: {_NO_SUCH}\n")
        return Ended(1, f"{own}: {_TOO_BIG[command.action]}\n")
    if "has no such rule" in said:
        return Ended(1, f"{own}: {_BAD_RULE}\n")
    if "already" in said:
        return Ended(1, f"{own}: {'File exists' if command.action == '-E' else 'Chain already exists'}.\n")
    if command.action == "-X":
        if "built-in" in said:
            return Ended(1, f"{own}: {_NO_SUCH if is_nft else 'Invalid argument. Run `dmesg’ for more information.'}\n".replace("’", "'"))
        table = call.world.ruleset(call.namespace, command.family).table(command.table)
        is_used = any(rule.jump == command.chain for chain in table.chains for rule in chain.rules)
        reason = "Too many links" if is_used else "Directory not empty"
        if is_nft:
            return Ended(4, f"{program_name(own, 'nft')}:  CHAIN_DEL failed (Device or resource busy): chain {command.chain}\n")
        return Ended(1, f"{own}: {reason}.\n")
    if command.action == "-E":
        return Ended(1, f"{own}: {_NO_SUCH}\n")
    reason = "Too many levels of symbolic links" if "in a circle" in said else "Invalid argument"
    if is_nft:
        verb = {"-A": "APPEND", "-I": "INSERT", "-R": "REPLACE"}.get(command.action, "APPEND")
        reason = "Too many links" if "in a circle" in said else reason
        return Ended(4, f"{program_name(own, 'nft')}:  RULE_{verb} failed ({reason}): rule in chain {command.chain}\n")
    hint = " Run `dmesg' for more information." if reason == "Invalid argument" else ""
    return Ended(1, f"{own}: {reason}.{hint}\n")


# --- whole tables ------------------------------------------------------------------------------------------------------------------


def _options(call: Call) -> tuple[set[str], str | None, list[str]]:
    long = {"--counters": "c", "--noflush": "n", "--table": "t", "--test": "t", "--verbose": "v", "--wait": "w"}
    flags: set[str] = set()
    table, names, words = None, [], list(call.words)
    while words:
        word = words.pop(0)
        if word == "--table" or word == ("-t" if call.program.endswith("save") else "-T"):
            table = words.pop(0) if words else None
        elif word in long:
            flags.add(long[word])
        elif word.startswith("-"):
            flags |= set(word[1:])
        else:
            names.append(word)
    return flags, table, names


def iptables_save(call: Call) -> int:
    """See iptables-save(8)."""
    _refuse_other_variant(call)
    flags, table, _ = _options(call)
    ruleset = call.world.ruleset(call.namespace, _family(call))
    if table:
        if table not in BUILT_IN:
            name = program_name(call.program, call.world.variant)
            raise Ended(1, f"{name}: Cannot initialize: Table does not exist (do you need to insmod?)\n")
        ruleset = with_table(ruleset, table, call.world.variant)
        call.world = call.world.with_ruleset(call.namespace, ruleset)
    call.out(saved(ruleset, call.world.variant, call.moment(), "c" in flags, table))
    return 0


def iptables_restore(call: Call) -> int:
    """See iptables-restore(8)."""
    _refuse_other_variant(call)
    flags, _, names = _options(call)
    text = call.given
    if names:
        found = call.file(names[0])
        if found is None:
            raise Ended(1, f"Can't open {names[0]}: No such file or directory\n")
        text = found
    own = f"{_own(call)}-restore"
    try:
        after = restored(
            call.world.ruleset(call.namespace, _family(call)), text, call.world.variant, flush="n" not in flags, counters="c" in flags
        )
    except RuleRefused as refusal:
        raise _restore_refused(call, own, refusal, text) from None
    if "t" not in flags:
        call.world = call.world.with_ruleset(call.namespace, after)
    return 0


def _restore_refused(call: Call, own: str, refusal: RuleRefused, text: str) -> Ended:
    if refusal.message.startswith("COMMIT expected"):
        return Ended(1, f"{own}: {refusal.message}\n")
    lines = text.splitlines()
    line = lines[refusal.line - 1] if 0 < refusal.line <= len(lines) else ""
    words = re.sub(r"^\[\d+:\d+\]\s*", "", line).split()
    if "has no chain" in refusal.message or "has no such rule" in refusal.message or "Invalid argument" in refusal.message:
        reason = ""
        if call.world.variant == "nft":
            known = {"has no chain": _NO_SUCH, "has no such rule": _BAD_RULE}
            reason = f": {next((said for words, said in known.items() if words in refusal.message), 'Invalid argument.')}"
        return Ended(1, f"{own}: line {refusal.line} failed{reason}\n")
    hint = f"Error occurred at line: {refusal.line}\nTry `{own} -h' or '{own} --help' for more information.\n"
    name = program_name(own, call.world.variant)
    if words and not words[0].startswith(("-", "*", ":")):
        return Ended(2, f"Bad argument `{words[0]}'\n{hint}")
    if found := re.match(r"there is no table (\S+)", refusal.message):
        said = f"unable to initialize table '{found[1]}'" if call.world.variant == "legacy" else f"line 1 table name '{found[1]}' invalid"
        return Ended(2, f"{name}: {own}: {said}\n{hint}")
    if found := re.match(r"there is no chain(?: or target)? (\S+?)(;|$)", refusal.message):
        loads = f"Couldn't load target `{found[1]}':No such file or directory\n"
        said = f"Chain '{found[1]}' does not exist" if call.world.variant == "nft" else loads
        return Ended(2, f"{name}: {said}\n{hint}")
    return Ended(2, f"{name}: {_about_value(refusal.message, '')}\n{hint}")
