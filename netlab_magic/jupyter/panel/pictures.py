"""The panel's two pictures: of the lab as it was observed, or with the path of the packet that is stepped through. Pure."""

from netlab_magic.draw import Picture, chains_picture, topology_picture
from netlab_magic.explain import rule_sentence
from netlab_magic.i18n import Language
from netlab_magic.jupyter.panel.observation import Observation
from netlab_magic.jupyter.panel.packet_stepper import PacketStepper
from netlab_magic.model.topology import HOST

__all__ = ["chains", "drawn", "topology"]


def topology(observation: Observation, stepper: PacketStepper | None) -> Picture:
    """The topology, with the outcomes of the probes or with the packet's path."""
    if stepper:
        return stepper.topology()
    seen = observation.seen
    return topology_picture(
        observation.topology, observation.rules, observation.outcomes, ruleset6=seen.ruleset6, native=seen.native.get(HOST)
    )


def chains(observation: Observation, stepper: PacketStepper | None, say: Language) -> Picture:
    """FORWARD, or the chain that the packet is in."""
    if stepper:
        return stepper.chains(say)

    def sentence(table: str, chain: str, number: int) -> str:
        return rule_sentence(observation.rules, table, chain, number, say.name)

    return chains_picture(observation.rules, "filter", "FORWARD", explain=sentence)


def drawn(picture: Picture) -> dict[str, str]:
    """A picture as the page takes it."""
    return {"svg": picture.svg() or "", "text": picture.text}
