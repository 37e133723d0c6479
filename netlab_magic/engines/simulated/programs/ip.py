"""ip: namespaces, links, addresses, routes and neighbours, in the words of iproute2."""

import re
from collections.abc import Callable, Sequence

from netlab_magic.engines.simulated.programs.call import Call, Ended
from netlab_magic.engines.simulated.programs.ip_address import address
from netlab_magic.engines.simulated.programs.ip_common import Asked
from netlab_magic.engines.simulated.programs.ip_link import link
from netlab_magic.engines.simulated.programs.ip_netns import netns
from netlab_magic.engines.simulated.programs.ip_route import neighbour, route

__all__ = ["ip"]

_OBJECTS: dict[str, Callable[[Call, Asked], int]] = {
    "address": address,
    "link": link,
    "neighbor": neighbour,
    "neighbour": neighbour,
    "netns": netns,
    "route": route,
}
_ORDER = ("address", "route", "neighbour", "neighbor", "link", "netns")
"""What an abbreviation stands for: the first that begins so (`ip n` is neighbour, `ip a` address)."""


def ip(call: Call) -> int:
    """See ip(8)."""
    asked, words = _options(call)
    if not words:
        raise Ended(255, "Usage: ip [ OPTIONS ] OBJECT { COMMAND | help }\n")
    name = next((one for one in _ORDER if one.startswith(words[0])), "")
    if not name:
        known = words[0] in ("rule", "tunnel", "monitor", "xfrm", "tcp_metrics", "addrlabel", "maddress", "mroute", "vrf", "sr", "nexthop")
        if known:
            raise Ended(1, f"the simulated engine does not have ip {words[0]}\n")
        raise Ended(1, f'Object "{words[0]}" is unknown, try "ip help".\n')
    call.words = list(words[1:])
    return _OBJECTS[name](call, asked)


def _options(call: Call) -> tuple[Asked, Sequence[str]]:
    asked, words = Asked(), list(call.words)
    while words and words[0].startswith("-"):
        word = words.pop(0).lstrip("-")
        if word == "4":
            asked.family = 4
        elif word == "6":
            asked.family = 6
        elif word and "brief".startswith(word):
            asked.brief = True
        elif word and "oneline".startswith(word):
            asked.oneline = True
        elif word and "netns".startswith(word):
            name = words.pop(0) if words else ""
            if name not in call.world.topology.namespaces or name == "host":
                raise Ended(1, f'Cannot open network namespace "{name}": No such file or directory\n')
            call.namespace = name
        elif word in ("j", "json", "p", "pretty", "s", "stats", "statistics", "b", "batch", "force", "d", "details"):
            raise Ended(1, f"the simulated engine does not have ip -{word}\n")
        elif not re.fullmatch(r"c(olor)?(=\w+)?|N|Numeric|r(esolve)?|h(uman)?|iec|f(amily)?", word):
            raise Ended(255, f'Option "-{word}" is unknown, try "ip -help".\n')
        elif word in ("f", "family"):
            asked.family = {"inet": 4, "inet6": 6}.get(words.pop(0) if words else "", 0)
    return asked, words
