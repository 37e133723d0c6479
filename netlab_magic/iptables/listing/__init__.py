"""The text of `iptables -t TABLE -nvL --line-numbers`, of version 1.8.9, from a ruleset value alone."""

import re
from collections import Counter
from collections.abc import Iterator

import msgspec

from netlab_magic.errors import NetlabError
from netlab_magic.iptables.canonical import canonical
from netlab_magic.iptables.extensions import HEADER
from netlab_magic.iptables.extensions.iana import PORTS, PROTOCOLS
from netlab_magic.iptables.listing.columns import match_text, target_column, target_text
from netlab_magic.iptables.ruleset import Chain, Counters, Option, Rule, Ruleset, Table
from netlab_magic.model.hooks import BUILT_IN
from netlab_magic.text import suggest

__all__ = ["Form", "abbreviated", "listing", "rule_line"]

_SERVICES = {str(port): name for name, port in reversed(PORTS.items())}
_LARGEST_PLAIN = 99999
_LARGEST_ABBREVIATED = 9999
_COUNTER = 2**64


class Form(msgspec.Struct, frozen=True):
    """How a listing looks: with --line-numbers, -v, -n and -x."""

    numbered: bool = False
    verbose: bool = False
    numeric: bool = False
    exact: bool = False

    @property
    def head(self) -> str:
        """The line above the rules."""
        counters = ("    pkts      bytes " if self.exact else " pkts bytes ") if self.verbose else ""
        devices = "in     out     " if self.verbose else ""
        return f"{'num  ' if self.numbered else ''}{counters}target     prot opt {devices}source               destination         "


_FULL = Form(numbered=True, verbose=True, numeric=True)
"""The form of `iptables -nvL --line-numbers`."""


def listing(
    ruleset: Ruleset, table: str = "filter", chain: str | None = None, *, variant: str = "legacy", form: Form = _FULL
) -> str:
    """What `iptables -t TABLE -nvL [CHAIN] --line-numbers` prints (ip6tables where the ruleset's family is ipv6), or with fewer options.

    Built-in chains come first, in hook order, then the user's sorted by name, as the programs print them. Parts of a rule that
    the option table does not know, or with values that iptables refuses, are listed as written. `variant` is legacy or nft; they differ in
    a match or two. Comments and prefixes from users are not escaped: escape them before showing them.
    Raises NetlabError for an unknown table or chain.
    """
    found = ruleset.table(table)
    if not found.chains:
        raise NetlabError(f"there is no table {table}{suggest(table, BUILT_IN)}")
    chosen = _ordered(found) if chain is None else [_chosen(found, chain)]
    references = Counter(rule.jump for held in found.chains for rule in held.rules)
    listed = (_lines(one, references[one.name], ruleset.family, variant, form) for one in chosen)
    return "\n".join("".join(f"{line}\n" for line in lines) for lines in listed)


def _chosen(table: Table, name: str) -> Chain:
    found = table.chain(name)
    if found is None:
        raise NetlabError(f"the table {table.name} has no chain {name}{suggest(name, [chain.name for chain in table.chains])}")
    return found


def _ordered(table: Table) -> list[Chain]:
    places = {name: place for place, name in enumerate(BUILT_IN.get(table.name, ()))}
    return sorted(table.chains, key=lambda chain: (places.get(chain.name, len(places)), chain.name))


def _lines(chain: Chain, references: int, family: str, variant: str, form: Form) -> Iterator[str]:
    if chain.policy:
        packets, size = _counted(chain.counters, form)
        counted = f" {packets} packets, {size} bytes" if form.verbose else ""
        yield f"Chain {chain.name} (policy {chain.policy}{counted})"
    else:
        yield f"Chain {chain.name} ({references} references)"
    yield form.head
    for number, rule in enumerate(chain.rules, 1):
        yield rule_line(number, rule, family, variant, form)


def rule_line(number: int, rule: Rule, family: str, variant: str, form: Form = _FULL) -> str:
    """The line of one rule."""
    try:
        known = canonical(rule, family)
        words = _words(known, family, variant) if str(rule) else _unread(rule)
    except ValueError:
        known, words = rule, _as_written(rule)
    packets, size = (text.rjust(8 if form.exact else 5) for text in _counted(rule.counters, form))
    goto = "[goto] " if rule.target and rule.target.goto else ""
    before = f"{number:<4} " if form.numbered else ""
    counters = f"{packets} {size} " if form.verbose else ""
    return f"{before}{counters}{_columns(known, family, form)}{goto}{words if form.numeric else _with_names(words)}"


_PORTS = re.compile(r"(?<= [ds]pt:)!?\d+|(?<= [ds]pts:)!?[\d:]+|(?<= [ds]ports )[!\d:,]+|(?<= ports )[!\d:,]+")


def _with_names(words: str) -> str:
    """Ports with the names of their services, as a listing without -n has them."""
    return _PORTS.sub(lambda ports: re.sub(r"\d+", lambda port: _SERVICES.get(port[0], port[0]), ports[0]), words)


def _words(rule: Rule, family: str, variant: str) -> str:
    """What stands behind the columns."""
    matches = "".join(match_text(match, family, variant) for match in rule.matches)
    return _unknown_options(rule) + matches + (target_text(rule.target, family) if rule.target else "")


def _unread(rule: Rule) -> str:
    """The text of a rule in which lenient reading could read nothing."""
    return f" {rule.raw}" if rule.raw.strip() else ""


def _as_written(rule: Rule) -> str:
    parts = [*rule.matches, *(rule.target.options if rule.target else ())]
    return _unknown_options(rule) + "".join(f" {part}" for part in parts)


def _unknown_options(rule: Rule) -> str:
    return "".join(f" {option}" for option in rule.options if HEADER.parameter(option.name) is None)


def _columns(known: Rule, family: str, form: Form) -> str:
    """From the target to the destination."""
    target = target_column(known.target) if known.target else ""
    protocol, fragment = known.option("-p"), known.option("-f")
    name = protocol.values[0] if protocol else "all"
    number = (PROTOCOLS.get(name, name) if protocol else 0) if form.numeric else name
    opt = f"{'!' if fragment.negated else '-'}f" if fragment else "--"
    interfaces = f" {''.join(f'{_interface(known.option(name), form):<6} ' for name in ('-i', '-o'))}" if form.verbose else ""
    ends = "".join(f"{_mark(found)}{_address(found, family, form):<19} " for found in map(known.option, ("-s", "-d")))
    return f"{target:<9} {_mark(protocol)}{number:<4} {opt} {interfaces}{ends}"


def _interface(option: Option | None, form: Form) -> str:
    return f"{'!' if option.negated else ''}{option.values[0]}" if option else "*" if form.numeric else "any"


def _mark(option: Option | None) -> str:
    """The sign of negation before a column's word, or the blank that stands in its place."""
    return "!" if option and option.negated else " "


def _address(option: Option | None, family: str, form: Form) -> str:
    if option is None and not form.numeric:
        return "anywhere"
    if option is None:
        return "0.0.0.0/0" if family == "ipv4" else "::/0"
    return option.values[0].removesuffix("/32" if family == "ipv4" else "/128")


def _counted(counters: Counters | None, form: Form) -> tuple[str, str]:
    found = counters or Counters()
    if form.exact:
        return str(found.packets), str(found.bytes)
    return abbreviated(found.packets), abbreviated(found.bytes)


def abbreviated(count: int) -> str:
    """A counter as iptables prints it without `-x`: above 99999 in thousands, above 9999 of those in millions, and so on to T.

    Every step rounds the rounded number before it, in 64 bits: a counter at its very end comes back to 0.

    >>> [abbreviated(count) for count in (99999, 100499, 100500, 9999499, 9999500)]
    ['99999', '100K', '101K', '9999K', '10M']
    """
    if count <= _LARGEST_PLAIN:
        return str(count)
    for unit in "KMGT":
        count = (count + 500) % _COUNTER // 1000
        if count <= _LARGEST_ABBREVIATED or unit == "T":
            break
    return f"{count}{unit}"
