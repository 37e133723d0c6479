"""The command whose output would settle a prediction that is unknown."""

from collections.abc import Iterator, Mapping

from netlab_magic.forwarding.other_filters import OtherFilters
from netlab_magic.forwarding.prediction import Hop, Prediction
from netlab_magic.iptables.ruleset import Rule, Ruleset
from netlab_magic.model.topology import HOST, possible_names
from netlab_magic.model.unread import Unread

__all__ = ["settling"]

_BY_MATCH = {
    "set": "ipset save",
    "recent": "grep . /proc/net/xt_recent/*",
    "hashlimit": "grep . /proc/net/ipt_hashlimit/*",
    "conntrack": "conntrack -L",
    "connlimit": "conntrack -L",
    "time": "date",
    "rpfilter": "ip route show table all",
    "owner": "ss -ltnupe",
    "cgroup": "ss -ltnup --cgroup",
}
"""What tells whether a match holds that the rules alone do not tell."""


def settling(found: Prediction, rulesets: Mapping[str, Ruleset], other_filters: Mapping[str, OtherFilters]) -> tuple[str, ...]:
    """The commands that would tell what the model does not know; none if it is up to chance."""
    last = next((trace.hops[-1] for trace in reversed(found.traces) if trace.hops), None)
    return tuple(dict.fromkeys(_for_hop(last, rulesets, other_filters))) if last else ()


def _for_hop(hop: Hop, rulesets: Mapping[str, Ruleset], other_filters: Mapping[str, OtherFilters]) -> Iterator[str]:
    walk = hop.host_trace
    filters = other_filters.get(hop.namespace)
    if filters is not None and filters.unread:
        yield filters.settled_by or Unread.NFT
        return
    if walk.undecided is None:
        if hop.namespace == HOST:
            yield from (Unread.RULES, Unread.ROUTES)
        return
    if any(len(possible_names(name)) > 1 for name in (walk.last.input, walk.last.output)):
        yield Unread.ADDRESSES
    rule = _rule_at(walk.undecided, rulesets.get(hop.namespace))
    if rule is not None:
        yield from (_BY_MATCH[match.module] for match in rule.matches if match.module in _BY_MATCH)
    elif " " in walk.undecided[0]:  # a table of nft is named with its family
        yield Unread.NFT


def _rule_at(place: tuple[str, str, int], ruleset: Ruleset | None) -> Rule | None:
    table, name, number = place
    chain = ruleset.table(table).chain(name) if ruleset is not None and " " not in table else None
    return chain.rules[number - 1] if chain is not None and 0 < number <= len(chain.rules) else None
