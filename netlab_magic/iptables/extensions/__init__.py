"""The option table: every match and target that is known, with its options. Parsing, printing, listing and explaining read it."""

from netlab_magic.iptables.extensions.match_address import ADDRESSES
from netlab_magic.iptables.extensions.match_conntrack import CONNECTION
from netlab_magic.iptables.extensions.match_ipv6 import HEADERS6
from netlab_magic.iptables.extensions.match_local_host import HANDLING
from netlab_magic.iptables.extensions.match_packet import PACKET
from netlab_magic.iptables.extensions.match_rate import RATES
from netlab_magic.iptables.extensions.match_transport import BASIC, HEADER
from netlab_magic.iptables.extensions.schema import Extension, Parameter, ValueType
from netlab_magic.iptables.extensions.target_mangle import MARKING
from netlab_magic.iptables.extensions.target_nat import TRANSLATION
from netlab_magic.iptables.extensions.target_verdict import VERDICT_TARGETS, VERDICTS

__all__ = ["HEADER", "MATCHES", "TARGETS", "VERDICTS", "Extension", "Parameter", "ValueType", "match", "target"]

MATCHES: dict[str, Extension] = {
    extension.name: extension for extension in (*BASIC, *CONNECTION, *RATES, *ADDRESSES, *HANDLING, *PACKET, *HEADERS6)
}
"""Every match by the name behind `-m`."""

TARGETS: dict[str, Extension] = {extension.name: extension for extension in (*VERDICT_TARGETS, *TRANSLATION, *MARKING)}
"""Every target by the name behind `-j`."""

_MODULE_ALIASES = {"icmpv6": "icmp6", "ipv6-icmp": "icmp6", "mobility-header": "mh", "ipv6-mh": "mh"}


def match(module: str) -> Extension | None:
    """The match that `-m module` loads, or None."""
    return MATCHES.get(_MODULE_ALIASES.get(module, module))


def target(name: str) -> Extension | None:
    """The target of that name, or None: then it is a chain, or unknown."""
    return TARGETS.get(name)
