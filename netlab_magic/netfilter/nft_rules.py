"""The rules of nft, compiled to the same lines as those of iptables: conditions, and what follows when all of them hold."""

from collections.abc import Callable, Iterable
from functools import partial
from operator import ge, gt, le, lt

import msgspec

from netlab_magic.iptables.extensions.values import Span
from netlab_magic.netfilter.condition import Condition, unjudged
from netlab_magic.netfilter.frame import Frame
from netlab_magic.netfilter.nft_changes import connection_marked, header_changed, marked, ports_of, translated
from netlab_magic.netfilter.nft_comparisons import (
    compares,
    equals,
    has_a_bit,
    in_set,
    is_between,
    is_name,
    is_one_in,
    is_several,
    is_status,
    judged,
)
from netlab_magic.netfilter.nft_fields import Operand, Sets, is_limited, operand
from netlab_magic.netfilter.nft_headers import FAMILY_BITS, family_is, header_field, protocol_is
from netlab_magic.netfilter.nft_sets import Value, plain, span
from netlab_magic.netfilter.rule_index import Line, Stage
from netlab_magic.netfilter.targets import Action, Change, Unjudged, either, masquerading, redirecting, unknowable, untracked
from netlab_magic.nftables import statements as s
from netlab_magic.nftables.datatypes import Bitmask
from netlab_magic.nftables.expressions import (
    CONSTANTS,
    AnonymousSet,
    Ct,
    Element,
    Expression,
    MapLookup,
    Meta,
    NamedSet,
    Payload,
    TcpOption,
)
from netlab_magic.nftables.ruleset import Rule, Table
from netlab_magic.nftables.state import stateless_rule
from netlab_magic.nftables.text.expression_printer import Style, expression_text, set_text
from netlab_magic.nftables.text.statement_printer import statement_text

__all__ = ["RuleCompiler", "is_counter", "is_other_family"]

_STYLE = Style()
_FEW = 12
"""Sets of up to this many elements are shown in full."""
_REFUSALS = {
    "icmp": {
        0: "icmp-net-unreachable", 1: "icmp-host-unreachable", 2: "icmp-proto-unreachable", 3: "icmp-port-unreachable",
        9: "icmp-net-prohibited", 10: "icmp-host-prohibited", 13: "icmp-admin-prohibited",
    },
    "icmpv6": {
        0: "icmp6-no-route", 1: "icmp6-adm-prohibited", 3: "icmp6-addr-unreachable", 4: "icmp6-port-unreachable",
        5: "icmp6-policy-fail", 6: "icmp6-reject-route",
    },
}  # fmt: skip
_EITHER = {0: (0, 0), 1: (3, 4), 2: (1, 3), 3: (13, 1)}
"""The codes of icmpx, each in ICMP and in ICMPv6 (nft_reject_icmp_code, nft_reject_icmpv6_code)."""
_ORDERED: dict[str, Callable[[int, int], bool]] = {"<": lt, ">": gt, "<=": le, ">=": ge}
_LOOKS_ONLY = (s.Counter, s.Last, s.Log, s.Dup, s.FlowAdd, s.ResetOption)
_LIMITS = (s.Limit, s.Quota, s.ConnectionLimit, s.Meter)
_SEEN_BY_NOBODY = frozenset((("ip", "id"), ("ip", "checksum"), ("tcp", "checksum"), ("tcp", "window"), ("udp", "checksum")))
"""Fields of headers by which no packet finds another way."""
_SETS_NOTHING_HERE = frozenset(("priority", "nftrace", "secmark"))


def is_other_family(nat: s.Nat, six: bool) -> bool:
    """Whether a translation is not for packets of this family."""
    family = nat.family or {4: "ip", 6: "ip6"}.get(getattr(nat.address, "version", 0), "")
    return FAMILY_BITS.get(family, six) != six


def _is_misprinted(left: Expression, wanted: Value) -> bool:
    """Whether nft may have printed something else than it asks for: `ct reply daddr 172.18.0.0/16` without a family, of which the kernel
    compares the first bytes, is listed as 0.0.172.18 by nft 1.0.6. No packet has such an address.
    """
    return isinstance(left, Ct) and left.key.endswith("addr") and isinstance(wanted, int) and 0 < wanted < 1 << 24


def is_counter(statement: s.Statement) -> bool:
    """Whether a statement counts: by itself, or in an object of the table."""
    return isinstance(statement, s.Counter) or (isinstance(statement, s.ObjectReference) and statement.kind == "counter")


class RuleCompiler:
    """Compiles the rules of one table to lines, for packets of one family."""

    def __init__(self, table: Table, six: bool) -> None:
        self.table = table
        self.six = six
        self.sets = Sets(table)
        self.chains = frozenset(chain.name for chain in table.chains)

    def line(self, rule: Rule, chain: str, number: int) -> Line:
        """The line of a rule. If a part of it is not understood, it cannot be evaluated."""
        made = _Line(self)
        for statement in rule.statements:
            if made.is_over:
                break
            made.take(statement)
        conditions = tuple(made.conditions)
        text = stateless_rule(rule).text(self.table.family)
        tests = tuple(each.test for each in conditions)
        return Line(self.table.title, chain, number, conditions, tests, made.action(), text, tuple(made.stages), tuple(made.counters))

    def told(self, statement: s.Statement) -> str:
        """A statement as nft prints it."""
        return statement_text(statement, self.table.family, _STYLE)


class _Line:
    """One rule being compiled to a line."""

    def __init__(self, compiler: RuleCompiler) -> None:
        self.of = compiler
        self.conditions: list[Condition] = []
        self.changes: list[Change] = []
        self.stages: list[Stage] = []
        self.counters: list[int] = []
        self.verdict: Action | None = None
        self.is_over = False

    def action(self) -> Action:
        verdict, change = self.verdict or Action(), self.changed()
        if change is None:
            return verdict
        return msgspec.structs.replace(verdict, change=change)

    def changed(self) -> Change | None:
        """What the rule has changed so far."""
        changes = tuple(self.changes)
        return partial(_one_after_the_other, changes) if changes[1:] else changes[0] if changes else None

    def ask(self, *conditions: Condition) -> None:
        """Adds conditions; those after a change see the changed packet, and the change stays even if they do not match."""
        change = self.changed()
        if change is None:
            self.conditions += conditions
        elif conditions:
            if not self.stages or self.stages[-1][1] is not change:
                self.stages.append((len(self.conditions), change))
            self.conditions += (_asked_after(change, condition) for condition in conditions)

    def take(self, statement: s.Statement) -> None:
        if is_counter(statement):
            self.counters.append(len(self.conditions))
        match statement:
            case s.Match():
                self.ask(*self.matched(statement))
            case s.Verdict():
                self.end(self.follows(statement))
            case s.VerdictMap(key, mapping):
                self.choose(statement, key, mapping)
            case s.Reject(kind, code):
                self.reject(kind, code)
            case s.Nat():
                self.translate(statement)
            case s.Masquerade(port):
                self.end_translating(masquerading, port)
            case s.Redirect(port):
                self.end_translating(redirecting, port)
            case s.Assignment(target, value):
                self.assign(statement, target, value)
            case s.Notrack():
                self.changes.append(untracked)
            case s.SetUpdate(_, _, element):
                if is_limited(element.statements):
                    self.ask(unjudged(self.of.told(statement)))
            case s.ObjectReference(kind) if kind in ("limit", "quota"):
                self.ask(unjudged(self.of.told(statement)))
            case s.ObjectReference(kind) if kind != "synproxy":
                pass
            case _ if isinstance(statement, _LIMITS):
                self.ask(unjudged(self.of.told(statement)))
            case _ if not isinstance(statement, _LOOKS_ONLY):
                told = statement.text if isinstance(statement, s.Unknown) else self.of.told(statement)
                self.ask(unjudged(told))
                self.end(unknowable(f"has a part that the model does not follow, {told}"))

    def end(self, action: Action) -> None:
        self.verdict = action
        self.is_over = True

    # --- conditions ---------------------------------------------------------------------------------------------------------------

    def matched(self, match: s.Match) -> list[Condition]:
        left = operand(match.left, self.of.sets)
        test = None if left is None else self.test(left, match)
        if left is None or test is None:
            return [unjudged(self.of.told(match))]
        negated = match.operator in ("!=", "!")
        return [*left.needs, Condition(left.text, _wanted(match), test, left.seen, negated, left.field, self.only(left, match))]

    def only(self, left: Operand, match: s.Match) -> int | None:
        """The one address that is accepted, by which lines are indexed."""
        if left.field in ("source", "destination") and match.operator == "==" and isinstance(match.right, CONSTANTS):
            return int(plain(match.right))  # type: ignore[arg-type]
        return None

    def test(self, left: Operand, match: s.Match) -> Callable[[Frame], bool | None] | None:
        """The test of a comparison; None if the model cannot evaluate it."""
        operator, right, get = match.operator, match.right, left.get
        if isinstance(match.left, Ct) and match.left.key == "status" and operator in ("==", "!="):
            return is_status(get, plain(right), operator == "!=") if isinstance(right, int) else None
        if isinstance(right, NamedSet | AnonymousSet):
            index = self.of.sets.index(right)
            return None if index is None else in_set(get, index, operator == "!=")
        bounds = span(right)
        if bounds is not None and operator in ("==", "!="):
            return judged(get, partial(is_between, *bounds, operator == "!="))
        try:
            wanted = plain(right)
        except ValueError:
            return None
        if _is_misprinted(match.left, wanted):
            return None
        if operator in _ORDERED and isinstance(wanted, int):
            return judged(get, partial(compares, _ORDERED[operator], wanted))
        if operator in ("in", "!") and isinstance(wanted, int):
            return judged(get, partial(has_a_bit, wanted, operator == "!"))
        if operator not in ("==", "!="):
            return None
        if isinstance(match.left, Meta) and match.left.key in ("iif", "oif") and not isinstance(wanted, str):
            return None  # the index of a deleted device
        if isinstance(wanted, str):
            return judged(get, partial(is_name, wanted, operator == "!="))
        return equals(get, wanted, operator == "!=")

    # --- verdicts -----------------------------------------------------------------------------------------------------------------

    def follows(self, verdict: s.Verdict) -> Action:
        match verdict.name:
            case "jump" | "goto":
                if verdict.chain not in self.of.chains:
                    return unknowable(f"leads to {verdict.chain}, which is not there")
                return Action(chain=verdict.chain, goto=verdict.name == "goto")
            case "continue":
                return Action()
        return Action(verdict=verdict.name.upper())

    def choose(self, statement: s.VerdictMap, key: Expression, mapping: NamedSet | AnonymousSet) -> None:
        """A verdict map: a missing key does not match; otherwise its verdict follows."""
        asked, index = operand(key, self.of.sets), self.of.sets.index(mapping)
        if asked is None or index is None:
            self.ask(unjudged(self.of.told(statement)))
            self.end(unknowable(f"has a map that the model cannot look up, {self.of.told(statement)}"))
            return
        why = f"looks up {asked.text}, which cannot be told"
        known: dict[int, Action] = {}

        def action_of(element: Element) -> Action:
            if not isinstance(element.data, s.Verdict) or is_limited(element.statements):
                raise Unjudged(why)
            made = known[id(element)] = self.follows(element.data)
            return made

        def chosen(frame: Frame) -> Action:
            value = asked.get(frame)
            if value is None or is_several(value):
                found = [element for one in asked.possible(frame) if not is_several(one) and (element := index.find(one))]
                action: Action = either(why, [known.get(id(element)) or action_of(element) for element in found])
                return action
            element = index.find(value)
            if element is None:
                raise Unjudged(why)
            return known.get(id(element)) or action_of(element)

        there = is_one_in(asked, index) if asked.several else in_set(asked.get, index, denied=False)
        wanted = f"@{mapping.name}" if isinstance(mapping, NamedSet) else f"{{ {', '.join(_few(mapping, key))} }}"
        self.ask(*asked.needs, Condition(asked.text, wanted, there, asked.seen))
        self.end(Action(choose=chosen))

    def reject(self, kind: str, code: int | None) -> None:
        if kind == "tcp reset":
            self.ask(protocol_is(6))
            self.end(Action(verdict="REJECT", answer="tcp-reset"))
            return
        if kind in ("icmp", "icmpv6"):
            self.ask(family_is(kind == "icmpv6"))
        family = "icmpv6" if self.of.six else "icmp"
        wanted = _EITHER.get(code or 0, (-1, -1))[self.of.six] if kind == "icmpx" else code
        answer = _REFUSALS[family].get(wanted if wanted is not None else -1)
        self.end(Action(verdict="REJECT", answer=answer) if answer else unknowable("rejects with a code that the model does not know"))

    # --- translation --------------------------------------------------------------------------------------------------------------

    def end_translating(self, make: Callable[[Span | None], Action], port: Expression | None) -> None:
        """The end of a rule that masquerades or redirects."""
        try:
            found = make(ports_of(port))
        except ValueError:
            found = unknowable("lets its port be chosen by an expression")
        self.end_with(found)

    def end_with(self, action: Action) -> None:
        if action.change is not None:
            self.changes.append(action.change)
        self.end(msgspec.structs.replace(action, change=None))

    def translate(self, nat: s.Nat) -> None:
        address = operand(nat.address, self.of.sets) if nat.address is not None else None
        port = operand(nat.port, self.of.sets) if isinstance(nat.port, MapLookup) else None
        self.ask(*(address.needs if address else ()), *(port.needs if port else ()))
        if is_other_family(nat, self.of.six):  # it does nothing, and the next rule follows (nft_nat_inet_eval)
            self.end(Action())
            return
        try:
            ports = None if port else ports_of(nat.port)
        except ValueError:
            self.end_with(unknowable(f"chooses the port of {self.of.told(nat)}"))
            return
        if nat.address is not None and address is None:
            self.end_with(unknowable(f"chooses one of several addresses, {self.of.told(nat)}"))
            return
        self.end_with(Action(verdict="ACCEPT", change=partial(translated, nat.kind, address, port, ports, "prefix" in nat.modes)))

    # --- changes ------------------------------------------------------------------------------------------------------------------

    def assign(self, statement: s.Assignment, target: Expression, value: Expression) -> None:
        found = operand(value, self.of.sets)
        match target:
            case Meta("mark") | Ct("mark") if found is not None:
                self.ask(*found.needs)
                self.changes.append(partial(marked if isinstance(target, Meta) else connection_marked, found))
            case Payload("ip" | "ip6", "ttl" | "hoplimit" | "dscp" | "ecn") if found is not None:
                self.ask(family_is(target.protocol == "ip6"))
                self.changes.append(partial(header_changed, target.field, found))
            case Meta(key) if key in _SETS_NOTHING_HERE:
                pass
            case TcpOption():
                self.ask(protocol_is(6))
            case Payload(protocol, field) if (protocol, field) in _SEEN_BY_NOBODY:
                described = header_field(target)
                self.ask(*(described[1] if described else ()))
            case Ct(key) if key != "zone":
                pass
            case _:
                told = self.of.told(statement)
                self.end(unknowable(f"has a part that the model does not follow, {told}"))


def _asked_after(change: Change, condition: Condition) -> Condition:
    """The same condition, for the packet after the change."""

    def test(frame: Frame) -> bool | None:
        try:
            return condition.test(change(frame))
        except Unjudged:
            return None

    return Condition(condition.about, condition.wanted, test, lambda frame: condition.seen(change(frame)), condition.negated)


def _one_after_the_other(changes: Iterable[Change], frame: Frame) -> Frame:
    for change in changes:
        frame = change(frame)
    return frame


# --- what a rule tests, in words ----------------------------------------------------------------------------------------------


def _few(found: AnonymousSet, key: Expression) -> list[str]:
    """The keys of an anonymous set as nft prints them; of many, the first few."""
    kinds = _STYLE.datatypes(key)
    texts = [set_text(AnonymousSet((element,)), kinds, _STYLE, ())[2:-2] for element in _keys(found.elements[:_FEW])]
    return texts if len(found.elements) <= _FEW else [*texts, "…"]


def _keys(elements: Iterable[Element]) -> list[Element]:
    return [Element(element.key) for element in elements]


def _wanted(match: s.Match) -> str:
    """What a comparison tests for, as nft prints it."""
    right = match.right
    if isinstance(right, AnonymousSet):
        return f"{{ {', '.join(_few(right, match.left))} }}"
    kinds = _STYLE.datatypes(match.left)
    flags = kinds[0].flags(right) if isinstance(kinds[0], Bitmask) and isinstance(right, int) else []
    text = ",".join(flags) or expression_text(right, _STYLE, kinds)
    return f"{match.operator} {text}" if match.operator in _ORDERED else text
