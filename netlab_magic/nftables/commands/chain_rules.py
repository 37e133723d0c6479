"""What the kernel demands of rules: targets that exist, statements where they may stand, no circles.

See nft_chain_validate and nf_tables_newrule in nf_tables_api.c.
"""

from collections.abc import Collection, Iterator

from netlab_magic.nftables.commands.complaints import EXISTS, MISSING, NOT_SUPPORTED, Refused, Span
from netlab_magic.nftables.commands.cursor import Name
from netlab_magic.nftables.commands.draft import DraftChain, DraftTable, inside
from netlab_magic.nftables.commands.missing import no_such
from netlab_magic.nftables.commands.rule_parser import Placed, PlacedRule
from netlab_magic.nftables.datatypes import Datatype
from netlab_magic.nftables.expressions import AnonymousSet, Element, Expression, Fib, MapLookup, Meta, NamedSet
from netlab_magic.nftables.fields import datatypes_of
from netlab_magic.nftables.jumps import entered
from netlab_magic.nftables.ruleset import Hook, Set
from netlab_magic.nftables.statements import (
    FlowAdd,
    Masquerade,
    Match,
    Nat,
    ObjectReference,
    Redirect,
    Reject,
    SetUpdate,
    Statement,
    Verdict,
    VerdictMap,
)

__all__ = ["check_chains", "check_devices", "check_hook", "check_names", "check_sets"]

_DEEPEST = 16  # NFT_JUMP_STACK_SIZE
_KINDS = {
    "filter": ("prerouting", "input", "forward", "output", "postrouting", "ingress", "egress"),
    "nat": ("prerouting", "input", "output", "postrouting"),
    "route": ("output",),
}
_CONNTRACK = -200
_DESCRIBED = {
    "ipv4_addr": "IPv4 address", "ipv6_addr": "IPv6 address", "inet_service": "internet network service", "inet_proto": "Internet protocol",
    "mark": "packet mark", "ifname": "network interface name", "iface_index": "network interface index", "ether_addr": "Ethernet address",
}  # fmt: skip


def check_hook(hook: Hook, family: str, span: Span) -> None:
    """Raises Refused where the kernel has no base chains like this."""
    is_nat = hook.kind == "nat"
    if hook.hook not in _KINDS[hook.kind] or (is_nat and hook.priority <= _CONNTRACK) or (is_nat and family not in ("ip", "ip6", "inet")):
        raise Refused.by_kernel(NOT_SUPPORTED, span)


# --- what nft checks itself -----------------------------------------------------------------------------------------------------------


def check_sets(placed: PlacedRule, table: DraftTable) -> None:
    """Raises Refused for sets that there are not, and for those of another type than what is looked for in them."""
    for one in placed.statements:
        match one.statement:
            case Match(left, _, NamedSet(name)):
                span = one.parts[-1][1]
                found = _set(table, name, span)
                types = datatypes_of(left)
                wanted = _other_type(found, types)
                if wanted:
                    problem = f"datatype mismatch, expected {_described(types)}, expression has type {wanted}"
                    raise Refused.at(problem, span, _span_of(left, one))
            case VerdictMap(key, NamedSet(name)):
                span = one.span._replace(start=one.span.end - len(name) - 1)
                found = _set(table, name, span)
                types = datatypes_of(key)
                wanted = _other_type(found, types)
                if wanted:
                    problem = f"datatype mismatch, map expects {wanted}, mapping expression has type {_described(types)}"
                    raise Refused.at(problem, span, _span_of(key, one))
            case SetUpdate(operation, name, element):
                start = one.span.start + len(operation) + 1
                found = _set(table, name, one.span._replace(start=start, end=start + len(name) + 1))
                wanted = _other_type(found, datatypes_of(element.key))
                if wanted:
                    problem = f"datatype mismatch: expected {wanted}, expression has type {_described(datatypes_of(element.key))}"
                    raise Refused.at(problem, _span_of(element.key, one), one.span)
            case _:
                for part in inside(one.statement):
                    if isinstance(part, MapLookup) and isinstance(part.mapping, NamedSet):
                        _set(table, part.mapping.name, one.span._replace(start=one.span.end - len(part.mapping.name) - 1))


def check_devices(placed: PlacedRule, devices: Collection[str]) -> None:
    """Raises Refused for a device that there is not, where its number is meant."""
    for one in placed.statements:
        match one.statement:
            case Match(Meta("iif" | "oif"), _, str() as name) if name not in devices:
                raise Refused.at("Interface does not exist", one.parts[-1][1])


def _set(table: DraftTable, name: str, span: Span) -> Set:
    if name not in table.sets:
        raise no_such("set", Name(name, span), table, table.sets, by_kernel=False)
    return table.sets[name]


def _span_of(part: Expression, one: Placed) -> Span:
    return next((span for found, span in one.parts if found == part), one.span)


def _other_type(found: Set, types: tuple[Datatype, ...]) -> str:
    """What a set holds, where that is not what is looked for."""
    names = tuple("iface_index" if kind.name == "ifindex" else kind.name for kind in types)
    return "" if found.key == names or len(found.key) != 1 or len(names) != 1 else _described(found.key_types)


def _described(types: tuple[Datatype, ...]) -> str:
    return " . ".join(_DESCRIBED.get(kind.name, kind.name) for kind in types)


# --- what the kernel checks ------------------------------------------------------------------------------------------------------------


def check_names(placed: PlacedRule, table: DraftTable) -> None:
    """Raises Refused for chains, objects and flowtables that a rule names and that there are not."""
    for one in placed.statements:
        name = one.span
        match one.statement:
            case Verdict(_, chain) if chain:
                _check_target(chain, table, name._replace(start=name.end - len(chain)))
            case VerdictMap(_, AnonymousSet(elements)):
                _check_elements(elements, table, one)
            case ObjectReference(kind, str() as wanted) if (kind, wanted) not in table.objects:
                raise Refused.by_kernel(MISSING, name._replace(start=name.end - len(wanted)))
            case Match(Fib()) if table.family == "bridge":
                raise Refused.by_kernel(MISSING, one.parts[0][1])
            case FlowAdd(flowtable) if flowtable not in table.flowtables:
                raise Refused.by_kernel(MISSING, name)
            case SetUpdate(_, wanted) if "interval" in table.sets[wanted].flags:
                raise Refused.by_kernel(NOT_SUPPORTED, name)


def _check_target(chain: str, table: DraftTable, span: Span) -> None:
    if chain not in table.chains:
        raise Refused.by_kernel(MISSING, span)
    if table.chains[chain].hook:
        raise Refused.by_kernel(NOT_SUPPORTED, span)


def _check_elements(elements: tuple[Element, ...], table: DraftTable, one: Placed) -> None:
    seen: dict[Expression, object] = {}
    for element in elements:
        span = _span_of(element.key, one)
        if isinstance(element.data, Verdict) and element.data.chain:
            _check_target(element.data.chain, table, span)
        if seen.setdefault(element.key, element.data) != element.data:
            raise Refused.by_kernel(EXISTS, span)


def check_chains(table: DraftTable, span: Span) -> None:
    """Raises Refused where a base chain leads to what may not stand at its hook, in a circle, or too deep; `span` is the rule's."""
    whole = table.table()
    ways = {one.name: entered(one, whole) for one in whole.chains}

    def walk(name: str, hook: Hook, way: tuple[str, ...]) -> None:
        if name in way or len(way) >= _DEEPEST:
            raise Refused.by_kernel("Too many links", span)
        for statement in _statements(table.chains[name]):
            if not _may_stand(statement, hook):
                raise Refused.by_kernel(NOT_SUPPORTED, span)
        for following in ways[name]:
            if following in table.chains:
                walk(following, hook, (*way, name))

    for one in table.chains.values():
        if one.hook:
            walk(one.name, one.hook, ())


def _statements(chain: DraftChain) -> Iterator[Statement]:
    return (statement for rule in chain.rules for statement in rule.statements)


def _may_stand(statement: Statement, hook: Hook) -> bool:
    match statement:
        case Nat("snat"):
            return hook.kind == "nat" and hook.hook in ("postrouting", "input")
        case Masquerade():
            return hook.kind == "nat" and hook.hook == "postrouting"
        case Nat() | Redirect():
            return hook.kind == "nat" and hook.hook in ("prerouting", "output")
        case Reject():
            return hook.hook in ("prerouting", "input", "forward", "output", "ingress")
    return True
