"""Matches on connections and marks."""

from netlab_magic.iptables.extensions import canonical_rules
from netlab_magic.iptables.extensions.constraints import Demand, all_of
from netlab_magic.iptables.extensions.schema import MatchExtension, Parameter
from netlab_magic.iptables.extensions.types import (
    MARK,
    PORT_RANGE,
    TEXT,
    TRACKED_PROTOCOL,
    choice,
    hexadecimal,
    number,
    number_range,
    words,
)
from netlab_magic.iptables.extensions.types_address import TRACKED_NETWORK
from netlab_magic.iptables.extensions.types_compound import LABEL
from netlab_magic.iptables.option import Quotes

__all__ = ["CONNECTION"]

_STATES = words("a connection state", "INVALID", "NEW", "RELATED", "ESTABLISHED", "UNTRACKED", "SNAT", "DNAT")
_OLD_STATES = words("a connection state", "INVALID", "NEW", "RELATED", "ESTABLISHED", "UNTRACKED")
_STATUSES = words("a connection status", "EXPECTED", "SEEN_REPLY", "ASSURED", "CONFIRMED", nothing="NONE")

_LOCAL_NODE = ("--cluster-local-node", "--cluster-local-nodemask")

CONNECTION = (
    MatchExtension(
        "conntrack",
        (
            Parameter(
                "--ctstate",
                "connection state",
                (_STATES,),
                negatable=True,
                listed=" ! ctstate {}",
                says="{}",
                denies="{}",
            ),
            Parameter(
                "--ctproto",
                "protocol of the connection",
                (TRACKED_PROTOCOL,),
                negatable=True,
                listed=" ! ctproto {}",
                says="belong to a connection of the protocol {}",
                denies="belong to a connection of any protocol other than {}",
                lists=str,
            ),
            Parameter(
                "--ctorigsrc",
                "source of the connection's first packet",
                (TRACKED_NETWORK,),
                negatable=True,
                listed=" ! ctorigsrc {}",
                says="belong to a connection that was opened from {}",
                denies="belong to a connection that was opened from anywhere other than {}",
            ),
            Parameter(
                "--ctorigdst",
                "destination of the connection's first packet",
                (TRACKED_NETWORK,),
                negatable=True,
                listed=" ! ctorigdst {}",
                says="belong to a connection that, before any DNAT, went to {}",
                denies="belong to a connection that, before any DNAT, went anywhere other than to {}",
            ),
            Parameter(
                "--ctreplsrc",
                "source of the connection's replies",
                (TRACKED_NETWORK,),
                negatable=True,
                listed=" ! ctreplsrc {}",
                says="belong to a connection whose replies come from {}",
                denies="belong to a connection whose replies come from anywhere other than {}",
                steady=False,
            ),
            Parameter(
                "--ctrepldst",
                "destination of the connection's replies",
                (TRACKED_NETWORK,),
                negatable=True,
                listed=" ! ctrepldst {}",
                says="belong to a connection whose replies go to {}",
                denies="belong to a connection whose replies go anywhere other than to {}",
                steady=False,
            ),
            Parameter(
                "--ctorigsrcport",
                "source port of the connection's first packet",
                (PORT_RANGE,),
                negatable=True,
                listed=" ! ctorigsrcport {}",
                says="belong to a connection that was opened from port {}",
                denies="belong to a connection that was opened from any port other than {}",
            ),
            Parameter(
                "--ctorigdstport",
                "destination port of the connection's first packet",
                (PORT_RANGE,),
                negatable=True,
                listed=" ! ctorigdstport {}",
                says="belong to a connection that, before any DNAT, went to port {}",
                denies="belong to a connection that, before any DNAT, went to any port other than {}",
            ),
            Parameter(
                "--ctreplsrcport",
                "source port of the connection's replies",
                (PORT_RANGE,),
                negatable=True,
                listed=" ! ctreplsrcport {}",
                says="belong to a connection whose replies come from port {}",
                denies="belong to a connection whose replies come from any port other than {}",
                steady=False,
            ),
            Parameter(
                "--ctrepldstport",
                "destination port of the connection's replies",
                (PORT_RANGE,),
                negatable=True,
                listed=" ! ctrepldstport {}",
                says="belong to a connection whose replies go to port {}",
                denies="belong to a connection whose replies go to any port other than {}",
                steady=False,
            ),
            Parameter(
                "--ctstatus",
                "connection status",
                (_STATUSES,),
                negatable=True,
                listed=" ! ctstatus {}",
                says="belong to a connection that {}",
                denies="belong to a connection of which this does not hold: it {}",
                steady=False,
            ),
            Parameter(
                "--ctexpire",
                "seconds until conntrack forgets the connection",
                (number_range("seconds or a range of them"),),
                negatable=True,
                listed=" ! ctexpire {}",
                says="belong to a connection that conntrack would forget in {} seconds",
                denies="belong to a connection that conntrack would not forget in {} seconds",
                steady=False,
            ),
            Parameter(
                "--ctdir",
                "direction within the connection",
                (choice("a direction", "ORIGINAL", "REPLY"),),
                listed=" ctdir {}",
                says="travel in {}",
            ),
        ),
        demand=Demand(
            needs=(
                (
                    *("--ctstate", "--ctproto", "--ctorigsrc", "--ctorigdst", "--ctreplsrc", "--ctrepldst", "--ctstatus", "--ctexpire"),
                    *("--ctorigsrcport", "--ctorigdstport", "--ctreplsrcport", "--ctrepldstport", "--ctdir"),
                ),
            )
        ),
        steady=True,
        tracks=True,
    ),
    MatchExtension(
        "state",
        (
            Parameter(
                "--state",
                "connection state",
                (_OLD_STATES,),
                negatable=True,
                listed=" ! state {}",
                says="{}",
                denies="{}",
            ),
        ),
        demand=all_of("--state"),
        steady=True,
        tracks=True,
    ),
    MatchExtension(
        "connmark",
        (
            Parameter(
                "--mark",
                "mark of the connection",
                (MARK,),
                negatable=True,
                listed=" connmark match  {}| connmark match ! {}",
                says="belong to a connection that carries the mark {}",
                denies="belong to a connection that does not carry the mark {}",
            ),
        ),
        demand=all_of("--mark"),
        tracks=True,
    ),
    MatchExtension(
        "mark",
        (
            Parameter(
                "--mark",
                "mark of the packet",
                (MARK,),
                negatable=True,
                listed=" mark match ! {}",
                says="carry the mark {}",
                denies="do not carry the mark {}",
            ),
        ),
        demand=all_of("--mark"),
    ),
    MatchExtension(
        "connlabel",
        (
            Parameter(
                "--label",
                "label of the connection",
                (LABEL,),
                negatable=True,
                listed=" connlabel ! {}",
                says="belong to a connection with the label {}",
                denies="belong to a connection without the label {}",
                quotes=Quotes.ALWAYS,
            ),
            Parameter("--set", "sets the label", listed=" set", says="(which the connection is given first)"),
        ),
        demand=all_of("--label"),
        tracks=True,
    ),
    MatchExtension(
        "helper",
        (
            Parameter(
                "--helper",
                "conntrack helper",
                (TEXT,),
                negatable=True,
                listed=' helper match ! "{}"',
                says="belong to a connection that the conntrack helper {} expected or watches",
                denies="do not belong to a connection of the conntrack helper {}",
                quotes=Quotes.TEXT,
            ),
        ),
        demand=all_of("--helper"),
        tracks=True,
    ),
    MatchExtension(
        "socket",
        (
            Parameter(
                "--transparent",
                "socket is transparent",
                listed=" --transparent",
                says="(the socket is transparent: bound to an address that need not be this host's)",
            ),
            Parameter(
                "--nowildcard",
                "sockets bound to any address count too",
                listed=" --nowildcard",
                says="(sockets bound to every address count too)",
            ),
            Parameter(
                "--restore-skmark", "packet gets the socket's mark", listed=" --restore-skmark", says="(the packet gets the socket's mark)"
            ),
        ),
        listed=" socket",
        says="belong to an open socket of this host",
    ),
    MatchExtension(
        "cluster",
        (
            Parameter(
                "--cluster-local-node",
                "number of this node",
                (number("a node", 32, 1),),
                negatable=True,
                says="fall to the cluster's node {} by the hash of their source",
                denies="fall to any node of the cluster other than {} by the hash of their source",
            ),
            Parameter(
                "--cluster-local-nodemask",
                "mask of this node",
                (hexadecimal("a mask of nodes", digits=8),),
                negatable=True,
                listed=" !node_mask={}",
                says="fall to one of the cluster's nodes in the mask {} by the hash of their source",
                denies="fall to none of the cluster's nodes in the mask {} by the hash of their source",
            ),
            Parameter(
                "--cluster-total-nodes",
                "nodes of the cluster",
                (number("a number of nodes", 32, 1),),
                listed=" total_nodes={}",
                says="(in a cluster of {} nodes)",
            ),
            Parameter(
                "--cluster-hash-seed",
                "seed of the hash",
                (hexadecimal("a seed", digits=8),),
                listed=" hash_seed={}",
                says="(the hash begins from {})",
            ),
        ),
        listed=" cluster",
        demand=Demand(needs=(_LOCAL_NODE, ("--cluster-total-nodes",), ("--cluster-hash-seed",)), excludes=(_LOCAL_NODE,)),
        canonical=canonical_rules.cluster,
        tracks=True,
    ),
)
"""Matches whose answer depends on the connection."""
