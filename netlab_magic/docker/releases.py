"""The releases of Docker Engine, and in what their firewall rules differ."""

import re

import msgspec

from netlab_magic.errors import StatementError, place_of

__all__ = ["SERIES", "Release", "release"]

_NEWEST_PATCH = {
    (20, 10): 27,
    (23, 0): 15,
    (24, 0): 9,
    (25, 0): 5,
    (26, 0): 2,
    (26, 1): 5,
    (27, 0): 3,
    (27, 1): 2,
    (27, 2): 1,
    (27, 3): 1,
    (27, 4): 1,
    (27, 5): 1,
    (28, 0): 4,
    (28, 1): 1,
    (28, 2): 2,
    (28, 3): 3,
    (28, 4): 0,
    (28, 5): 2,
    (29, 7): 2,
}
"""The release series with their newest patch. The rules were checked at 20.10.27, 24.0.9, 27.5.1, each 28 and 29.0.0 to 29.7.2."""

SERIES = tuple(f"{major}.{minor}" for major, minor in _NEWEST_PATCH)
"""The release series, each of which means its newest release."""

_SINCE = (29, 0, 0)
"""From this release on the rules have stayed the same, so that every release up to the newest one is taken."""


class Release(msgspec.Struct, frozen=True, order=True):
    """A release of Docker Engine; its properties tell what dockerd of that release does."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"

    @property
    def is_classic(self) -> bool:
        """Up to 27: each network's rules are inserted at the head of FORWARD, and unpublished ports are left to FORWARD's policy."""
        return self < Release(28, 0, 0)

    @property
    def uses_ipset(self) -> bool:
        """28.0.0 alone matches all networks' subnets at once, in an ipset (moby 76417bf763 took it out again)."""
        return self == Release(28, 0, 0)

    @property
    def has_forward_chain(self) -> bool:
        """From 28.0.1 on Docker's rules are in DOCKER-FORWARD, so that others can append to FORWARD (moby 984a610a21)."""
        return self >= Release(28, 0, 1)

    @property
    def has_isolation_stages(self) -> bool:
        """Up to 28 networks are kept apart by DOCKER-ISOLATION-STAGE-1 and -2; 29 has the closed ports for that (moby 1ad9599da7)."""
        return self < Release(29, 0, 0)

    @property
    def returns_to_user_chain(self) -> bool:
        """Up to 28.2.1 DOCKER-USER ends with an explicit RETURN (moby dc519a0f18)."""
        return self < Release(28, 2, 2)

    @property
    def keeps_user_chain_first(self) -> bool:
        """Up to 28.0.0 the jump to DOCKER-USER is put back to the head of FORWARD whenever a network is made."""
        return not self.has_forward_chain

    @property
    def shields_ports(self) -> bool:
        """28.0 and 28.1 drop, in raw, packets that were sent from elsewhere to the address and port behind a published port."""
        return Release(28, 0, 0) <= self < Release(28, 2, 0)

    @property
    def shields_containers(self) -> bool:
        """From 28.2.0 on raw drops all packets that were sent from elsewhere to a container's own address (moby a0ff0a361e)."""
        return self >= Release(28, 2, 0)

    @property
    def orders_ports_downwards(self) -> bool:
        """Up to 26 the rules of larger ports are written first; 27.0 has its port mapper take them upwards (moby#47871)."""
        return self < Release(27, 0, 0)

    @property
    def goes_on_in_pools(self) -> bool:
        """Up to 26 the search for a free default pool goes on where it ended (libnetwork#2177); 28.5.2 takes the lowest.

        The linear search came with moby#47853, which 27.0 has.
        """
        return self < Release(27, 0, 0)

    @property
    def chooses_ports_inside(self) -> bool:
        """20.10 chooses host ports for a container that has internal networks only, too, and leaves them unused; 28.5.2 does not."""
        return self < Release(27, 0, 0)

    @property
    def takes_networks(self) -> bool:
        """From 25.0 on `docker run` takes several `--network`."""
        return self >= Release(25, 0, 0)

    @property
    def wants_first_network(self) -> bool:
        """28.5.2 starts no container whose first network is gone; 20.10 does, when the container has left that network before."""
        return self >= Release(25, 0, 0)

    @property
    def fills_sctp_checksums(self) -> bool:
        """Up to 27 a published SCTP port has a rule in mangle too; 28.0 left it out."""
        return self < Release(28, 0, 0)

    @property
    def writes_ip6tables(self) -> bool:
        """From 27.0 on dockerd writes rules for IPv6 unless it is told not to (moby#47747); before, that is an experiment."""
        return self >= Release(27, 0, 0)

    @property
    def has_user_chain6(self) -> bool:
        """From 23.0 on ip6tables has DOCKER-USER too (moby#44706)."""
        return self >= Release(23, 0, 0)

    @property
    def always_drops_forward6(self) -> bool:
        """Up to 27 the policy of ip6tables' FORWARD is DROP as soon as dockerd writes rules for IPv6; 28.0 sets it where it has switched
        forwarding on (moby#48594).
        """
        return self < Release(28, 0, 0)

    @property
    def lets_neighbours_talk(self) -> bool:
        """From 24.0.6 on an internal network's rules leave alone what stays in its bridge, such as neighbour discovery (moby#45649)."""
        return self >= Release(24, 0, 6)

    @property
    def isolates_without_ipv6(self) -> bool:
        """Up to 27 ip6tables isolates networks that have no IPv6 too."""
        return self < Release(28, 0, 0)

    @property
    def proxies_link_local(self) -> bool:
        """From 28.0 on connections from link-local addresses are left to the proxy (moby#48570)."""
        return self >= Release(28, 0, 0)

    @property
    def has_ipv6_pools(self) -> bool:
        """From 27.0 on dockerd has a ULA prefix of its own, from which networks get IPv6 subnets (moby#47853)."""
        return self >= Release(27, 0, 0)

    @property
    def wants_fixed_cidr_v6(self) -> bool:
        """Up to 27 docker0 has IPv6 only with --fixed-cidr-v6 (moby#48319)."""
        return self < Release(28, 0, 0)

    @property
    def takes_ipv6_from_macs(self) -> bool:
        """Up to 27 a container's IPv6 address on docker0 ends with its hardware address, which holds its IPv4 address (moby#47406)."""
        return self < Release(28, 0, 0)

    @property
    def may_lack_ipv4(self) -> bool:
        """From 28.0 on networks may have IPv6 alone (moby#48271)."""
        return self >= Release(28, 0, 0)

    @property
    def shares_ports_between_addresses(self) -> bool:
        """From 27.0 on the same port is chosen for all addresses at which a container's port is published (moby#47871)."""
        return self >= Release(27, 0, 0)

    @property
    def gateway_modes(self) -> tuple[str, ...]:
        """What `--gateway-mode` may be; nothing before 27, which brought it."""
        if self < Release(27, 0, 0):
            return ()
        return ("nat", "routed") if self.is_classic else ("nat", "nat-unprotected", "routed", "isolated")

    @property
    def backends(self) -> tuple[str, ...]:
        """What `--firewall-backend` may be."""
        return ("iptables", "nftables") if self >= Release(29, 0, 0) else ("iptables",)

    def skips_routed(self, userland_proxy: bool) -> bool:
        """Whether packets from a routed network meet no DNAT: in 28 alone, and without the proxy in 28.0 and 28.1 only.

        The last is so in the source of 28.0, and not in what 28.5.2 was seen to do.
        """
        return not self.is_classic and (userland_proxy or self < Release(28, 2, 0))

    def filters_bridges(self, icc: bool, userland_proxy: bool) -> bool:
        """Whether dockerd sees to it that bridged frames meet iptables: without ICC, from 27.4 on without the proxy too."""
        return not icc or (not userland_proxy and self >= Release(27, 4, 0))


def release(word: str) -> Release:
    """The release that a word means: `28.0.1`, or the newest one of `28.0` or `28`. Raises StatementError for one that there is not.

    >>> str(release("28.0")), str(release("29"))
    ('28.0.4', '29.7.2')
    """
    numbers = tuple(map(int, word.split("."))) if re.fullmatch(r"\d{1,3}(\.\d{1,3}){0,2}", word) else ()
    newest = max(Release(*series, patch) for series, patch in _NEWEST_PATCH.items())
    if len(numbers) == 3 and numbers >= _SINCE and Release(*numbers) <= newest:
        return Release(*numbers)
    series = [known for known in _NEWEST_PATCH if numbers and known[: len(numbers)] == numbers[:2]]
    patch = numbers[2] if len(numbers) == 3 else _NEWEST_PATCH[series[-1]] if series else 0
    if not series or patch > _NEWEST_PATCH[series[-1]]:
        known = ", ".join(f"{major}.{minor}.{patch}" for (major, minor), patch in _NEWEST_PATCH.items())
        raise StatementError(f"there is no Docker Engine {word} here; the newest of each series are {known}", place_of(word))
    return Release(*series[-1], patch)
