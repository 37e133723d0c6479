"""nft, with the words of version 1.0.6; the tables of iptables-nft are left to iptables."""

from collections.abc import Sequence

import msgspec

from netlab_magic.engines.simulated.programs.call import Call, Ended
from netlab_magic.engines.simulated.world import World
from netlab_magic.nftables.commands.complaints import Unavailable
from netlab_magic.nftables.commands.program import called
from netlab_magic.nftables.commands.request import Request

__all__ = ["nft"]

_NFT_FAMILIES = {"ipv4": "ip", "ipv6": "ip6"}


def nft(call: Call) -> int:
    """See nft(8)."""
    shared = _tables_of_iptables(call.world, call.namespace)
    devices = [device.name for device in call.here.interfaces]

    def read(name: str) -> str | None:
        return call.given if name == "-" else call.file(name)

    try:
        answer = called(call.words, call.world.tables(call.namespace), devices, read, shared)
    except Unavailable as unknown:
        raise Ended(1, f"nft: the simulated engine does not know this: {unknown}; the kernel engine runs nft itself\n") from None
    world = call.world.with_tables(call.namespace, answer.tables)
    call.world = _without_flushed(world, call.namespace, answer.requests)
    call.out(answer.output)
    call.err(answer.errors)
    return answer.status


def _tables_of_iptables(world: World, namespace: str) -> list[tuple[str, str]]:
    """The tables in which iptables-nft keeps its rules, by nft's family and name."""
    if world.variant != "nft":
        return []
    return [(_NFT_FAMILIES[family], table.name) for family in _NFT_FAMILIES for table in world.ruleset(namespace, family).tables]


def _without_flushed(world: World, namespace: str, requests: Sequence[Request]) -> World:
    """`flush ruleset` takes the tables of iptables-nft too."""
    flushed = [request.family for request in requests if request.verb == "flush" and request.kind == "ruleset"]
    gone = {(namespace, family) for family, name in _NFT_FAMILIES.items() if {"", name} & {*flushed}} if world.variant == "nft" else set()
    return msgspec.structs.replace(world, rules={key: rules for key, rules in world.rules.items() if key not in gone}) if gone else world
