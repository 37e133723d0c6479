"""The option table: every match and target that is known, with its options. Parsing, printing, listing and explaining read it."""

from netlab_magic.extensions.addresses import ADDRESSES
from netlab_magic.extensions.basic import BASIC, HEADER
from netlab_magic.extensions.connection import CONNECTION
from netlab_magic.extensions.handling import HANDLING
from netlab_magic.extensions.headers6 import HEADERS6
from netlab_magic.extensions.marking import MARKING
from netlab_magic.extensions.model import Extension, Parameter, ValueType
from netlab_magic.extensions.packet import PACKET
from netlab_magic.extensions.rates import RATES
from netlab_magic.extensions.translation import TRANSLATION
from netlab_magic.extensions.verdicts import VERDICT_TARGETS, VERDICTS

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
