"""What decides about packets in a namespace besides its topology: rules of its own, sysctls, and the sockets that listen there."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from netlab_magic.engines.host.netlink.sock_diag import listeners
from netlab_magic.engines.host.state.firewall import Firewall, has_rules, saved_sets
from netlab_magic.engines.host.state.observe import Namespaces, read_sysctl
from netlab_magic.engines.machine import PACKET_SYSCTLS
from netlab_magic.engines.protocol import Inside
from netlab_magic.model.topology import HOST, Namespace, Topology

__all__ = ["inside"]

_OF_DEVICES = ("rp_filter", "route_localnet")


def inside(
    namespaces: Namespaces, topology: Topology, firewalls: Callable[[str], Mapping[str, Firewall]], dumps: Sequence[str]
) -> dict[str, Inside]:
    """What there is in every namespace; of the host its rules, `dumps`, are left out, which are observed anyway.

    `firewalls` gives those of a namespace by their family; this process is in the namespace meanwhile. Raises OSError, RuleRefused.
    """
    found: dict[str, Inside] = {}
    for name in namespaces.descriptors:
        with namespaces.inside(name):
            sysctls, sockets = dict(_sysctls(topology.namespaces[name])), tuple(listeners(name))
            if name == HOST or not has_rules():
                sets = saved_sets(dumps) if name == HOST else ""
                found[name] = Inside(sysctls=sysctls, listening=sockets, sets=sets)
                continue
            here = firewalls(name)
            saving = [held.saving() for held in here.values()]
            rules, rules6 = (saved() for saved in saving)
            found[name] = Inside(rules, here["ipv4"].foreign(), sysctls, sockets, rules6, saved_sets((rules, rules6)))
    return found


def _sysctls(namespace: Namespace) -> Iterator[tuple[str, str]]:
    """Those of the namespace, and of its devices that have addresses or lead somewhere."""
    names = ["all", *(device.name.replace(".", "/") for device in namespace.interfaces if device.name != "lo" and not device.master)]
    devices = (f"net.ipv4.conf.{name}.{key}" for name in names for key in _OF_DEVICES)
    for key in (*PACKET_SYSCTLS, *devices):
        value = read_sysctl(key)
        if value is not None:
            yield key, value
