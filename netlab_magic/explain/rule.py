"""One rule in words."""

from netlab_magic.errors import StatementError
from netlab_magic.explain.explanation import Explanation
from netlab_magic.explain.known.chains import known_purpose
from netlab_magic.explain.known.docker_filter import DOCKER
from netlab_magic.explain.known.everyday import EVERYDAY
from netlab_magic.explain.known.kubernetes import KUBERNETES
from netlab_magic.explain.known.patterns import recognised
from netlab_magic.explain.known.programs import PROGRAMS
from netlab_magic.explain.matches import comments, matched
from netlab_magic.explain.notes import rule_notes
from netlab_magic.explain.position import Site, Surroundings
from netlab_magic.explain.targets import happens
from netlab_magic.i18n import Language, language
from netlab_magic.iptables.canonical import canonical
from netlab_magic.iptables.identity_cache import Remembered
from netlab_magic.iptables.ruleset import Chain, Rule, Ruleset, Table
from netlab_magic.text import counted, printable, suggest

__all__ = ["explain_rule", "rule_sentence", "rule_situation", "surroundings", "told"]

_SHAPES = (*DOCKER, *KUBERNETES, *PROGRAMS, *EVERYDAY)


def explain_rule(ruleset: Ruleset, table: str, chain: str, number: int, language_name: str = "en") -> Explanation:
    """The rule with that number, counted from 1, in words.

    Raises StatementError for an unknown table, chain, number or language.
    """
    return told(_site(ruleset, table, chain, number), ruleset.family, language(language_name))


def rule_sentence(ruleset: Ruleset, table: str, chain: str, number: int, language_name: str = "en") -> str:
    """Only what the rule with that number matches and what happens then. Raises StatementError like `explain_rule`."""
    say = language(language_name)
    return say.paragraph(_sentences(_site(ruleset, table, chain, number), ruleset.family, say))


def rule_situation(ruleset: Ruleset, table: str, chain: str, number: int, language_name: str = "en") -> str:
    """The usual purpose of the rule with that number if its form is known, otherwise "". Raises StatementError like `explain_rule`."""
    return _situation(_site(ruleset, table, chain, number), ruleset.family, language(language_name))


def surroundings(ruleset: Ruleset, table: str, chain: str) -> Surroundings:
    """A chain with its context, computed once for all its rules. Raises StatementError if the table has no such chain."""
    return _SURROUNDINGS.of(ruleset, table, chain)


def _surroundings(ruleset: Ruleset, table: str, chain: str) -> Surroundings:
    return Surroundings(*_chain_at(ruleset, table, chain), ruleset.family)


_SURROUNDINGS: Remembered[Ruleset, Surroundings] = Remembered(_surroundings)


def _site(ruleset: Ruleset, table: str, chain: str, number: int) -> Site:
    around = surroundings(ruleset, table, chain)
    held = around.chain
    if not 1 <= number <= len(held.rules):
        count = counted(len(held.rules), "rule") if held.rules else "no rules"
        raise StatementError(f"the chain {chain} has no rule {number}; it has {count}")
    return Site(around, number)


def _chain_at(ruleset: Ruleset, table: str, chain: str) -> tuple[Table, Chain]:
    """A table and its chain. Raises StatementError if the table has no such chain."""
    found = ruleset.table(table)
    held = found.chain(chain)
    if held is None:
        raise StatementError(f"the table {table} has no chain {chain}{suggest(chain, [held.name for held in found.chains])}")
    return found, held


def told(site: Site, family: str, say: Language) -> Explanation:
    """The rule at a site in words."""
    matches, then = _sentences(site, family, say)
    return Explanation(
        printable(site.chain.name),
        site.number,
        printable(site.rule.spec),
        matches,
        then,
        _situation(site, family, say),
        tuple(rule_notes(site, say)),
        say.paragraph([matches, then]),
    )


def _situation(site: Site, family: str, say: Language) -> str:
    """The usual purpose of the rule at a site, and its comments."""
    rule = _canonical(site.rule, family)
    situation = recognised(_SHAPES, site.table.name, site.chain.name, rule, say) or _where_to(site, say)
    return say.paragraph([situation, *comments(rule, say)])


def _sentences(site: Site, family: str, say: Language) -> tuple[str, str]:
    """What the rule at a site matches, and what happens then."""
    written = site.rule
    shown = printable(written.spec)
    if not (written.options or written.matches or written.target) and shown.strip():
        return say("This rule is quoted as written: “{}”.", shown), say("What it does is up to the program that wrote it.")
    rule = _canonical(written, family)
    return matched(rule, family, say), happens(site, rule, family, say)


def _where_to(site: Site, say: Language) -> str:
    """The purpose of the chain that the rule enters, if known."""
    entered = site.leads_to
    known = known_purpose(site.table.name, entered.name, say) if entered else ""
    return say("{chain}: {purpose}", chain=site.rule.jump, purpose=known) if known else ""


def _canonical(rule: Rule, family: str) -> Rule:
    """The rule as iptables-save prints it; a value that iptables would refuse is explained as written."""
    try:
        return canonical(rule, family)
    except ValueError:
        return rule
