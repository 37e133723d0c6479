"""The purpose of the rules of kube-proxy (iptables mode) and of pod networks."""

from netlab_magic.explain.known.patterns import Shape
from netlab_magic.i18n import message

__all__ = ["KUBERNETES"]

KUBERNETES = (
    Shape(
        "nat (PREROUTING|OUTPUT)",
        "-j KUBE-SERVICES",
        message(
            "kube-proxy checks here whether the packet goes to a Service: PREROUTING for packets that arrive, OUTPUT for those that this "
            "node sends."
        ),
    ),
    Shape(
        "nat POSTROUTING",
        "-j KUBE-POSTROUTING",
        message("Here kube-proxy changes the source of packets marked for it."),
    ),
    Shape(
        "nat KUBE-SERVICES",
        "-d {address} … --dport {port} -j KUBE-SVC-{id}",
        message(
            "{address} is the cluster IP of a Service: no interface has this address; it exists only in these rules. KUBE-SVC-{id} picks "
            "one of its pods."
        ),
    ),
    Shape(
        "nat KUBE-SERVICES",
        "… -j KUBE-NODEPORTS",
        message("Last, packets to the node itself may be for a NodePort."),
    ),
    Shape(
        "nat KUBE-SERVICES",
        "… -j KUBE-EXT-{id}",
        message("This checks for a Service's external address or load balancer address."),
    ),
    Shape(
        "nat (KUBE-SERVICES|KUBE-SVC-.*)",
        "! -s {pods} -d {address} … -j KUBE-MARK-MASQ",
        message(
            "Packets for the Service from outside the pod network {pods} are marked, so that KUBE-POSTROUTING gives them the node's "
            "address and the answers come back through this node."
        ),
    ),
    Shape(
        "nat KUBE-SVC-.*",
        "… -m recent --rcheck --seconds {seconds} … -j KUBE-SEP-{id}",
        message("This is session affinity: a client that was sent to this pod within the last {seconds} seconds is sent there again."),
    ),
    Shape(
        "nat KUBE-SEP-.*",
        "… -m recent --set … -j DNAT --to-destination {pod}",
        message("The Service's address is replaced by that of the chosen pod, {pod}, and the client is noted for session affinity."),
    ),
    Shape(
        "nat KUBE-(SVC|EXT|XLB|FW)-.*",
        "… -j KUBE-MARK-MASQ",
        message("Marked packets get the node's address as their source, so that the answers come back through this node."),
    ),
    Shape(
        "nat KUBE-SVC-.*",
        "… -m statistic --mode random --probability {probability} -j KUBE-SEP-{id}",
        message(
            "This is the load balancing: each new connection is assigned at random, rule by rule, so that every pod of the Service gets "
            "an equal share."
        ),
    ),
    Shape(
        "nat KUBE-SVC-.*",
        "… -j KUBE-SEP-{id}",
        message("The last pod of the Service, or the only one, gets what the rules before it left over."),
    ),
    Shape(
        "nat KUBE-SEP-.*",
        "-s {pod} -j KUBE-MARK-MASQ",
        message(
            "This is for hairpin connections: the pod at {pod} connected to its own Service and was chosen itself; with the node's "
            "address as source, it can answer."
        ),
    ),
    Shape(
        "nat KUBE-SEP-.*",
        "-p {protocol} -m {protocol} … -j DNAT --to-destination {pod}",
        message("The Service's address is replaced by that of the chosen pod, {pod}."),
    ),
    Shape(
        "nat KUBE-MARK-MASQ",
        "-j MARK …",
        message("The mark tells KUBE-POSTROUTING to give this packet the node's address as its source."),
    ),
    Shape(
        "nat KUBE-MARK-DROP",
        "-j MARK …",
        message("The mark tells KUBE-FIREWALL to drop this packet."),
    ),
    Shape(
        "nat KUBE-POSTROUTING",
        "-m mark ! --mark {mark} -j RETURN",
        message("Unmarked packets keep their source."),
    ),
    Shape(
        "nat KUBE-POSTROUTING",
        "-j MARK …",
        message("The mark is no longer needed and is cleared, so that a packet that passes the rules again does not keep it."),
    ),
    Shape(
        "nat KUBE-POSTROUTING",
        "… -j MASQUERADE …",
        message(
            "Packets marked on their way to a Service get the node's address, so that the answers come back to this node and can be "
            "translated back."
        ),
    ),
    Shape(
        "nat KUBE-(NODEPORTS|EXT-.*|XLB-.*|FW-.*)",
        "… -j KUBE-(SVC|EXT|XLB|SVL)-{id}",
        message("This checks for a Service that is reachable from outside the cluster by its port on the node."),
    ),
    Shape(
        "filter KUBE-FORWARD",
        "-m mark --mark {mark} -j ACCEPT",
        message("Packets marked for a Service may be forwarded, whatever the policy of FORWARD is."),
    ),
    Shape(
        "filter KUBE-FIREWALL",
        "! -s 127.0.0.0/8 -d 127.0.0.0/8 -m conntrack ! --ctstate {states} -j DROP",
        message(
            "This guards the node's loopback addresses, which kube-proxy opens to routing (route_localnet): no one on the network may "
            "connect to services that listen on them."
        ),
    ),
    Shape(
        "filter (INPUT|OUTPUT)",
        "-j KUBE-FIREWALL",
        message("kubelet and kube-proxy drop packets there that must never pass."),
    ),
    Shape(
        "filter (INPUT|FORWARD|OUTPUT)",
        "… -j KUBE-(SERVICES|EXTERNAL-SERVICES|NODEPORTS)",
        message("New connections to Services without pods are rejected there, so that clients do not have to wait for a timeout."),
    ),
    Shape(
        "filter FORWARD",
        "… -j KUBE-FORWARD",
        message("kube-proxy accepts packets here that it has translated itself."),
    ),
    Shape(
        "filter (INPUT|FORWARD|OUTPUT)",
        "… -j KUBE-PROXY-FIREWALL",
        message("This enforces the address ranges from which a load balancer's Service may be reached (loadBalancerSourceRanges)."),
    ),
    Shape(
        "filter KUBE-(SERVICES|EXTERNAL-SERVICES)",
        "… -j REJECT …",
        message("The Service has no pod that could answer, so the client gets an error at once."),
    ),
)
