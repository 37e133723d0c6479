"""What rules of nft are for that well-known programs write, recognised by their shape in the tables of these programs."""

from netlab_magic.explain.known.nft_chains import owner_of
from netlab_magic.explain.known.patterns import Shape, recognised_words
from netlab_magic.i18n import Language, message
from netlab_magic.nftables.ruleset import Chain, Rule, Table
from netlab_magic.nftables.state import stateless_rule
from netlab_magic.nftables.statements import Counter

__all__ = ["known_rule"]

_RULES = (
    Shape(
        "Docker filter-FORWARD",
        "oifname vmap @filter-forward-in-jumps",
        message("Docker looks up the bridge that the packet goes to, and asks the chain that says what may enter its network."),
    ),
    Shape(
        "Docker filter-FORWARD",
        "iifname vmap @filter-forward-out-jumps",
        message("Docker looks up the bridge that the packet comes from, and asks the chain that says what may leave its network."),
    ),
    Shape(
        "Docker nat-POSTROUTING",
        "(iifname|oifname) vmap @nat-postrouting-(in|out)-jumps",
        message("Docker looks up whether the packet leaves or enters one of its networks, for source NAT."),
    ),
    Shape(
        "Docker filter-forward-in__(?P<bridge>.*)",
        "ct state established,related … accept",
        message("Answers get in to the containers on {bridge}."),
    ),
    Shape(
        "Docker filter-forward-out__(?P<bridge>.*)",
        "ct state established,related … accept",
        message("Answers of the containers on {bridge} get out."),
    ),
    Shape(
        "Docker filter-forward-in__(?P<bridge>.*)",
        "iifname {same} … accept",
        message("Containers on {bridge} may talk to each other (ICC, inter-container communication)."),
    ),
    Shape(
        "Docker filter-forward-in__(?P<bridge>.*)",
        "iifname {same} … drop",
        message("Containers on {bridge} must not talk to each other: ICC is switched off."),
    ),
    Shape(
        "Docker filter-forward-in__(?P<bridge>.*)",
        "(ip|ip6) daddr {container} {protocol} dport {port} … accept",
        message("Port {port} of the container at {container} is published."),
    ),
    Shape(
        "Docker filter-forward-in__(?P<bridge>.*)",
        "iifname != {same} … drop",
        message("{bridge} is an internal network (docker network create --internal): nothing gets in from outside."),
    ),
    Shape(
        "Docker filter-forward-out__(?P<bridge>.*)",
        "oifname != {same} … drop",
        message("{bridge} is an internal network (docker network create --internal): nothing gets out."),
    ),
    Shape(
        "Docker filter-forward-in__(?P<bridge>.*)",
        "drop",
        message("What else would enter the network of {bridge} is dropped: it goes to ports that nobody has published."),
    ),
    Shape(
        "Docker filter-forward-out__(?P<bridge>.*)",
        "accept",
        message("Containers on {bridge} may reach whatever they like outside."),
    ),
    Shape(
        "Docker nat-(PREROUTING|OUTPUT)",
        "… fib daddr type local jump nat-prerouting-and-output",
        message("Only packets to one of this host's own addresses can be for a published port."),
    ),
    Shape(
        "Docker nat-prerouting-and-output",
        "… {protocol} dport {port} dnat to {container}",
        message("This is a published port: what comes to port {port} of the host goes to the container at {container}."),
    ),
    Shape(
        "Docker nat-postrouting-out__(?P<bridge>.*)",
        "oifname != {same} (ip|ip6) saddr {subnet} (masquerade|snat to {source})",
        message("Containers in {subnet} reach other networks with the host's address."),
    ),
    Shape(
        "Docker raw-PREROUTING",
        "(ip|ip6) daddr {container} iifname != … drop",
        message("Nobody else may get to the container's own address, around its published ports: {container}."),
    ),
    Shape(
        "Docker raw-PREROUTING",
        "iifname != lo (ip|ip6) daddr {address} {protocol} dport {port} drop",
        message("Port {port} is published on loopback only: what comes for it from outside is dropped."),
    ),
    Shape(
        "firewalld filter_(INPUT|FORWARD|OUTPUT)",
        "ct status dnat accept",
        message("What a port forwarding has translated is let through."),
    ),
    Shape(
        "firewalld filter_(INPUT|FORWARD)",
        "reject with icmpx admin-prohibited",
        message("What gets here was allowed by no zone and no policy: firewalld rejects it."),
    ),
    Shape(
        "firewalld \\w+_(INPUT|FORWARD|OUTPUT|PREROUTING|POSTROUTING)_(ZONES|dispatch|ZONES_SOURCE)",
        "(iifname|oifname) {interface} (jump|goto) {chain}",
        message("firewalld: the interface {interface} decides the zone."),
    ),
    Shape(
        "firewalld \\w+_(INPUT|FORWARD|OUTPUT|PREROUTING|POSTROUTING)_(ZONES|dispatch|ZONES_SOURCE)",
        "(ip|ip6) (saddr|daddr) {source} (jump|goto) {chain}",
        message("firewalld: the address decides the zone: {source}."),
    ),
    Shape(
        "firewalld filter_(IN|FWD|OUT)_(?P<zone>.+)_allow",
        "… accept",
        message("firewalld: a service or port that is open in the zone {zone}."),
    ),
    Shape(
        "netavark INPUT",
        "(ip|ip6) saddr {subnet} … dport 53 accept",
        message("Containers in {subnet} may ask Podman's DNS server (aardvark-dns) on this host for each other's names."),
    ),
    Shape(
        "netavark FORWARD",
        "(ip|ip6) daddr {subnet} ct state established,related accept",
        message("This accepts answers to the containers of the Podman network {subnet}."),
    ),
    Shape(
        "netavark FORWARD",
        "(ip|ip6) saddr {subnet} accept",
        message("Everything from the containers of the Podman network {subnet} may be forwarded."),
    ),
    Shape(
        "netavark FORWARD",
        "ct state invalid drop",
        message("What conntrack can make no sense of would pass by NAT, with a container's own address: it is dropped."),
    ),
    Shape(
        "netavark POSTROUTING",
        "meta mark … masquerade",
        message("Packets marked on their way to a published port get the host's address as their source."),
    ),
    Shape(
        "netavark nv_\\w+_dnat",
        "… dnat (ip|ip6) to {container}",
        message("This is a published port: the packet goes to the container at {container} instead."),
    ),
    Shape(
        "netavark nv_\\w+_dnat",
        "… jump NETAVARK-HOSTPORT-SETMARK",
        message(
            "Packets from the container's own network, or from this host through loopback, are marked, so that they get the host's "
            "address as their source and the answer comes back."
        ),
    ),
    Shape(
        "netavark nv_\\w+",
        "(ip|ip6) daddr {subnet} accept",
        message("Containers of the same network see each other's real addresses."),
    ),
    Shape(
        "netavark nv_\\w+",
        "(ip|ip6) daddr != {multicast} masquerade",
        message("Everything except multicast that leaves the containers' network gets the host's address as its source."),
    ),
    Shape(
        "netavark NETAVARK-ISOLATION-[23]",
        "oifname {bridge} drop",
        message("{bridge} is isolated: only packets of other Podman networks get here, and they are dropped."),
    ),
    Shape(
        "kube-proxy endpoint-.*",
        "… dnat to {pod}",
        message("This is the pod that was chosen: the packet goes to {pod}."),
    ),
    Shape(
        "kube-proxy endpoint-.*",
        "(ip|ip6) saddr {pod} jump mark-for-masquerade",
        message("A pod that was sent to itself would not know the answer: it gets the node's address as its source."),
    ),
    Shape(
        "kube-proxy service-.*",
        "numgen random mod {count} vmap …",
        message("The Service has so many endpoints, one of which is picked at random: {count}."),
    ),
    Shape(
        "kube-proxy service-.*",
        "… jump mark-for-masquerade",
        message("Who comes from outside the pods' network gets the node's address as its source, so that the answer comes back here."),
    ),
    Shape(
        "libvirt guest_input",
        "… ct state established,related accept",
        message("libvirt's NAT network lets answers in to its virtual machines, and nothing that begins outside."),
    ),
    Shape(
        "libvirt guest_input",
        "oif {bridge} reject",
        message("Everything else to the virtual machines on {bridge} is rejected."),
    ),
    Shape(
        "libvirt guest_output",
        "(ip|ip6) saddr {subnet} iif {bridge} … accept",
        message("The virtual machines on {bridge} may reach other networks, as long as they use an address of their own subnet."),
    ),
    Shape(
        "libvirt guest_output",
        "iif {bridge} reject",
        message("Everything else from {bridge} is rejected, such as packets with a forged source."),
    ),
    Shape(
        "libvirt guest_cross",
        "iif {bridge} oif {same} accept",
        message("The virtual machines on {bridge} may talk to each other."),
    ),
    Shape(
        "libvirt guest_nat",
        "(ip|ip6) saddr {subnet} (ip|ip6) daddr {group} return",
        message("Multicast and broadcast are not translated: they stay in their own network."),
    ),
    Shape(
        "libvirt guest_nat",
        "… (ip|ip6) saddr {subnet} (ip|ip6) daddr != {same} masquerade …",
        message("The virtual machines in {subnet} reach other networks with the host's address."),
    ),
    Shape(
        "fail2ban f2b-chain",
        "… (ip|ip6) saddr @addr6?-set-{jail} …",
        message("fail2ban keeps the addresses that its jail {jail} has banned in this set; one rule covers all of them."),
    ),
    Shape(
        "fw4 (input|forward|output)",
        "(iifname|oifname) {interfaces} jump (input|output|forward)_{zone}",
        message("OpenWrt sorts packets by zone: this interface belongs to the zone {zone}."),
    ),
    Shape(
        "fw4 forward_(?P<from>.+)",
        "… jump accept_to_{to}",
        message("OpenWrt: this may get from the zone {from} into the zone {to}."),
    ),
    Shape(
        "fw4 (input|output|forward)_(?P<zone>.+)",
        "jump (?P<verdict>accept|reject|drop)_(from|to)_{same}",
        message("This is the default of the zone {zone}, for packets that none of its rules decided about: {verdict}."),
    ),
    Shape(
        "fw4 srcnat_(?P<zone>.+)",
        "… masquerade",
        message("OpenWrt's setting “masq”: packets that leave through the zone {zone} get the router's address."),
    ),
)


def known_rule(table: Table, chain: Chain, rule: Rule, say: Language) -> str:
    """In which situation one meets a rule of a well-known program; "" for any other."""
    owner = owner_of(table)
    return recognised_words(_RULES, f"{owner} {chain.name}", _words(rule, table.family), say) if owner else ""


def _words(rule: Rule, family: str) -> list[str]:
    """The words of a rule as nft prints them, without quotes, counters and its comment."""
    statements = tuple(each for each in stateless_rule(rule).statements if not isinstance(each, Counter))
    return [word.strip('"') for word in Rule(statements).text(family).split()]
