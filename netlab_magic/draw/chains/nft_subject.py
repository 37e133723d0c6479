"""A table of nft as a picture shows it: its chains, and the sets and maps that their rules look into."""

from collections.abc import Iterable, Iterator

from netlab_magic.draw.base.rule_label import End, RuleWords, verdict
from netlab_magic.draw.chains.subject import StoreRow, StoreView, Subject
from netlab_magic.nftables.analysis.reachability import graph_of
from netlab_magic.nftables.expressions import AnonymousSet, NamedSet
from netlab_magic.nftables.jumps import verdicts
from netlab_magic.nftables.listing import priority_text
from netlab_magic.nftables.ruleset import Chain, Rule, Set, Table
from netlab_magic.nftables.state import stateless_rule
from netlab_magic.nftables.statements import (
    ConnectionLimit,
    Counter,
    Last,
    Limit,
    Match,
    Meter,
    Quota,
    Reject,
    SetUpdate,
    Statement,
    Verdict,
    VerdictMap,
)
from netlab_magic.nftables.text.expression_printer import Style, element_text, expression_text, mapping_text
from netlab_magic.nftables.text.statement_printer import statement_text
from netlab_magic.text import counted

__all__ = ["NftSubject"]

_STYLE = Style()
_MOST_ELEMENTS = 8
_ONLY_LOOK = (ConnectionLimit, Last, Limit, Meter, Quota)


def _base_words(chain: Chain, family: str) -> str:
    """What makes a chain a base chain, in nft's words."""
    hook = chain.hook
    assert hook is not None
    named = priority_text(hook.priority, family, hook.hook)
    priority = named if named == str(hook.priority) else f"{named} ({hook.priority})"
    device = f" device {', '.join(hook.devices)}" if hook.devices else ""
    return f"type {hook.kind} hook {hook.hook}{device} priority {priority}"


class NftSubject(Subject):
    """A table of nft."""

    def __init__(self, table: Table) -> None:
        self.title = table.title
        self.graph = graph_of(table)
        self._table = table
        self._chains = {chain.name: chain for chain in table.chains}
        self._sets = {found.name: found for found in table.sets}

    def _rule(self, chain: str, number: int) -> Rule:
        return self._chains[chain].rules[number - 1]

    def policy(self, chain: str) -> End | None:
        """See Subject."""
        hook = self._chains[chain].hook
        return verdict(hook.policy) if hook else None

    def role(self, chain: str) -> str:
        """See Subject."""
        held = self._chains[chain]
        return f"{self.title} · {_base_words(held, self._table.family)}" if held.hook else "regular chain"

    def typed(self, chain: str, number: int) -> str:
        """See Subject."""
        return self._rule(chain, number).text(self._table.family)

    def ends(self, chain: str, first: int, last: int) -> list[str]:
        """See Subject."""
        return [_end_word(rule) for rule in self._chains[chain].rules[first - 1 : last]]

    def words(self, chain: str, number: int) -> RuleWords:
        """See Subject."""
        rule = stateless_rule(self._rule(chain, number))
        last = _last(rule)
        before = [each for each in rule.statements if each is not last and not isinstance(each, Counter)]
        phrases = [self._text(statement) for statement in before]
        comment = [f"/* {rule.comment} */"] if rule.comment else []
        if isinstance(last, VerdictMap):
            phrases.append(expression_text(last.key, _STYLE))
            end = End("→", f"vmap {mapping_text(last.key, last.mapping, _STYLE, ())}")
        else:
            end = self._end(last)
        to = tuple(dict.fromkeys(verdict.chain for verdict in verdicts(rule, self._table) if verdict.chain in self._chains))
        goto = isinstance(last, Verdict) and last.name == "goto"
        verbatim = " ".join([*phrases, *comment]) or "every packet"
        return RuleWords((*phrases, *comment) or ("every packet",), verbatim, end, to, goto)

    def _text(self, statement: Statement) -> str:
        return statement_text(statement, self._table.family, _STYLE)

    def _end(self, last: Statement | None) -> End:
        match last:
            case None:
                return verdict("")
            case Verdict("jump", chain):
                return End("→", chain)
            case Verdict("goto", chain):
                return End("⇒", f"goto {chain}")
            case Verdict(name):
                return verdict(name)
            case Reject():
                return End("✕", self._text(last), good=False)
        return End("•", self._text(last))

    def used(self, chain: str, number: int) -> tuple[str, ...]:
        """See Subject."""
        return tuple(dict.fromkeys(name for each in self._rule(chain, number).statements for name in _names(each) if name in self._sets))

    def stores(self, names: Iterable[str]) -> Iterator[StoreView]:
        """See Subject."""
        for name in names:
            found = self._sets[name]
            rest = found.elements[_MOST_ELEMENTS:]
            to = (element.data.chain for element in rest if isinstance(element.data, Verdict))
            more_to = tuple(dict.fromkeys(chain for chain in to if chain in self._chains))
            yield StoreView(name, _about(found), tuple(_rows(found, self._chains)), len(rest), more_to)


def _last(rule: Rule) -> Statement | None:
    """The statement that tells what becomes of the packet; None in a rule that only asks and counts."""
    done = [each for each in rule.statements if not isinstance(each, Counter | Match)]
    return done[-1] if done and not isinstance(done[-1], _ONLY_LOOK) else None


def _end_word(rule: Rule) -> str:
    last = _last(rule)
    if isinstance(last, Verdict):
        return last.chain or last.name
    return "" if last is None else type(last).__name__.lower()


def _names(value: object) -> Iterator[str]:
    """The names of the sets and maps that a statement looks into or fills."""
    if isinstance(value, NamedSet):
        yield value.name
    elif isinstance(value, SetUpdate):
        yield value.set
    elif not isinstance(value, AnonymousSet):
        for name in getattr(value, "__struct_fields__", ()):
            held = getattr(value, name)
            for one in held if isinstance(held, tuple) else (held,):
                yield from _names(one)


def _about(found: Set) -> str:
    kind = "map" if found.is_map else "set"
    types = " . ".join(found.key) + (f" : {' . '.join(found.data)}" if found.data else "")
    flags = f" · flags {','.join(found.flags)}" if found.flags else ""
    return f"{kind} · {types}{flags} · {counted(len(found.elements), 'element')}"


def _rows(found: Set, chains: Iterable[str]) -> Iterator[StoreRow]:
    keys, data = tuple(map(_STYLE.printed, found.key_types)), found.data_types
    for element in found.elements[:_MOST_ELEMENTS]:
        to = element.data.chain if isinstance(element.data, Verdict) and element.data.chain in chains else ""
        yield StoreRow(element_text(element, keys, data, _STYLE), to)
