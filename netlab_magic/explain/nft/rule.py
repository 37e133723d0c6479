"""One rule of nft in words: which packets it matches, and what happens then, statement by statement."""

from collections.abc import Iterator, Sequence

from netlab_magic.errors import StatementError
from netlab_magic.explain.explanation import Explanation
from netlab_magic.explain.known.nft_chains import known_chain
from netlab_magic.explain.known.nft_rules import known_rule
from netlab_magic.explain.matches import sentence
from netlab_magic.explain.nft.conditions import CONDITIONS, clauses, packets
from netlab_magic.explain.nft.constants import constant, kinds_of
from netlab_magic.explain.nft.effects import effect, handing_over, refusal, translation
from netlab_magic.explain.nft.nouns import noun
from netlab_magic.explain.nft.position import Site, Surroundings
from netlab_magic.explain.notes import counted, shadow_note, unreached
from netlab_magic.explain.values import joined, ored
from netlab_magic.explain.verdicts import enters, returns
from netlab_magic.i18n import Language, language, message
from netlab_magic.iptables.extensions import target
from netlab_magic.iptables.identity_cache import Remembered
from netlab_magic.nftables import expressions as e
from netlab_magic.nftables import statements as s
from netlab_magic.nftables.analysis.reachability import counted_by, unconditional
from netlab_magic.nftables.ruleset import Ruleset, Table
from netlab_magic.text import printable, suggest

__all__ = ["explain_rule", "rule_sentence", "surroundings", "table_of_title", "told"]

_MOST_WAYS = 8
_FAMILIES = {"ip": 2, "ip6": 10}
_COUNTS = (s.Counter, s.Last)
_TRANSLATIONS = (s.Nat, s.Masquerade, s.Redirect)


def explain_rule(ruleset: Ruleset, title: str, chain: str, number: int, language_name: str = "en") -> Explanation:
    """The rule with that number, counted from 1, of a chain of the table `title`, in words.

    Raises StatementError for an unknown table, chain, number or language.
    """
    return told(_site(ruleset, title, chain, number), language(language_name))


def rule_sentence(ruleset: Ruleset, title: str, chain: str, number: int, language_name: str = "en") -> str:
    """What the rule with that number matches, and what happens then, and no more. Raises as `explain_rule` does."""
    say = language(language_name)
    site = _site(ruleset, title, chain, number)
    return say.paragraph([*_sentences(site, say)])


def surroundings(ruleset: Ruleset, title: str, chain: str) -> Surroundings:
    """A chain with what is around it, worked out once for all its rules. Raises StatementError for a table or chain that is not there."""
    return _SURROUNDINGS.of(ruleset, title, chain)


def _surroundings(ruleset: Ruleset, title: str, chain: str) -> Surroundings:
    table = table_of_title(ruleset, title)
    held = table.chain(chain)
    if held is None:
        raise StatementError(f"the table {title} has no chain {chain}{suggest(chain, [each.name for each in table.chains])}")
    return Surroundings(ruleset, table, held)


_SURROUNDINGS: Remembered[Ruleset, Surroundings] = Remembered(_surroundings)


def table_of_title(ruleset: Ruleset, title: str) -> Table:
    """The table that nft calls `title` (`inet fw`), also written `inet:fw`. Raises StatementError where there is none."""
    family, _, name = title.replace(":", " ", 1).partition(" ")
    found = ruleset.table(family, name)
    if found is None:
        raise StatementError(f"there is no table {title}{suggest(title, [table.title for table in ruleset.tables])}")
    return found


def _site(ruleset: Ruleset, title: str, chain: str, number: int) -> Site:
    around = surroundings(ruleset, title, chain)
    count = len(around.chain.rules)
    if not 1 <= number <= count:
        there = f"it has {count} rule{'s' if count > 1 else ''}" if count else "it has no rules"
        raise StatementError(f"the chain {chain} has no rule {number}; {there}")
    return Site(around, number)


def told(site: Site, say: Language) -> Explanation:
    """The rule at a site in words."""
    matches, then = _sentences(site, say)
    text = printable(site.rule.text(site.table.family))
    comment = [say("Its comment reads “{}”.", site.rule.comment)] if site.rule.comment else []
    situation = known_rule(site.table, site.chain, site.rule, say) or _where_to(site, say)
    return Explanation(
        printable(site.chain.name),
        site.number,
        text,
        matches,
        then,
        say.paragraph([situation, *comment]),
        tuple(_notes(site, say)),
        say.paragraph([matches, then]),
    )


def _where_to(site: Site, say: Language) -> str:
    """The purpose of the chain that the rule enters, if known."""
    entered = [each.chain for each in site.rule.statements if isinstance(each, s.Verdict) and each.chain]
    found = site.table.chain(entered[0]) if entered else None
    known = known_chain(site.table, found, say) if found else ""
    return say("{chain}: {purpose}", chain=entered[0], purpose=known) if known else ""


def _notes(site: Site, say: Language) -> Iterator[str]:
    blocker = site.around.shadows.get(site.number)
    if blocker is None:
        yield from unreached(site.around, say)
    else:
        yield shadow_note(blocker, say, takes_all=unconditional(site.chain.rules[blocker - 1], site.table.family))
    counter = counted_by(site.rule, site.table.family)
    yield from counted(counter.packets if counter else None, (counter.bytes or 0) if counter else 0, say)
    for statement in site.rule.statements:
        if isinstance(statement, s.Unknown):
            yield say("“{}” is quoted as it stands: what it means is not known here.", statement.text)
        elif isinstance(statement, s.Xt):
            yield say("Of {} nft tells the name only; iptables-save tells the rest.", statement.name)


def _sentences(site: Site, say: Language) -> tuple[str, str]:
    """What a rule matches, and what happens then."""
    statements = site.rule.statements
    first = next((place for place, each in enumerate(statements) if not (_asks(each) or isinstance(each, _COUNTS))), len(statements))
    asked, rest = tuple(each for each in statements[:first] if _asks(each)), statements[first:]
    whose, left = packets((*asked, *_families(site)), say)
    matches = sentence(whose, clauses(left, site.table.family, say), say, of_all=whose == say("packets"))
    return matches, say.paragraph(list(_then(site, asked, rest, say)))


def _families(site: Site) -> Iterator[s.Match]:
    """The family that a translation is for: in a table of both, it leaves packets of the other one alone (nft_nat_inet_eval)."""
    for statement in site.rule.statements if site.table.family == "inet" else ():
        if isinstance(statement, s.Nat) and statement.family in _FAMILIES:
            yield s.Match(e.Meta("nfproto"), "==", _FAMILIES[statement.family])


def _asks(statement: s.Statement) -> bool:
    if isinstance(statement, s.SetUpdate):
        return any(isinstance(each, CONDITIONS) for each in statement.element.statements)
    if isinstance(statement, s.ObjectReference):
        return statement.kind in ("limit", "quota")
    return isinstance(statement, (*CONDITIONS, s.Unknown, s.Xt))


def _then(site: Site, asked: Sequence[s.Statement], rest: Sequence[s.Statement], say: Language) -> Iterator[str]:
    """What happens to a packet for which `asked` holds: what is done to it, what is asked of it further on, and the end."""
    family, effects = site.table.family, list(_updates(asked, site, say))
    looked_up = next((each for each in asked if isinstance(each, s.VerdictMap)), None)
    for statement in rest:
        if _asks(statement):
            yield from _done(effects, say)
            effects = []
            if isinstance(statement, s.VerdictMap):
                looked_up = statement
            else:
                narrower = clauses([statement], family, say)
                yield say("The rule goes on for packets that {clauses} only.", clauses=joined(narrower, say))
                effects += _updates([statement], site, say)
        elif _is_end(statement):
            yield from _done(effects, say)
            yield _end(site, statement, say)
            return
        else:
            effects += filter(None, [effect(statement, family, say)])
    if looked_up is not None:
        yield from _done(effects, say)
        yield _chosen(site, looked_up, say)
    elif effects:
        yield say("The packet {what} and goes on to {onward}.", what=joined(effects, say), onward=site.onward(say))
    else:
        yield say("The rule decides nothing: the packet is counted and goes on to {}.", site.onward(say)) if _counts(site) else say(
            "The rule decides nothing: the packet goes on to {}.", site.onward(say))  # fmt: skip


def _updates(asked: Sequence[s.Statement], site: Site, say: Language) -> Iterator[str]:
    """What conditions do by the way: a packet is put into a set to be counted there."""
    return (effect(each, site.table.family, say) for each in asked if isinstance(each, s.SetUpdate))


def _counts(site: Site) -> bool:
    return any(isinstance(each, s.Counter) for each in site.rule.statements)


def _done(effects: Sequence[str], say: Language) -> Iterator[str]:
    if effects:
        yield say("The packet {}.", joined(list(effects), say))


def _is_end(statement: s.Statement) -> bool:
    return isinstance(statement, (s.Verdict, s.Reject, s.Queue, s.Forward, *_TRANSLATIONS))


_ACCEPTED = {
    "nat": message("The connection keeps its addresses: no later rule of this base chain is asked about it."),
    "filter": message(
        "The packet is accepted here: no later rule of this base chain is asked about it, while base chains that come later still are."
    ),
}


def _end(site: Site, statement: s.Statement, say: Language) -> str:
    match statement:
        case s.Verdict("jump" | "goto" as how, chain):
            entered = site.table.chain(chain)
            is_empty = entered is not None and not entered.rules
            return enters(site.standing(say), chain, say, goto=how == "goto", is_empty=is_empty)
        case s.Verdict("return"):
            return returns(site.standing(say), say)
        case s.Verdict("continue"):
            return say("The rule decides nothing: the packet goes on to {}.", site.onward(say))
        case s.Verdict("accept"):
            return say(_ACCEPTED["nat" if site.around.kinds == {"nat"} else "filter"])
        case s.Verdict("drop"):
            extension = target("DROP")
            assert extension is not None
            return say(extension.then)
        case s.Reject():
            return refusal(statement, say)
        case s.Queue() | s.Forward():
            return handing_over(statement, say)
        case s.Nat() | s.Masquerade() | s.Redirect():
            extension = target("MASQUERADE")
            assert extension is not None
            return say(extension.then, what=translation(statement, say), onward=site.onward(say))
    return say("The packet is passed on as the rule says: “{}”.", site.rule.text(site.table.family))


_CHOSEN = {
    "accept": message("accepted"),
    "drop": message("dropped"),
    "return": message("sent back"),
    "continue": message("left to the next rule"),
    "jump": message("sent into the chain {}"),
    "goto": message("sent into the chain {} for good"),
}


def _chosen(site: Site, found: s.VerdictMap, say: Language) -> str:
    """What becomes of packets by what a verdict map has for them."""
    named = site.table.set(found.mapping.name) if isinstance(found.mapping, e.NamedSet) else None
    elements = found.mapping.elements if isinstance(found.mapping, e.AnonymousSet) else named.elements if named else ()
    if not elements:
        text = message("What becomes of the packet is what the map says; it is empty now, so that every packet goes on to {}.")
        return say(text, site.onward(say))
    ways: dict[str, list[str]] = {}
    kinds = kinds_of(found.key)
    for element in elements:
        if isinstance(element.data, s.Verdict):
            ways.setdefault(say(_CHOSEN[element.data.name], element.data.chain), []).append(constant(element.key, kinds, say))
    shown = [say("{keys}: {what}", keys=_few(keys, say), what=what) for what, keys in list(ways.items())[:_MOST_WAYS]]
    if len(ways) > _MOST_WAYS:
        shown.append(say("{} more", len(ways) - _MOST_WAYS))
    told = say.several(message("{}; {}"), message("{}; {}"), shown)
    return say("What becomes of the packet depends on {noun} ({ways}).", noun=noun(found.key, say), ways=told)


def _few(keys: list[str], say: Language) -> str:
    some = keys[:4]
    return ored([*some, say("one of {} others", len(keys) - len(some))] if len(keys) > len(some) else some, say)
