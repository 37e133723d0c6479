"""What the rules of kube-proxy (iptables mode) and of pod networks are for."""

from netlab_magic.explain.known.patterns import Shape
from netlab_magic.i18n import message

__all__ = ["KUBERNETES"]

KUBERNETES = (
    Shape(
        "nat (PREROUTING|OUTPUT)",
        "-j KUBE-SERVICES",
        message(
            "kube-proxy looks up here whether the packet goes to a Service: PREROUTING for what arrives, OUTPUT for what "
            "this node itself sends."
        ),
    ),
    Shape(
        "nat POSTROUTING",
        "-j KUBE-POSTROUTING",
        message("Here kube-proxy changes the source of the packets that were marked for it."),
    ),
    Shape(
        "nat KUBE-SERVICES",
        "-d {address} … --dport {port} -j KUBE-SVC-{id}",
        message(
            "{address} is the cluster IP of a Service: an address that no interface has, and that exists in these rules "
            "only. KUBE-SVC-{id} picks one of its pods."
        ),
    ),
    Shape(
        "nat KUBE-SERVICES",
        "… -j KUBE-NODEPORTS",
        message("Last of all: what is addressed to the node itself may be meant for a NodePort."),
    ),
    Shape(
        "nat KUBE-SERVICES",
        "… -j KUBE-EXT-{id}",
        message("A Service's external address or load balancer's address is looked up here."),
    ),
    Shape(
        "nat (KUBE-SERVICES|KUBE-SVC-.*)",
        "! -s {pods} -d {address} … -j KUBE-MARK-MASQ",
        message(
            "What comes for the Service from outside of the pod network {pods} is marked, so that KUBE-POSTROUTING gives it "
            "the node's address and the answers come back this way."
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
        message("What is marked gets the node's address as its source, so that the answers come back through this node."),
    ),
    Shape(
        "nat KUBE-SVC-.*",
        "… -m statistic --mode random --probability {probability} -j KUBE-SEP-{id}",
        message(
            "This is the load balancing: each new connection draws lots, rule by rule, so that every pod of the Service gets "
            "an equal share."
        ),
    ),
    Shape(
        "nat KUBE-SVC-.*",
        "… -j KUBE-SEP-{id}",
        message("The last pod of the Service, or the only one, takes what the rules before it have left."),
    ),
    Shape(
        "nat KUBE-SEP-.*",
        "-s {pod} -j KUBE-MARK-MASQ",
        message(
            "This is for the hairpin: the pod at {pod} has called its own Service and was chosen itself; with the node's "
            "address as source it can answer."
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
        message("The mark is a note to KUBE-POSTROUTING: give this packet the node's address as its source."),
    ),
    Shape(
        "nat KUBE-MARK-DROP",
        "-j MARK …",
        message("The mark is a note to KUBE-FIREWALL: drop this packet."),
    ),
    Shape(
        "nat KUBE-POSTROUTING",
        "-m mark ! --mark {mark} -j RETURN",
        message("What was not marked keeps its source."),
    ),
    Shape(
        "nat KUBE-POSTROUTING",
        "-j MARK …",
        message("The mark has done its work and is taken off, so that a packet that passes the rules once more does not keep it."),
    ),
    Shape(
        "nat KUBE-POSTROUTING",
        "… -j MASQUERADE …",
        message(
            "What was marked on its way to a Service gets the node's address, so that the answers come back to this node and "
            "can be translated back."
        ),
    ),
    Shape(
        "nat KUBE-(NODEPORTS|EXT-.*|XLB-.*|FW-.*)",
        "… -j KUBE-(SVC|EXT|XLB|SVL)-{id}",
        message("A Service that can be reached from outside of the cluster is looked up here by its port on the node."),
    ),
    Shape(
        "filter KUBE-FORWARD",
        "-m mark --mark {mark} -j ACCEPT",
        message("What was marked for a Service may be forwarded, whatever the policy of FORWARD is."),
    ),
    Shape(
        "filter KUBE-FIREWALL",
        "! -s 127.0.0.0/8 -d 127.0.0.0/8 -m conntrack ! --ctstate {states} -j DROP",
        message(
            "This guards the node's loopback addresses, which kube-proxy opens to routing (route_localnet): nobody on the "
            "network may call services that listen on them."
        ),
    ),
    Shape(
        "filter (INPUT|OUTPUT)",
        "-j KUBE-FIREWALL",
        message("kubelet and kube-proxy keep here what must never pass."),
    ),
    Shape(
        "filter (INPUT|FORWARD|OUTPUT)",
        "… -j KUBE-(SERVICES|EXTERNAL-SERVICES|NODEPORTS)",
        message("New connections to Services that have no pod are refused there, so that clients do not wait in vain."),
    ),
    Shape(
        "filter FORWARD",
        "… -j KUBE-FORWARD",
        message("kube-proxy accepts here what it has translated itself."),
    ),
    Shape(
        "filter (INPUT|FORWARD|OUTPUT)",
        "… -j KUBE-PROXY-FIREWALL",
        message("This enforces the address ranges from which a load balancer's Service may be reached (loadBalancerSourceRanges)."),
    ),
    Shape(
        "filter KUBE-(SERVICES|EXTERNAL-SERVICES)",
        "… -j REJECT …",
        message("The Service has no pod that could answer, so the client is told at once."),
    ),
)
