"""The panel's two pictures: of the lab as it was observed, or with the path of the packet that is stepped through. Pure."""

from netlab_magic.draw import Picture, chains_picture, topology_picture
from netlab_magic.explain import sentences_of
from netlab_magic.i18n import Language
from netlab_magic.jupyter.panel.chain_place import ChainPlace
from netlab_magic.jupyter.panel.observation import Observation
from netlab_magic.jupyter.panel.packet_stepper import PacketStepper
from netlab_magic.model.packet_path import RulePath
from netlab_magic.model.topology import HOST
from netlab_magic.nftables.ruleset import Ruleset as NftRuleset
from netlab_magic.nftables.state import stateless

__all__ = ["chains", "drawn", "topology"]


def topology(observation: Observation, stepper: PacketStepper | None) -> Picture:
    """The topology, with the outcomes of the probes or with the packet's path."""
    return topology_picture(
        observation.topology,
        observation.rules_of("ipv4"),
        () if stepper else observation.outcomes,
        packet_path=stepper.so_far if stepper else None,
        ruleset6=observation.rules_of("ipv6"),
        native=observation.seen.native.get(HOST),
    )


def chains(observation: Observation, shown: ChainPlace, stepper: PacketStepper | None, say: Language) -> Picture:
    """The chain that is shown, or the one that the packet is in; without counters, which would soon be out of date."""
    if stepper and stepper.is_followed:
        return stepper.chains(say)
    path: RulePath | None = stepper.so_far.path(HOST) if stepper and stepper.meets(shown) else None
    rules, native = observation.rules_of(shown.family or "ipv4"), stateless(observation.seen.native.get(HOST, NftRuleset()))
    explain = sentences_of(rules, native, say.name)
    return chains_picture(rules if shown.family else native, shown.table, shown.name, path=path, explain=explain)


def drawn(picture: Picture) -> dict[str, str]:
    """A picture as the page takes it."""
    return {"svg": picture.svg() or "", "text": picture.text}
