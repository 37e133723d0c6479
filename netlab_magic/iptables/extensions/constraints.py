"""Which options of a match or target must be given, which exclude each other, and which depend on others or on the protocol.

The facts are those that iptables checks once it has read a rule, or the kernel when it gets it (iptables-extensions(8)).
"""

import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from netlab_magic.iptables.ruleset import Option

__all__ = ["MATCH_DEMANDS", "TARGET_DEMANDS", "Demand"]

_PORTS = ("tcp", "udp", "udplite", "sctp", "dccp", "icmp", "ipv6-icmp")
_HAS_PORT = r"\]:\d|^:\d|^\d+\.\d+\.\d+\.\d+[\d.-]*:\d"


class Demand(msgspec.Struct, frozen=True):
    """`needs`: of each group one option must be given. `excludes`: of each group at most one may be.

    `along`: an option, and those of which one must stand along with it. `protocols`: an option, what its words must look like, and
    what `-p` must then name.
    """

    needs: tuple[tuple[str, ...], ...] = ()
    excludes: tuple[tuple[str, ...], ...] = ()
    along: tuple[tuple[str, tuple[str, ...]], ...] = ()
    protocols: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    repeats: bool = False

    def complaints(self, options: Sequence[Option], protocol: str) -> Iterator[str]:
        """What is wrong with these options, each as the end of a sentence that begins with the match or target."""
        names = [option.name for option in options]
        for name in dict.fromkeys(names):
            if names.count(name) > 1 and not self.repeats:
                yield f"takes {name} only once"
        for group in self.needs:
            if not set(group) & set(names):
                yield f"needs {' or '.join(group)}"
        for group in self.excludes:
            both = [name for name in group if name in names]
            if len(both) > 1:
                yield f"takes only one of {' and '.join(both)}"
        for name, others in self.along:
            if name in names and not set(others) & set(names):
                yield f"takes {name} only together with {' or '.join(others)}"
        for name, pattern, protocols in self.protocols:
            if protocol not in protocols and any(option.name == name and re.search(pattern, " ".join(option.values)) for option in options):
                yield f"takes this {name} only with -p {' or '.join(protocols)}"


def _one_of(*names: str) -> Demand:
    return Demand(needs=(names,), excludes=(names,))


def _all_of(*names: str) -> Demand:
    return Demand(needs=tuple((name,) for name in names))


_SIDES = ("--rateest-bps", "--rateest-pps", "--rateest-bps1", "--rateest-pps1")
_SET_MARK = ("--set-mark", "--set-xmark", "--and-mark", "--or-mark", "--xor-mark")
_COPY_MARK = ("--save-mark", "--restore-mark")
_FILLED = (("--rt-0-addrs", "--rt-type"), ("--rt-0-res", "--rt-type"), ("--rt-0-not-strict", "--rt-0-addrs"))
_FANOUT = ("--queue-cpu-fanout", ("--queue-balance",))
_LOCAL_NODE = ("--cluster-local-node", "--cluster-local-nodemask")

MATCH_DEMANDS: Mapping[str, Demand] = {
    "addrtype": Demand(
        needs=(("--src-type", "--dst-type"),),
        excludes=(("--limit-iface-in", "--limit-iface-out"),),
    ),
    "bpf": _one_of("--bytecode", "--object-pinned"),
    "cgroup": _one_of("--path", "--cgroup"),
    "cluster": Demand(needs=(_LOCAL_NODE, ("--cluster-total-nodes",), ("--cluster-hash-seed",)), excludes=(_LOCAL_NODE,)),
    "comment": _all_of("--comment"),
    "connbytes": _all_of("--connbytes", "--connbytes-dir", "--connbytes-mode"),
    "connlabel": _all_of("--label"),
    "connlimit": Demand(
        needs=(("--connlimit-upto", "--connlimit-above"),),
        excludes=(("--connlimit-upto", "--connlimit-above"), ("--connlimit-saddr", "--connlimit-daddr")),
    ),
    "connmark": _all_of("--mark"),
    "conntrack": Demand(
        needs=(
            (
                *("--ctstate", "--ctproto", "--ctorigsrc", "--ctorigdst", "--ctreplsrc", "--ctrepldst", "--ctstatus", "--ctexpire"),
                *("--ctorigsrcport", "--ctorigdstport", "--ctreplsrcport", "--ctrepldstport", "--ctdir"),
            ),
        )
    ),
    "cpu": _all_of("--cpu"),
    "devgroup": Demand(needs=(("--src-group", "--dst-group"),)),
    "dscp": _one_of("--dscp", "--dscp-class"),
    "ecn": Demand(
        needs=(("--ecn-tcp-cwr", "--ecn-tcp-ece", "--ecn-ip-ect"),),
        protocols=(("--ecn-tcp-cwr", "", ("tcp",)), ("--ecn-tcp-ece", "", ("tcp",))),
    ),
    "frag": Demand(excludes=(("--fragmore", "--fraglast"),)),
    "hashlimit": Demand(
        needs=(("--hashlimit-upto", "--hashlimit-above"), ("--hashlimit-name",)), excludes=(("--hashlimit-upto", "--hashlimit-above"),)
    ),
    "helper": _all_of("--helper"),
    "hl": _one_of("--hl-eq", "--hl-lt", "--hl-gt"),
    "icmp": _all_of("--icmp-type"),
    "icmp6": _all_of("--icmpv6-type"),
    "iprange": Demand(needs=(("--src-range", "--dst-range"),)),
    "ipv6header": _all_of("--header"),
    "ipvs": Demand(needs=(("--ipvs", "--vproto", "--vaddr", "--vport", "--vdir", "--vmethod", "--vportctl"),)),
    "length": _all_of("--length"),
    "mac": _all_of("--mac-source"),
    "mark": _all_of("--mark"),
    "multiport": _one_of("--sports", "--dports", "--ports"),
    "nfacct": _all_of("--nfacct-name"),
    "osf": _all_of("--genre"),
    "owner": Demand(needs=(("--uid-owner", "--gid-owner", "--socket-exists"),), along=(("--suppl-groups", ("--gid-owner",)),)),
    "physdev": Demand(
        needs=(("--physdev-in", "--physdev-out", "--physdev-is-in", "--physdev-is-out", "--physdev-is-bridged"),),
    ),
    "pkttype": _all_of("--pkt-type"),
    "policy": Demand(needs=(("--dir",),), repeats=True),
    "quota": _all_of("--quota"),
    "rateest": Demand(
        needs=(("--rateest", "--rateest1"), ("--rateest-lt", "--rateest-gt", "--rateest-eq"), _SIDES),
        excludes=(("--rateest", "--rateest1"),),
    ),
    "realm": _all_of("--realm"),
    "recent": Demand(
        needs=(("--set", "--rcheck", "--update", "--remove"),),
        excludes=(
            ("--set", "--rcheck", "--update", "--remove"),
            *((name, option) for name in ("--set", "--remove") for option in ("--seconds", "--hitcount", "--rttl")),
        ),
        along=(("--reap", ("--seconds",)),),
    ),
    "rt": Demand(along=tuple((name, (other,)) for name, other in _FILLED)),
    "set": Demand(
        needs=(("--match-set",),),
        excludes=(("--packets-eq", "--packets-lt", "--packets-gt"), ("--bytes-eq", "--bytes-lt", "--bytes-gt")),
    ),
    "state": _all_of("--state"),
    "statistic": Demand(  # --packet is not asked for: iptables 1.4 left it out where it was 0
        needs=(("--mode",), ("--probability", "--every")),
        excludes=(("--probability", "--every"), ("--probability", "--packet")),
    ),
    "string": Demand(needs=(("--string", "--hex-string"), ("--algo",)), excludes=(("--string", "--hex-string"),)),
    "tcp": Demand(excludes=(("--syn", "--tcp-flags"),)),
    "tcpmss": _all_of("--mss"),
    "time": Demand(
        excludes=(("--kerneltz", "--utc"),),
        along=(("--contiguous", ("--timestart", "--timestop")),),
    ),
    "tos": _all_of("--tos"),
    "ttl": _one_of("--ttl-eq", "--ttl-lt", "--ttl-gt"),
    "u32": _all_of("--u32"),
}
"""What each match demands, beyond that no option is given twice."""

TARGET_DEMANDS: Mapping[str, Demand] = {
    "AUDIT": _all_of("--type"),
    "CHECKSUM": _all_of("--checksum-fill"),
    "CLASSIFY": _all_of("--set-class"),
    "CLUSTERIP": Demand(along=(("--hashmode", ("--new",)),)),
    "CONNMARK": Demand(
        needs=((*_SET_MARK, *_COPY_MARK),),
        excludes=((*_SET_MARK, *_COPY_MARK), ("--mask", "--nfmask"), ("--mask", "--ctmask")),
    ),
    "CONNSECMARK": _one_of("--save", "--restore"),
    "CT": Demand(protocols=(("--helper", "", ("tcp", "udp", "sctp", "dccp")),)),
    "DNAT": Demand(needs=(("--to-destination",),), protocols=(("--to-destination", _HAS_PORT, _PORTS),)),
    "DNPT": _all_of("--src-pfx", "--dst-pfx"),
    "DSCP": _one_of("--set-dscp", "--set-dscp-class"),
    "ECN": Demand(needs=(("--ecn-tcp-remove",),), protocols=(("--ecn-tcp-remove", "", ("tcp",)),)),
    "HL": _one_of("--hl-set", "--hl-inc", "--hl-dec"),
    "HMARK": _all_of("--hmark-mod"),
    "IDLETIMER": _all_of("--timeout", "--label"),
    "LED": _all_of("--led-trigger-id"),
    "MARK": _one_of(*_SET_MARK),
    "MASQUERADE": Demand(protocols=(("--to-ports", "", _PORTS),)),
    "NETMAP": _all_of("--to"),
    "NFQUEUE": Demand(excludes=(("--queue-num", "--queue-balance"),), along=(_FANOUT,)),
    "RATEEST": _all_of("--rateest-name", "--rateest-interval", "--rateest-ewmalog"),
    "REDIRECT": Demand(protocols=(("--to-ports", "", _PORTS),)),
    "REJECT": Demand(protocols=(("--reject-with", "^tcp-", ("tcp",)),)),
    "SECMARK": _all_of("--selctx"),
    "SET": Demand(
        needs=(("--add-set", "--del-set", "--map-set"),),
        along=(("--timeout", ("--add-set",)), ("--exist", ("--add-set",)), ("--map-set", ("--map-mark", "--map-prio", "--map-queue"))),
    ),
    "SNAT": Demand(needs=(("--to-source",),), protocols=(("--to-source", _HAS_PORT, _PORTS),)),
    "SNPT": _all_of("--src-pfx", "--dst-pfx"),
    "TCPMSS": Demand(needs=(("--set-mss", "--clamp-mss-to-pmtu"),)),
    "TEE": _all_of("--gateway"),
    "TOS": _one_of("--set-tos", "--and-tos", "--or-tos", "--xor-tos"),
    "TPROXY": _all_of("--on-port"),
    "TTL": _one_of("--ttl-set", "--ttl-inc", "--ttl-dec"),
}
"""What each target demands, beyond that no option is given twice."""
