"""The programs of a simulated lab, by name: they print what the real ones print."""

from collections.abc import Callable

from netlab_magic.simulation.programs.beside import ipset, nft
from netlab_magic.simulation.programs.call import Call, Ended
from netlab_magic.simulation.programs.conntrack import conntrack
from netlab_magic.simulation.programs.ip import ip
from netlab_magic.simulation.programs.iptables import iptables, iptables_restore, iptables_save
from netlab_magic.simulation.programs.ping import ping
from netlab_magic.simulation.programs.requests import curl, netcat
from netlab_magic.simulation.programs.sysctl import sysctl
from netlab_magic.simulation.programs.text import TEXT_PROGRAMS

__all__ = ["PROGRAMS", "Call", "Ended"]

PROGRAMS: dict[str, Callable[[Call], int]] = {
    **{f"{family}{variant}": iptables for family in ("iptables", "ip6tables") for variant in ("", "-legacy", "-nft")},
    **{f"{family}{variant}-save": iptables_save for family in ("iptables", "ip6tables") for variant in ("", "-legacy", "-nft")},
    **{f"{family}{variant}-restore": iptables_restore for family in ("iptables", "ip6tables") for variant in ("", "-legacy", "-nft")},
    "conntrack": conntrack,
    "curl": curl,
    "ip": ip,
    "ipset": ipset,
    "nft": nft,
    **dict.fromkeys(("nc", "ncat", "netcat"), netcat),
    **dict.fromkeys(("ping", "ping6"), ping),
    "sysctl": sysctl,
    **TEXT_PROGRAMS,
}
