"""Commands carried out on the tables of a network namespace: all of them, or none."""

from collections.abc import Callable, Collection, Sequence

import msgspec

from netlab_magic.nftables.commands.chain_rules import check_chains, check_devices, check_hook, check_names, check_sets
from netlab_magic.nftables.commands.complaints import BUSY, EXISTS, MISSING, NOT_SUPPORTED, Complaint, Refused, Unavailable
from netlab_magic.nftables.commands.cursor import Name
from netlab_magic.nftables.commands.draft import Address, Draft, DraftChain, DraftTable, Tables, anonymous_sets
from netlab_magic.nftables.commands.missing import no_such, no_table
from netlab_magic.nftables.commands.request import ChainBody, Elements, FlowtableBody, ObjectBody, Request, SetBody, TableBody
from netlab_magic.nftables.commands.rule_listing import listed_rule
from netlab_magic.nftables.commands.rule_parser import PlacedRule
from netlab_magic.nftables.commands.set_elements import with_elements, without_elements
from netlab_magic.nftables.ruleset import Chain, Hook, NamedObject, ObjectValue, Rule, Table
from netlab_magic.nftables.statements import Masquerade, Nat, Quota, Redirect, Reject, Statement, Verdict, VerdictMap
from netlab_magic.nftables.symbols import HOOK_FAMILIES

__all__ = ["Failed", "carried_out"]


class Failed(Exception):
    """A transaction was refused; `tables` are as they were, except that handles are spent."""

    def __init__(self, tables: Tables, complaints: Sequence[Complaint]) -> None:
        super().__init__(complaints[0].sentence)
        self.tables = tables
        self.complaints = complaints


def carried_out(tables: Tables, requests: Sequence[Request], devices: Collection[str]) -> Tables:
    """The tables after commands that change them, on a host with these devices. Raises Failed, and Unavailable."""
    transaction = _Transaction(tables, devices)
    by_nft, by_kernel = transaction.run(requests)
    if by_nft:
        raise Failed(tables, by_nft)
    if by_kernel:
        raise Failed(transaction.draft.spent(tables, times=1), by_kernel)
    if not transaction.is_sound():  # then the kernel goes through everything again, to find the rule that may not stand where it does
        again = _Transaction(tables, devices, checks_each=True)
        raise Failed(transaction.draft.spent(tables, times=2), again.run(requests)[1])
    return transaction.draft.finished()


class _Transaction:
    def __init__(self, tables: Tables, devices: Collection[str], *, checks_each: bool = False) -> None:
        self.draft = Draft(tables)
        self.devices = devices
        self.checks_each = checks_each
        self.to_check: dict[Address, Request] = {}

    def run(self, requests: Sequence[Request]) -> tuple[list[Complaint], list[Complaint]]:
        """Carries out commands, and gives what nft and what the kernel complains about."""
        found: dict[bool, list[Complaint]] = {False: [], True: []}
        for request in requests:
            try:
                self.carry_out(request)
            except Refused as refused:
                found[refused.is_from_kernel] += refused.complaints
        return found[False], found[True]

    def is_sound(self) -> bool:
        """Whether the chains of all tables that rules came into may be as they are."""
        try:
            for address, request in self.to_check.items():
                if address in self.draft.tables:
                    check_chains(self.draft.tables[address], request.span)
        except Refused:
            return False
        return True

    def carry_out(self, request: Request) -> None:
        """One command. Raises Refused."""
        verb, kind = request.verb, request.kind
        if verb == "flush" and kind == "ruleset":
            self.draft.tables = {key: table for key, table in self.draft.tables.items() if request.family not in ("", key[0])}
        elif kind == "table":
            self.table(request)
        elif verb == "delete" and request.handle and kind != "rule":
            self.delete_by_handle(request)
        else:
            change: Callable[[Request, DraftTable], None] = {
                "chain": self.chain, "rule": self.rule, "set": self.set, "map": self.set, "element": self.elements,
                "flowtable": self.flowtable,
            }.get(kind, self.object)  # fmt: skip
            change(request, self.existing(request))

    def existing(self, request: Request) -> DraftTable:
        """The table that a command is about; before it asks for that of a rule, nft looks at the rule."""
        assert request.table
        found = self.draft.tables.get(request.address)
        if found is None and isinstance(request.body, PlacedRule):
            listed_rule(request.body, request.address[0])
        if found is not None:
            return found
        if request.verb == "flush" and request.kind != "set":
            raise Refused.by_kernel(MISSING, request.table.span)
        is_simple = request.kind == "table" or (request.kind == "rule" and request.position is None)
        asks_kernel = is_simple or (request.verb == "delete" and request.kind != "element")
        raise no_table(self.draft, request.address, request.table, request.kind, asks_kernel=asks_kernel)

    # --- tables ------------------------------------------------------------------------------------------------------------------

    def table(self, request: Request) -> None:
        if request.handle:
            number = int(request.handle.text)
            found = next((key for key, table in self.draft.tables.items() if table.handle == number), None)
            if found is None:
                raise Refused.by_kernel(MISSING, request.handle.span)
            del self.draft.tables[found]
            return
        assert request.table
        address = request.address
        if request.verb in ("add", "create"):
            self.add_table(request)
        elif request.verb == "flush":
            for chain in self.existing(request).chains.values():
                chain.rules.clear()
        else:
            self.existing(request)
            del self.draft.tables[address]

    def add_table(self, request: Request) -> None:
        assert request.table
        body = request.body if isinstance(request.body, TableBody) else TableBody()
        known = self.draft.tables.get(request.address)
        if known is None:
            family, name = request.address
            table = Table(family, name, (), body.flags, body.comment, self.draft.next_table())
            self.draft.tables[request.address] = DraftTable(table, 0)
        elif request.verb == "create":
            raise Refused.by_kernel(EXISTS, request.table.span)
        else:
            known.flags = body.flags

    # --- chains ------------------------------------------------------------------------------------------------------------------

    def chain(self, request: Request, table: DraftTable) -> None:
        name = request.name
        assert name
        known = table.chains.get(name.text)
        if request.verb in ("add", "create"):
            self.add_chain(request, table, known)
        elif known is None:
            if request.verb == "flush":
                raise Refused.by_kernel(MISSING, name.span)
            raise no_such("chain", name, table, table.chains, says_rule=request.verb != "rename")
        elif request.verb == "flush":
            known.rules.clear()
        elif request.verb == "rename":
            self.rename(request, table, known)
        else:
            self.delete_chain(name, table)

    def add_chain(self, request: Request, table: DraftTable, known: DraftChain | None) -> None:
        assert request.name
        body = request.body if isinstance(request.body, ChainBody) else ChainBody()
        self.check_body(body, table, request)
        if known is None:
            if body.policy_span and not body.hook:
                raise Refused.by_kernel(NOT_SUPPORTED, body.policy_span)
            if body.hook:
                check_hook(body.hook, table.family, request.span)
            chain = Chain(request.name.text, (), body.hook, body.comment, table.next_handle())
            table.chains[chain.name] = DraftChain(chain)
            return
        if request.verb == "create" or (body.hook and (known.hook is None or known.hook.kind != body.hook.kind)):
            raise Refused.by_kernel(EXISTS, request.name.span)
        if body.policy_span and known.hook is None:
            raise Refused.by_kernel(NOT_SUPPORTED, body.policy_span)
        if body.hook and known.hook and _place(body.hook) != _place(known.hook):
            raise Refused.by_kernel(NOT_SUPPORTED, request.span)
        if body.policy and known.hook:
            known.hook = msgspec.structs.replace(known.hook, policy=body.policy, raw="")

    def check_body(self, body: ChainBody, table: DraftTable, request: Request) -> None:
        hook = body.hook
        if hook is None or body.hook_span is None or body.type_span is None:
            return
        if hook.hook not in HOOK_FAMILIES[table.family] or (hook.hook in ("ingress", "egress") and table.family in ("ip", "ip6")):
            raise Refused.at(f"The {table.family} family does not support this hook", body.hook_span)
        if hook.hook in ("ingress", "egress") and not hook.devices:
            raise Refused.at("Missing `device' in this chain definition", body.type_span)
        if any(device not in self.devices for device in hook.devices):
            raise Refused.by_kernel(MISSING, request.span)

    def rename(self, request: Request, table: DraftTable, known: DraftChain) -> None:
        assert request.new_name
        new = request.new_name.text
        if new in table.chains:
            raise Refused.by_kernel(EXISTS, request.span)
        if known.name in table.chains_entered():
            raise Unavailable("rename chain, for a chain that others lead to")
        table.chains = {new if name == known.name else name: chain for name, chain in table.chains.items()}
        known.name = new

    def delete_chain(self, name: Name, table: DraftTable) -> None:
        if name.text in table.chains_entered(besides=name.text):
            raise Refused.by_kernel(BUSY, name.span)
        del table.chains[name.text]

    # --- rules -------------------------------------------------------------------------------------------------------------------

    def rule(self, request: Request, table: DraftTable) -> None:
        name = request.name
        assert name
        placed = request.body
        if isinstance(placed, PlacedRule):
            listed = listed_rule(placed, table.family)
            check_sets(placed, table)
            check_devices(placed, self.devices)
            for _ in range(anonymous_sets(listed.statements)):  # which are made before the rule
                table.next_handle()
        chain = table.chains.get(name.text)
        if chain is None:
            if request.position:
                raise Refused.at(MISSING, name.span)
            raise no_such("chain", name, table, table.chains)
        if not isinstance(placed, PlacedRule):
            assert request.handle
            del chain.rules[self.place(chain, request.handle)]
            return
        at = self.destination(request, chain)
        made = Rule(listed.statements, listed.comment, table.next_handle())
        check_names(placed, table)
        if request.verb == "replace":
            chain.rules[at] = made
        else:
            chain.rules.insert(at, made)
        if any(map(_depends_on_chain, made.statements)):
            self.to_check[table.family, table.name] = request
            if self.checks_each:
                check_chains(table, request.span)

    def destination(self, request: Request, chain: DraftChain) -> int:
        """Where a rule goes in its chain."""
        if request.verb == "replace":
            assert request.handle
            return self.place(chain, request.handle)
        position, behind = request.position, request.verb == "add"
        if position is None:
            return len(chain.rules) if behind else 0
        if position.kind == "index":
            at = int(position.number.text)
            if at >= len(chain.rules):
                return self.place(chain, Name("0", position.span), by_nft=True)
        else:
            at = self.place(chain, position.number if position.kind == "handle" else Name(position.number.text, position.span), by_nft=True)
        return at + behind

    def place(self, chain: DraftChain, handle: Name, *, by_nft: bool = False) -> int:
        """Where the rule with a handle stands."""
        number = int(handle.text, 0)
        for at, rule in enumerate(chain.rules):
            if rule.handle == number:
                return at
        missing = Refused.by_kernel(MISSING, handle.span)
        missing.is_from_kernel = not by_nft
        raise missing

    # --- sets, objects, flowtables -------------------------------------------------------------------------------------------------

    def set(self, request: Request, table: DraftTable) -> None:
        name, body = request.name, request.body
        assert name
        known = table.sets.get(name.text)
        if isinstance(body, SetBody):
            if known is None:
                table.sets[name.text] = msgspec.structs.replace(body.found, handle=table.next_handle())
            elif request.verb == "create" or (known.key, known.data, known.flags) != (body.found.key, body.found.data, body.found.flags):
                raise Refused.by_kernel(EXISTS, name.span)
        elif known is None:
            raise no_such("set", name, table, table.sets, by_kernel=request.verb != "flush")
        elif request.verb == "flush":
            table.sets[name.text] = msgspec.structs.replace(known, elements=(), raw="")
        elif name.text in table.sets_used():
            raise Refused.by_kernel(BUSY, name.span)
        else:
            del table.sets[name.text]

    def elements(self, request: Request, table: DraftTable) -> None:
        name, body = request.name, request.body
        assert name
        assert isinstance(body, Elements)
        known = table.sets.get(name.text)
        if known is None:
            raise no_such("set", name, table, table.sets, by_kernel=False)
        known = msgspec.structs.replace(known, raw="")
        if request.verb == "delete":
            table.sets[name.text] = without_elements(known, body, table)
        else:
            table.sets[name.text] = with_elements(known, body, table, create=request.verb == "create")

    def object(self, request: Request, table: DraftTable) -> None:
        name, body = request.name, request.body
        assert name
        key = request.kind, name.text
        known = table.objects.get(key)
        if isinstance(body, ObjectBody):
            if known is None:
                table.objects[key] = NamedObject(request.kind, name.text, body.value, body.comment, table.next_handle())
            elif request.verb == "create":
                raise Refused.by_kernel(EXISTS, name.span)
            else:
                table.objects[key] = msgspec.structs.replace(known, value=_updated(known.value, body.value), raw="")
        elif known is None:
            raise no_such("obj", name, table, [held for _, held in table.objects])
        elif key in table.objects_used():
            raise Refused.by_kernel(BUSY, name.span)
        else:
            del table.objects[key]

    def flowtable(self, request: Request, table: DraftTable) -> None:
        name, body = request.name, request.body
        assert name
        known = table.flowtables.get(name.text)
        if isinstance(body, FlowtableBody):
            if known is None:
                table.flowtables[name.text] = msgspec.structs.replace(body.found, handle=table.next_handle())
            elif request.verb == "create":
                raise Refused.by_kernel(EXISTS, name.span)
        elif known is None:
            raise no_such("flowtable", name, table, table.flowtables)
        elif name.text in table.flowtables_used():
            raise Refused.by_kernel(BUSY, name.span)
        else:
            del table.flowtables[name.text]

    def delete_by_handle(self, request: Request) -> None:
        table, handle = self.existing(request), request.handle
        assert handle
        number = int(handle.text, 0)
        groups: dict[str, dict[str, str]] = {
            "chain": {str(chain.handle): name for name, chain in table.chains.items()},
            "set": {str(found.handle): name for name, found in table.sets.items()},
            "flowtable": {str(found.handle): name for name, found in table.flowtables.items()},
        }
        objects = {str(found.handle): name for (kind, name), found in table.objects.items() if kind == request.kind}
        name = groups.get("set" if request.kind == "map" else request.kind, objects).get(str(number))
        if name is None:
            raise Refused.by_kernel(MISSING, handle.span)
        self.carry_out(msgspec.structs.replace(request, handle=None, name=Name(name, handle.span)))


def _depends_on_chain(statement: Statement) -> bool:
    """Whether a statement leads to another chain, or may not stand in every one."""
    if isinstance(statement, Verdict):
        return bool(statement.chain)
    return isinstance(statement, VerdictMap | Nat | Masquerade | Redirect | Reject)


def _place(hook: Hook) -> tuple[str, int, tuple[str, ...]]:
    return hook.hook, hook.priority, hook.devices


def _updated(known: ObjectValue, new: ObjectValue) -> ObjectValue:
    """An object that is declared again: a quota takes its new size (nf_tables_updobj), the others stay."""
    return new if isinstance(known, Quota) else known
