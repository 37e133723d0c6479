"""The purpose of the rules of ufw, fail2ban, firewalld, libvirt, Podman and OpenWrt."""

from netlab_magic.explain.known.patterns import Shape
from netlab_magic.i18n import message

__all__ = ["PROGRAMS"]

PROGRAMS = (
    Shape(
        "filter (INPUT|FORWARD|OUTPUT)",
        "-j ufw-before-logging-{hook}",
        message("ufw logs packets here, before its own rules, according to its log level."),
    ),
    Shape(
        "filter (INPUT|FORWARD|OUTPUT)",
        "-j ufw-before-{hook}",
        message("These are ufw's rules from /etc/ufw/before.rules, which come before those added with ufw allow and ufw deny."),
    ),
    Shape(
        "filter (INPUT|FORWARD|OUTPUT)",
        "-j ufw-after-logging-{hook}",
        message(
            "Packets that get here were not decided by any of ufw's rules and are about to get the default policy; ufw logs them "
            "first."
        ),
    ),
    Shape(
        "filter (INPUT|FORWARD|OUTPUT)",
        "-j ufw-after-{hook}",
        message("These are ufw's rules from /etc/ufw/after.rules, which come after your own."),
    ),
    Shape(
        "filter (INPUT|FORWARD|OUTPUT)",
        "-j ufw-reject-{hook}",
        message("If ufw's default is reject, this chain rejects packets that no rule decided about."),
    ),
    Shape(
        "filter (INPUT|FORWARD|OUTPUT)",
        "-j ufw-track-{hook}",
        message("If ufw's default is allow, this chain makes conntrack track the connection."),
    ),
    Shape(
        "filter ufw6?-before-.*",
        "-j ufw6-user-{hook}",
        message(
            "Packets that ufw's built-in rules did not decide about are checked against the rules added with ufw allow, ufw deny and "
            "ufw limit."
        ),
    ),
    Shape(
        "filter ufw-before-.*",
        "-j ufw-user-{hook}",
        message(
            "Packets that ufw's built-in rules did not decide about are checked against the rules added with ufw allow, ufw deny and "
            "ufw limit."
        ),
    ),
    Shape(
        "filter ufw-before-input",
        "-j ufw-not-local",
        message("Packets that are neither for this host nor broadcast nor multicast are dropped there."),
    ),
    Shape(
        "filter ufw6?-user-limit",
        "… -j REJECT …",
        message("ufw limit: an address that opened six connections within thirty seconds is rejected."),
    ),
    Shape(
        "filter ufw6?-user-input",
        "… -m recent --update --seconds {seconds} --hitcount {hits} … -j ufw-user-limit",
        message("ufw limit: an address that opens {hits} connections within {seconds} seconds is rejected for a while."),
    ),
    Shape(
        "filter ufw6?-user-(input|output|forward)",
        "… -j ACCEPT",
        message("This was added by ufw allow."),
    ),
    Shape(
        "filter ufw6?-user-(input|output|forward)",
        "… -j DROP",
        message("This was added by ufw deny."),
    ),
    Shape(
        "filter ufw6?-user-(input|output|forward)",
        "… -j REJECT …",
        message("This was added by ufw reject."),
    ),
    Shape(
        "filter (INPUT|FORWARD)",
        "… -j f2b-{jail}",
        message(
            "fail2ban's jail {jail} watches a service's log file; addresses that failed to log in too often are rejected in that chain."
        ),
    ),
    Shape(
        "filter f2b-(?P<jail>.*)",
        "-s {address} -j {verdict} …",
        message("fail2ban has banned {address} because of what the jail {jail} found in its log; the rule is removed when the ban ends."),
    ),
    Shape(
        "filter f2b-(?P<jail>.*)",
        "-m set --match-set {set} src -j {verdict} …",
        message("fail2ban keeps the addresses that the jail {jail} has banned in the set {set}; one rule covers all of them."),
    ),
    Shape(
        "filter INPUT",
        "… -m set --match-set f2b-{jail} src -j {verdict} …",
        message("fail2ban keeps the addresses that its jail {jail} has banned in this set; one rule covers all of them."),
    ),
    Shape(
        "filter f2b-(?P<jail>.*)",
        "-j RETURN",
        message("Addresses that are not banned continue as if fail2ban were not there."),
    ),
    Shape(
        "filter LIBVIRT_FWI",
        "-d {subnet} -o {bridge} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        message("libvirt's NAT network lets answers in to the virtual machines on {bridge}, but no connections that begin outside."),
    ),
    Shape(
        "filter LIBVIRT_FWI",
        "-d {subnet} -o {bridge} -j ACCEPT",
        message("libvirt's routed network lets anyone reach the virtual machines on {bridge}."),
    ),
    Shape(
        "filter LIBVIRT_FWI",
        "-o {bridge} -j REJECT …",
        message("Everything else to the virtual machines on {bridge} is rejected."),
    ),
    Shape(
        "filter LIBVIRT_FWO",
        "-s {subnet} -i {bridge} -j ACCEPT",
        message("The virtual machines on {bridge} may reach other networks, as long as they use an address of their own subnet."),
    ),
    Shape(
        "filter LIBVIRT_FWO",
        "-i {bridge} -j REJECT …",
        message("Everything else from {bridge} is rejected, such as packets with a forged source."),
    ),
    Shape(
        "filter LIBVIRT_FWX",
        "-i {bridge} -o {bridge} -j ACCEPT",
        message("The virtual machines on {bridge} may talk to each other."),
    ),
    Shape(
        "filter LIBVIRT_INP",
        "-i {bridge} -p {protocol} -m {protocol} --dport (53|67) -j ACCEPT",
        message("libvirt's dnsmasq on this host gives the virtual machines on {bridge} their names and addresses (DNS and DHCP)."),
    ),
    Shape(
        "filter LIBVIRT_OUT",
        "-o {bridge} -p {protocol} -m {protocol} --dport (53|68) -j ACCEPT",
        message("Answers from libvirt's dnsmasq may go to the virtual machines on {bridge}."),
    ),
    Shape(
        "nat LIBVIRT_PRT",
        "-s {subnet} -d (224.0.0.0/24|255.255.255.255/32) -j RETURN",
        message("Multicast and broadcast are not translated: they stay in their own network."),
    ),
    Shape(
        "nat LIBVIRT_PRT",
        "-s {subnet} ! -d {subnet} … -j MASQUERADE …",
        message("The virtual machines in {subnet} reach other networks with the host's address."),
    ),
    Shape(
        "(filter|nat|mangle) (INPUT|FORWARD|OUTPUT|POSTROUTING)",
        "-j LIBVIRT_{name}",
        message("libvirt keeps the rules for its virtual networks in this chain."),
    ),
    Shape(
        "mangle LIBVIRT_PRT",
        "… -j CHECKSUM --checksum-fill",
        message(
            "DHCP clients of some guests reject answers without a checksum, which the host would leave for network hardware to fill in."
        ),
    ),
    Shape(
        "(filter|nat) (PREROUTING|OUTPUT|POSTROUTING|FORWARD|INPUT)",
        "… -j NETAVARK{name}",
        message("Podman's netavark keeps the rules for container networks in this chain."),
    ),
    Shape(
        "nat (NETAVARK|CNI)-HOSTPORT-DNAT",
        "… (--dport|--dports) {port} … -j (NETAVARK|CNI)-DN-{id}",
        message("A container has published {port}."),
    ),
    Shape(
        "nat (NETAVARK|CNI)-DN-.*",
        "… -j (NETAVARK|CNI)-HOSTPORT-SETMARK",
        message(
            "Packets from the container's own network, or from this host through loopback, are marked, so that they get the host's "
            "address as their source and the answer comes back."
        ),
    ),
    Shape(
        "nat (NETAVARK|CNI)-DN-.*",
        "… -j DNAT --to-destination {container}",
        message("This is a published port: the packet goes to the container at {container} instead."),
    ),
    Shape(
        "nat (NETAVARK|CNI)-HOSTPORT-SETMARK",
        "-j MARK …",
        message("The mark is for the chain that gives such packets the host's address as their source."),
    ),
    Shape(
        "nat (NETAVARK|CNI)-HOSTPORT-MASQ",
        "… -j MASQUERADE …",
        message("Packets marked on their way to a published port get the host's address as their source."),
    ),
    Shape(
        "nat (NETAVARK|CNI)-[0-9A-Fa-f]+",
        "-d {subnet} -j ACCEPT",
        message("Containers of the same network see each other's real addresses."),
    ),
    Shape(
        "nat (NETAVARK|CNI)-[0-9A-Fa-f]+",
        "! -d 224.0.0.0/4 -j MASQUERADE …",
        message("Everything except multicast that leaves the containers' network gets the host's address as its source."),
    ),
    Shape(
        "filter NETAVARK_INPUT",
        "-s {subnet} -p {protocol} -m {protocol} --dport 53 -j ACCEPT",
        message("Containers in {subnet} may ask Podman's DNS server (aardvark-dns) on this host for each other's names."),
    ),
    Shape(
        "filter NETAVARK_ISOLATION_[23]",
        "-o {bridge} -j DROP",
        message("{bridge} is isolated: only packets of other Podman networks get here, and they are dropped."),
    ),
    Shape(
        "filter NETAVARK_FORWARD",
        "-d {subnet} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        message("This accepts answers to the containers of the Podman network {subnet}."),
    ),
    Shape(
        "filter NETAVARK_FORWARD",
        "-d {subnet} -j ACCEPT",
        message("Everything to the Podman network {subnet} may be forwarded."),
    ),
    Shape(
        "filter NETAVARK_FORWARD",
        "-s {subnet} -j ACCEPT",
        message("Everything from the containers of the Podman network {subnet} may be forwarded."),
    ),
    Shape(
        "filter (INPUT|FORWARD|OUTPUT)",
        "-i {interface} … -j zone_{zone}_(input|forward)",
        message("OpenWrt sorts packets by zone: {interface} belongs to the zone {zone}."),
    ),
    Shape(
        "filter OUTPUT",
        "-o {interface} … -j zone_{zone}_output",
        message("OpenWrt sorts packets by zone: {interface} belongs to the zone {zone}."),
    ),
    Shape(
        "filter zone_(?P<from>.*)_forward",
        "-p {protocol} … -j zone_{to}_dest_ACCEPT",
        message("An OpenWrt traffic rule lets this from the zone {from} into the zone {to}."),
    ),
    Shape(
        "filter zone_(?P<from>.*)_forward",
        "-j zone_{to}_dest_ACCEPT",
        message("OpenWrt's setting “forwarding”: the zone {from} may reach the zone {to}."),
    ),
    Shape(
        "filter zone_(?P<zone>.*)_(input|output|forward)",
        "-j zone_{same}_(src|dest)_{verdict}",
        message("This is the default of the zone {zone}, for packets that none of its rules decided about: {verdict}."),
    ),
    Shape(
        "nat zone_(?P<zone>.*)_postrouting",
        "… -j MASQUERADE …",
        message("OpenWrt's setting “masq”: packets that leave through the zone {zone} get the router's address."),
    ),
    Shape(
        "filter FORWARD",
        "-j FWD{name}",
        message("firewalld keeps its rules for forwarded packets there."),
    ),
    Shape(
        "(filter|nat|mangle|raw) (INPUT|FORWARD|OUTPUT|PREROUTING|POSTROUTING)",
        "-j {name}_direct",
        message("firewalld puts there the rules that were added with firewall-cmd --direct; they come first."),
    ),
    Shape(
        "(filter|nat|mangle|raw) (INPUT|FORWARD|OUTPUT|PREROUTING|POSTROUTING)",
        "-j [A-Z_]+_ZONES(_SOURCE)?",
        message("firewalld sorts packets there by zone, according to the interface or the source address."),
    ),
    Shape(
        "(filter|nat|mangle|raw) [A-Z_]+_ZONES(_SOURCE)?",
        "… -g (IN|FWD|FWDI|FWDO|PRE|POST)_{zone}",
        message("firewalld: this interface or source belongs to the zone {zone}."),
    ),
    Shape(
        "filter CNI-FORWARD",
        "-s {container} -j ACCEPT",
        message("Everything from the container at {container} may be forwarded."),
    ),
    Shape(
        "filter CNI-FORWARD",
        "-d {container} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        message("This accepts answers to the container at {container}."),
    ),
    Shape(
        "filter IN_(?P<zone>.*)_allow",
        "… -j ACCEPT",
        message("firewalld: a service or port that is open in the zone {zone}."),
    ),
    Shape(
        "filter (INPUT|FORWARD)",
        "-j ts-(input|forward)",
        message("Tailscale keeps its own rules there."),
    ),
)
