"""The option table: every known match and target, with all that is known about it, for reading, printing, listing, walking and
explaining rules.

Another match is one more row, in the `match_*` module of its kind; how a packet is judged by it is one condition in `netfilter/matches`.
"""

from netlab_magic.iptables.extensions.match_address import ADDRESSES
from netlab_magic.iptables.extensions.match_conntrack import CONNECTION
from netlab_magic.iptables.extensions.match_ipv6 import HEADERS6
from netlab_magic.iptables.extensions.match_local_host import HANDLING
from netlab_magic.iptables.extensions.match_packet import PACKET
from netlab_magic.iptables.extensions.match_rate import RATES
from netlab_magic.iptables.extensions.match_transport import BASIC, HEADER
from netlab_magic.iptables.extensions.schema import Extension, MatchExtension, Parameter, TargetExtension
from netlab_magic.iptables.extensions.target_mangle import MARKING
from netlab_magic.iptables.extensions.target_nat import TRANSLATION
from netlab_magic.iptables.extensions.target_verdict import VERDICT_TARGETS

__all__ = [
    "HEADER",
    "MATCHES",
    "TARGETS",
    "Extension",
    "MatchExtension",
    "Parameter",
    "TargetExtension",
    "match",
    "target",
    "terminates",
]

MATCHES: dict[str, MatchExtension] = {
    extension.name: extension for extension in (*BASIC, *CONNECTION, *RATES, *ADDRESSES, *HANDLING, *PACKET, *HEADERS6)
}
"""Every match by the name behind `-m`."""

TARGETS: dict[str, TargetExtension] = {extension.name: extension for extension in (*VERDICT_TARGETS, *TRANSLATION, *MARKING)}
"""Every target by the name behind `-j`."""

_BY_EVERY_NAME = {name: extension for extension in MATCHES.values() for name in (extension.name, *extension.aliases)}


def match(module: str) -> MatchExtension | None:
    """The match that `-m module` loads, or None."""
    return _BY_EVERY_NAME.get(module)


def target(name: str) -> TargetExtension | None:
    """The target of that name, or None: then it is a chain, or unknown."""
    return TARGETS.get(name)


def terminates(name: str) -> bool:
    """Whether a table checks no further rules after the target of that name."""
    extension = target(name)
    return extension is not None and extension.terminates
