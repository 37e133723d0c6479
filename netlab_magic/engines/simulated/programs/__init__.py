"""The programs of a simulated lab, by name: they print what the real ones print."""

from collections.abc import Callable

from netlab_magic.engines.simulated.programs.call import Call, Ended
from netlab_magic.engines.simulated.programs.conntrack import conntrack
from netlab_magic.engines.simulated.programs.coreutils import TEXT_PROGRAMS
from netlab_magic.engines.simulated.programs.curl_nc import curl, netcat
from netlab_magic.engines.simulated.programs.ip import ip
from netlab_magic.engines.simulated.programs.ipset import ipset
from netlab_magic.engines.simulated.programs.iptables import iptables, iptables_restore, iptables_save
from netlab_magic.engines.simulated.programs.nft import nft
from netlab_magic.engines.simulated.programs.ping import ping
from netlab_magic.engines.simulated.programs.sysctl import sysctl

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
