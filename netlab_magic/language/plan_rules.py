"""What firewall statements mean: from the ruleset as it is to the text that `iptables-restore` gets.

Whether two rules are the same is for iptables to say, not for us: every rule of a cell is first written in iptables' own words. Where
the option table knows all of a rule these are known (`spelt`); else iptables is asked (`Engine.canonical`, in a namespace made for it).
"""

import re
from collections.abc import Iterator, Sequence

import msgspec

from netlab_magic.errors import StatementError, place_of
from netlab_magic.iptables.canonical import canonical
from netlab_magic.iptables.extensions import target
from netlab_magic.iptables.rule_parser import read_rule
from netlab_magic.iptables.ruleset import PROGRAM_OF, Chain, Rule, Ruleset, Table
from netlab_magic.iptables.words import split
from netlab_magic.language import statements as s
from netlab_magic.model.hooks import BUILT_IN
from netlab_magic.text import counted, suggest

__all__ = ["Step", "check_text", "flattened", "masquerade_rule", "policy_step", "quoted", "restoring", "specs_in_order", "spelt", "step"]


class Step(msgspec.Struct, frozen=True):
    """What one firewall statement comes to: a line for the family's restore program (empty when nothing is to do) and a sentence."""

    table: str
    line: str
    sentence: str
    family: str = "ipv4"

    def command(self) -> str:
        """The `iptables` or `ip6tables` command that does the same."""
        program = PROGRAM_OF[self.family]
        if self.line.startswith(":"):
            chain, policy, _ = self.line[1:].split()
            return f"{program} -P {chain} {policy}"
        table = "" if self.table == "filter" else f"-t {self.table} "
        return f"{program} {table}{self.line}"


def policy_step(ruleset: Ruleset, statement: s.Policy) -> tuple[Step, Ruleset]:
    """What a `policy` statement comes to, and the ruleset after it."""
    table = ruleset.table("filter")
    chain = table.chain(str(statement.chain))
    if chain and chain.policy == statement.verdict:
        return Step("filter", "", "already so", ruleset.family), ruleset
    chains = tuple(
        msgspec.structs.replace(held, policy=str(statement.verdict)) if held.name == statement.chain else held for held in table.chains
    )
    after = _with_table(ruleset, Table("filter", chains))
    sentence = f"the policy of {_called(str(statement.chain), ruleset)} is now {statement.verdict}"
    return Step("filter", f":{statement.chain} {statement.verdict} [0:0]", sentence, ruleset.family), after


def _called(chain: str, ruleset: Ruleset) -> str:
    """A chain as sentences name it: of iptables unless they say otherwise."""
    return f"{chain} (ip6tables)" if ruleset.family == "ipv6" else chain


def _with_table(ruleset: Ruleset, table: Table) -> Ruleset:
    tables = (*(held for held in ruleset.tables if held.name != table.name), table)
    return msgspec.structs.replace(ruleset, tables=tables)


def masquerade_rule(statement: s.Masquerade) -> s.RuleEdit:
    """`masquerade` as the rule it stands for."""
    other = ("!", "-o", str(statement.bridge)) if statement.bridge else ()
    family = "ipv6" if ":" in statement.cidr else "ipv4"
    return s.RuleEdit("POSTROUTING", ("-s", statement.cidr, *other, "-j", "MASQUERADE"), "nat", family=family, place=statement.place)


def quoted(words: Sequence[str]) -> str:
    r"""Words as `iptables-restore` and `iptables-save` write them: in double quotes where they hold anything but plain characters.

    >>> quoted(["-m", "comment", "--comment", 'say "hi"'])
    '-m comment --comment "say \\"hi\\""'
    """
    return " ".join(_quote(str(word)) for word in words)


def _quote(word: str) -> str:
    if re.fullmatch(r"[^\s'\"\\#]+", word):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def check_text(ruleset: Ruleset, edits: Sequence[s.RuleEdit]) -> tuple[str, list[int]]:
    """A text for an empty firewall that holds every rule of `edits`, and each edit's line in it (from 1; 0 for one without a rule).

    The chains that users made are there too, so that rules may jump to them. Raises StatementError for a chain that does not exist.
    """
    lines: list[str] = []
    at = [0] * len(edits)
    for table in dict.fromkeys(edit.table for edit in edits):
        lines.append(f"*{table}")
        lines += [f":{chain.name} - [0:0]" for chain in ruleset.table(table).chains if chain.policy is None]
        for number, edit in enumerate(edits):
            if edit.table == table:
                known_chain(ruleset, edit)
                if _number(edit) is None:
                    lines.append(f"-A {edit.chain} {quoted(edit.spec)}")
                    at[number] = len(lines)
        lines.append("COMMIT")
    return "\n".join(lines) + "\n", at


def known_chain(ruleset: Ruleset, edit: s.RuleEdit) -> Chain:
    """The chain of an edit. Raises StatementError when its table has none of that name."""
    table = ruleset.table(edit.table)
    chain = table.chain(str(edit.chain))
    if chain is None:
        names = [chain.name for chain in table.chains]
        elsewhere = [name for name, chains in BUILT_IN.items() if edit.chain in chains]
        hint = f" (it is in {', '.join(elsewhere)}: rule -t {elsewhere[0]} {edit.chain} …)" if elsewhere else suggest(edit.chain, names)
        raise StatementError(f"the table {edit.table} has no chain {edit.chain}{hint}", place_of(edit.chain) or edit.place)
    return chain


def _number(edit: s.RuleEdit) -> int | None:
    """The rule number that a `delete` names, or None."""
    if edit.action == "delete" and len(edit.spec) == 1 and edit.spec[0].isdigit():
        return int(edit.spec[0][:9])
    return None


def spelt(ruleset: Ruleset, edit: s.RuleEdit) -> str | None:
    """An edit's rule in iptables' own words; "" for one without a rule, None where only iptables itself can tell.

    Raises StatementError for a chain that does not exist.
    """
    known_chain(ruleset, edit)
    if _number(edit) is not None:
        return ""
    chains = [chain.name for chain in ruleset.table(edit.table).chains if chain.policy is None]
    try:
        rule = canonical(read_rule(tuple(map(str, edit.spec)), edit.family, chains), edit.family)
    except ValueError:
        return None
    return None if _depends_on_the_variant(rule) or not _belongs_in(edit, rule) else str(rule)


def _belongs_in(edit: s.RuleEdit, rule: Rule) -> bool:
    """Whether the kernel takes the rule's target in this chain (xt_check_target() in net/netfilter/x_tables.c)."""
    known = target(rule.jump)
    return known is None or (known.table in ("", edit.table) and (not known.chains or str(edit.chain) in known.chains))


def _depends_on_the_variant(rule: Rule) -> bool:
    """Whether legacy and nft print a rule differently: what nft does not print, or legacy cuts, is for iptables itself to tell."""
    options = [*rule.options, *(rule.target.options if rule.target else ())]
    return any(option.name in ("--nflog-prefix", "--nflog-range") or (option.negated and option.values == ("+",)) for option in options)


def specs_in_order(canonical: Ruleset, edits: Sequence[s.RuleEdit]) -> list[str]:
    """Each edit's rule in iptables' own words, taken from the ruleset that `check_text` led to."""
    left: dict[tuple[str, str], Iterator[Rule]] = {}
    specs: list[str] = []
    for edit in edits:
        if _number(edit) is not None:
            specs.append("")
            continue
        key = edit.table, str(edit.chain)
        if key not in left:
            chain = canonical.chain(key[1], key[0])
            left[key] = iter(chain.rules if chain else ())
        specs.append(next(left[key]).spec)
    return specs


def step(ruleset: Ruleset, edit: s.RuleEdit, spec: str) -> tuple[Step, Ruleset]:
    """What `edit` comes to, and the ruleset after it. Raises StatementError when there is nothing to delete."""
    chain = known_chain(ruleset, edit)
    rule = msgspec.structs.replace(read_rule(split(spec), edit.family, strict=False), raw=spec)
    same = [number for number, held in enumerate(chain.rules, 1) if held.spec == spec or _says_the_same(held, rule, edit.family)]
    name = _called(chain.name, ruleset)
    if edit.action == "delete":
        number = _doomed(chain, edit, same)
        gone = chain.rules[number - 1].spec
        made = Step(edit.table, f"-D {chain.name} {number}", f"rule {number} of {name} is gone: {gone}", edit.family)
        return made, _with_rules(ruleset, edit.table, chain, (*chain.rules[: number - 1], *chain.rules[number:]))
    if same:
        return Step(edit.table, "", f"already so (rule {same[0]} of {name})", edit.family), ruleset
    if edit.action == "insert":
        made = Step(edit.table, f"-I {chain.name} 1 {spec}", f"rule 1 of {name}", edit.family)
        return made, _with_rules(ruleset, edit.table, chain, (rule, *chain.rules))
    made = Step(edit.table, f"-A {chain.name} {spec}", f"rule {len(chain.rules) + 1} of {name}", edit.family)
    return made, _with_rules(ruleset, edit.table, chain, (*chain.rules, rule))


def _says_the_same(held: Rule, rule: Rule, family: str) -> bool:
    """Whether a rule that iptables printed is one of which we say how it prints it: releases differ in how they write a few."""
    if held.jump != rule.jump or len(held.options) != len(rule.options) or len(held.matches) != len(rule.matches):
        return False
    try:
        return canonical(held, family).same_rule(canonical(rule, family))
    except ValueError:
        return False


def _doomed(chain: Chain, edit: s.RuleEdit, same: Sequence[int]) -> int:
    """The number of the rule to delete."""
    number = _number(edit)
    place = place_of(edit.spec[0]) or edit.place
    if number is None:
        if not same:
            six = "-6 " if edit.family == "ipv6" else ""
            raise StatementError(f"{chain.name} has no such rule to delete (show rules {six}{chain.name} lists them)", place)
        return same[0]
    if not 1 <= number <= len(chain.rules):
        count = counted(len(chain.rules), "rule") if chain.rules else "no rules"
        raise StatementError(f"{chain.name} has {count}, so there is no rule {number} to delete", place)
    return number


def _with_rules(ruleset: Ruleset, name: str, chain: Chain, rules: tuple[Rule, ...]) -> Ruleset:
    table = ruleset.table(name)
    changed = msgspec.structs.replace(chain, rules=rules)
    return _with_table(ruleset, Table(name, tuple(changed if old.name == chain.name else old for old in table.chains)))


def restoring(steps: Sequence[Step]) -> str:
    """The text for `iptables-restore --noflush` that carries out steps in order; nothing when there is nothing to do."""
    lines: list[str] = []
    table = ""
    for one in steps:
        if not one.line:
            continue
        if one.table != table:
            lines += ["COMMIT"] if table else []
            lines.append(f"*{one.table}")
            table = one.table
        lines.append(one.line)
    return "\n".join([*lines, "COMMIT", ""]) if table else ""


def flattened(dump: str, before: Ruleset) -> str:
    """A dump that, restored with a flush, leaves nothing of `before`: its tables that the dump does not mention become empty."""
    mentioned = set(re.findall(r"^\*(\S+)", dump, re.MULTILINE))
    empty = [
        "\n".join([f"*{table.name}", *(f":{chain} ACCEPT [0:0]" for chain in BUILT_IN[table.name]), "COMMIT", ""])
        for table in before.tables
        if table.name not in mentioned and table.name in BUILT_IN
    ]
    return dump + "".join(empty)
