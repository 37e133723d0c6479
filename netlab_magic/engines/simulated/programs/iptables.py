"""iptables, iptables-save and iptables-restore, with the words of version 1.8.9."""

import re

from netlab_magic.engines.simulated.ip_sets import set_refused
from netlab_magic.engines.simulated.programs.call import Call, Ended
from netlab_magic.engines.simulated.programs.iptables_errors import Program
from netlab_magic.engines.simulated.rules import carried_out, program_name, restored, saved, with_table
from netlab_magic.iptables.command import command_of
from netlab_magic.iptables.listing import Form, listing, rule_line
from netlab_magic.iptables.refusal import Kind, Refused
from netlab_magic.iptables.ruleset import Chain, Counters, Ruleset, Table, quoted
from netlab_magic.model.hooks import BUILT_IN

__all__ = ["iptables", "iptables_restore", "iptables_save"]

_LISTS = {"-L": "L", "--list": "L", "-S": "S", "--list-rules": "S"}
_FLAGS = {
    "--numeric": "n", "--verbose": "v", "--exact": "x", "--line-numbers": "l", "--line-number": "l", "--wait": "w", "--zero": "Z",
}  # fmt: skip


def _family(call: Call) -> str:
    return "ipv6" if call.program.startswith("ip6") else "ipv4"


def _own(call: Call) -> str:
    """The family's program: `iptables`, by whichever name it was called."""
    return "ip6tables" if _family(call) == "ipv6" else "iptables"


def _program(call: Call) -> Program:
    return Program(_own(call), call.world.variant)


def _refuse_other_variant(call: Call) -> None:
    found = re.search(r"-(legacy|nft)\b", call.program)
    if found and found[1] != call.world.variant:
        raise Ended(1, f"{call.program}: a simulated lab has one variant of iptables, and this one's is {call.world.variant}\n")


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
        raise _program(call).no_table(table)
    ruleset = with_table(call.world.ruleset(call.namespace, _family(call)), table, call.world.variant)
    call.world = call.world.with_ruleset(call.namespace, ruleset)
    chain = operands[0] if operands else None
    if chain and ruleset.table(table).chain(chain) is None:
        raise _program(call).no_chain(chain, table)
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


def _edit(call: Call) -> int:
    ruleset = call.world.ruleset(call.namespace, _family(call))
    try:
        command = command_of([_own(call), *call.words])
        after = carried_out(ruleset, command, call.world.variant)
    except Refused as refused:
        raise _program(call).answer(refused) from None
    _refuse_set(call, _program(call), ruleset, after)
    call.world = call.world.with_ruleset(call.namespace, after)
    return 0


def _refuse_set(call: Call, program: Program, before: Ruleset, after: Ruleset) -> None:
    said = set_refused(before, after, call.world.sets.get(call.namespace, ()))
    if said:
        raise program.usage(said)


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
    before = call.world.ruleset(call.namespace, _family(call))
    try:
        after = restored(before, text, call.world.variant, flush="n" not in flags, counters="c" in flags)
    except Refused as refused:
        raise _restore_refused(call, text, refused) from None
    line = next((number for number, line in enumerate(text.splitlines(), 1) if "-set " in line), 0)
    _refuse_set(call, Program(f"{_own(call)}-restore", call.world.variant, line), before, after)
    if "t" not in flags:
        call.world = call.world.with_ruleset(call.namespace, after)
    return 0


def _restore_refused(call: Call, text: str, refused: Refused) -> Ended:
    own, variant = f"{_own(call)}-restore", call.world.variant
    number, source = (refused.place.line, refused.place.source) if refused.place else (0, "")
    lines = text.splitlines()
    commit = next((at for at in range(number, len(lines) + 1) if lines[at - 1].strip() == "COMMIT"), number)
    program = Program(own, variant, number, commit)
    match refused.kind:
        case Kind.NO_COMMIT:
            return Ended(1, f"{own}: {refused.message}\n")
        case Kind.OUTSIDE_OF_TABLES:
            return Ended(1, f"{own}: line {number} failed\n")
        case Kind.NO_TABLE if variant == "nft":
            return program.usage(f"{own}: line {number} table name '{refused.word}' invalid")
        case Kind.NO_TABLE:
            return program.usage(f"{own}: unable to initialize table '{refused.word}'")
        case Kind.POLICY_MISSING if source.startswith(":"):
            missing = "policy" if source[1:].strip() else "chain name"
            return program.usage(f"{own}: line {number} {missing} invalid")
    return (_legacy_declaration(program, refused, source) if variant == "legacy" else None) or program.answer(refused)


def _legacy_declaration(program: Program, refused: Refused, line: str) -> Ended | None:
    """What the legacy variant says to a line that declares a chain; None for any other."""
    if not line.startswith(":"):
        return None
    name, _, policy = line[1:].partition(" ")
    match refused.kind:
        case Kind.NAME_TOO_LONG:
            return program.usage(f"Invalid chain name `{name}' (28 chars max)")
        case Kind.NAME_OF_A_TARGET:
            return program.usage(f"error creating chain '{name}':File exists")
        case Kind.NOT_A_POLICY | Kind.POLICY_OF_A_USERS_CHAIN:
            reason = "Bad policy name" if refused.kind == Kind.NOT_A_POLICY else "Bad built-in chain name"
            said = f"Can't set policy `{policy.split()[0]}' on `{name}' line {program.line}: {reason}"
            return Ended(1, f"{program.full_name}: {said}\n")
    return None
