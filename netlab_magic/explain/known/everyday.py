"""Rules that many hosts have, and what they are there for."""

from netlab_magic.explain.known.patterns import Shape
from netlab_magic.i18n import message

__all__ = ["EVERYDAY"]

EVERYDAY = (
    Shape(
        "filter .*",
        "-i lo -j ACCEPT",
        message(
            "Programs on this host talk to each other through the loopback interface; without this rule much of the host "
            "would stop working."
        ),
    ),
    Shape(
        "filter .*",
        "-o lo -j ACCEPT",
        message("Programs on this host talk to each other through the loopback interface; this is the sending side."),
    ),
    Shape(
        "filter .*",
        "… -m (conntrack|state) --(ctstate|state) (RELATED,ESTABLISHED|ESTABLISHED|RELATED,ESTABLISHED,DNAT) -j ACCEPT",
        message(
            "This makes the firewall stateful: once a connection has been let through, the rest of it and its answers pass "
            "without being checked again. RELATED also lets ICMP errors through that tell of it."
        ),
    ),
    Shape(
        ".*",
        "… -m (conntrack|state) --(ctstate|state) INVALID -j DROP",
        message(
            "Packets that fit no connection are of no use to anyone: leftovers of connections that have ended, forged ones, "
            "or answers that took another way than the request."
        ),
    ),
    Shape(
        ".*",
        "… -m (conntrack|state) --(ctstate|state) DNAT -j ACCEPT",
        message("What has been redirected by DNAT was meant to be let in, so the filter accepts it without naming each port again."),
    ),
    Shape(
        ".*",
        "-p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -m (conntrack|state) --(ctstate|state) NEW -j {verdict} …",
        message(
            "A new TCP connection begins with a SYN; a first packet without it is a scan, or belongs to a connection that "
            "conntrack has forgotten."
        ),
    ),
    Shape(
        ".*",
        "-p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG (NONE|FIN,PSH,URG|FIN,SYN,RST,PSH,ACK,URG|FIN,SYN,RST,ACK,URG|FIN) -j DROP",
        message("No honest TCP sends this combination of flags; port scanners do."),
    ),
    Shape(
        ".*",
        "-p tcp -m tcp --tcp-flags (FIN,SYN|SYN,RST|FIN,RST|FIN,SYN,RST,ACK) (FIN,SYN|SYN,RST|FIN,RST) -j DROP",
        message("No honest TCP sends this combination of flags; port scanners do."),
    ),
    Shape(
        "filter (?!INPUT).*",
        "-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -m limit --limit {rate} … -j RETURN",
        message("This lets a steady stream of new connections through and leaves a flood of them to the next rules, usually a DROP."),
    ),
    Shape(
        "filter .*",
        "-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -m limit --limit {rate} … -j ACCEPT",
        message("This lets a steady stream of new connections through; a flood of them gets to the rules behind it."),
    ),
    Shape(
        ".*",
        "… -m limit … -j LOG …",
        message("The limit keeps a flood of packets from flooding the log as well."),
    ),
    Shape(
        "filter .*",
        "… -m recent --update … -j (DROP|REJECT) …",
        message(
            "This slows down attackers who try one password after the other: whoever comes back too often within the time is "
            "turned away, and every try makes the wait begin anew."
        ),
    ),
    Shape(
        "filter .*",
        "… -m recent --rcheck … -j (DROP|REJECT) …",
        message("Whoever comes back too often within the time is turned away."),
    ),
    Shape(
        ".*",
        "… -m recent --set …",
        message("The list is for other rules, which look up how often an address was here before."),
    ),
    Shape(
        "filter .*",
        "… -m connlimit --connlimit-above {number} … -j (DROP|REJECT) …",
        message("Nobody may hold more than {number} connections at the same time."),
    ),
    Shape(
        "filter .*",
        "… -p tcp -m tcp --dport 22 -m hashlimit … -j {verdict} …",
        message("This limits how often a source may knock at ssh."),
    ),
    Shape(
        "filter .*",
        "… -p tcp -m tcp --dport 22 … -m limit … -j ACCEPT",
        message("This limits how many new ssh connections are let in, whoever they come from."),
    ),
    Shape(
        "filter INPUT",
        "… -p tcp -m tcp --dport 22 … -j ACCEPT",
        message("Port 22 is ssh: without this rule, a policy of DROP would lock you out of the host."),
    ),
    Shape(
        "filter INPUT",
        "-p tcp -m multiport --dports {ports} -j ACCEPT",
        message("These are the services that this host offers to anyone."),
    ),
    Shape(
        "filter INPUT",
        "-p tcp -m tcp --dport (80|443) -j ACCEPT",
        message("This opens the web server of this host to anyone."),
    ),
    Shape(
        ".*",
        "… -p tcp -m tcp --tcp-flags SYN,RST SYN … -j TCPMSS --clamp-mss-to-pmtu",
        message(
            "This is needed where a tunnel or a PPPoE line has a smaller MTU than the ends believe, and where the ICMP "
            "messages that would tell them get lost: without it, connections open but stall as soon as much is sent."
        ),
    ),
    Shape(
        ".*",
        "… -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN … -j TCPMSS --clamp-mss-to-pmtu",
        message(
            "This is needed where a tunnel or a PPPoE line has a smaller MTU than the ends believe, and where the ICMP "
            "messages that would tell them get lost: without it, connections open but stall as soon as much is sent."
        ),
    ),
    Shape(
        "(raw|mangle|filter) .*",
        "… -m rpfilter … --invert … -j DROP",
        message(
            "This stops forged source addresses (anti-spoofing): the answer to such a packet would not leave where the packet came in."
        ),
    ),
    Shape(
        "filter (INPUT|FORWARD)",
        "-j REJECT --reject-with icmp6?-(host|adm|admin|net|port)-(prohibited|unreachable)",
        message(
            "Whatever no rule above has let through is refused here, so the policy is never asked. Rules that are appended "
            "behind it are never reached."
        ),
    ),
    Shape(
        "filter (INPUT|FORWARD|OUTPUT)",
        "-j (DROP|REJECT)",
        message(
            "Whatever no rule above has let through ends here, so the policy is never asked. Rules that are appended behind "
            "it are never reached."
        ),
    ),
    Shape(
        "filter FORWARD",
        "-i {from} -o {to} -j ACCEPT",
        message("This opens one direction, from {from} to {to}. What goes the other way, answers included, needs a rule of its own."),
    ),
    Shape(
        "filter FORWARD",
        "-s {subnet} -i {bridge} ! -o {bridge} -j ACCEPT",
        message("This is the way out for {subnet}; the answers come in the other direction and need a rule of their own."),
    ),
    Shape(
        "nat POSTROUTING",
        "-o {interface} -j MASQUERADE …",
        message(
            "This is the usual rule of a router: everything that leaves through {interface} gets its address, whatever that "
            "is at the moment, so that a whole network shares one address."
        ),
    ),
    Shape(
        "nat POSTROUTING",
        "-s {subnet} -o {interface} -j MASQUERADE …",
        message(
            "What {subnet} sends out through {interface} gets the address of that interface, since nobody outside knows the "
            "way back to a private address."
        ),
    ),
    Shape(
        "nat POSTROUTING",
        "-s {subnet} -j MASQUERADE …",
        message(
            "Whatever {subnet} sends gets the address of the interface that it leaves through, even where it stays in a "
            "network that knows the way back; an exception such as ! -o BRIDGE or ! -d SUBNET keeps that away."
        ),
    ),
    Shape(
        "nat POSTROUTING",
        "-s {subnet} ! -d {subnet} -j MASQUERADE …",
        message("The network {subnet} reaches others with the host's address; within itself it keeps its own."),
    ),
    Shape(
        "nat POSTROUTING",
        "… -j SNAT …",
        message("SNAT is for an address that does not change: unlike MASQUERADE, it names the new source itself."),
    ),
    Shape(
        "nat PREROUTING",
        "… --dport {port} … -j DNAT --to-destination {server}",
        message(
            "This is port forwarding: the packet goes on to {server} instead of this host. It passes FORWARD from now on, "
            "with the new address, so a rule there must accept it as well."
        ),
    ),
    Shape(
        "nat OUTPUT",
        "… --dport {port} … -j DNAT --to-destination {server}",
        message(
            "What this host itself sends does not pass PREROUTING, so port forwarding needs this second rule to work from the host as well."
        ),
    ),
    Shape(
        "nat PREROUTING",
        "… --dport {port} -j REDIRECT …",
        message("This is how a transparent proxy gets its connections: clients believe that they talk to the server."),
    ),
    Shape(
        "raw (PREROUTING|OUTPUT)",
        "… -j (NOTRACK|CT --notrack)",
        message(
            "Busy services are exempt from connection tracking to save its memory; they need stateless rules then, for both "
            "directions, and cannot be translated."
        ),
    ),
    Shape(
        "mangle .*",
        "… -j MARK …",
        message(
            "Marks are for the routing rules (ip rule … fwmark), for traffic shaping, and for other chains; they never leave this host."
        ),
    ),
    Shape(
        "filter .*",
        "-p icmp -m icmp --icmp-type 8 … -j ACCEPT",
        message("This lets others ping."),
    ),
    Shape(
        "filter .*",
        "-p icmp -m icmp --icmp-type (3|3/4|4|11|12) -j ACCEPT",
        message("These ICMP errors must get through: connections depend on them, path MTU discovery above all."),
    ),
    Shape(
        "filter .*",
        "-p icmp -j ACCEPT",
        message("ICMP is more than ping: errors such as fragmentation-needed come by it, and connections depend on them."),
    ),
    Shape(
        "filter .*",
        "-p ipv6-icmp … -j ACCEPT",
        message("IPv6 does not work without ICMPv6: it finds neighbours, routers and the path's MTU with it."),
    ),
    Shape(
        "filter .*",
        "… -p udp -m udp --sport 67 --dport 68 -j ACCEPT",
        message("This lets the answers of a DHCP server in, from which this host gets its address."),
    ),
    Shape(
        "filter .*",
        "… -d 224.0.0.251/32 -p udp -m udp --dport 5353 -j ACCEPT",
        message("This is mDNS, by which hosts find each other's names in the local network."),
    ),
    Shape(
        "filter .*",
        "… -m physdev --physdev-is-bridged -j ACCEPT",
        message("This keeps the firewall out of what a bridge merely switches from port to port."),
    ),
    Shape(
        "filter (INPUT|FORWARD)",
        "-s (10.0.0.0/8|172.16.0.0/12|192.168.0.0/16|127.0.0.0/8|169.254.0.0/16|224.0.0.0/4|240.0.0.0/5|0.0.0.0/8) -i {interface} -j DROP",
        message("On an interface towards the Internet such a source cannot be honest: a packet that claims it is forged (anti-spoofing)."),
    ),
    Shape(
        "filter DOCKER-USER",
        "! -s {allowed} -i {interface} -j DROP",
        message("From {interface}, only {allowed} may reach containers, published port or not."),
    ),
    Shape(
        "filter DOCKER-USER",
        "… -j DROP",
        message("This is your own rule, before all of Docker's: containers cannot be reached this way even where a port is published."),
    ),
    Shape(
        "filter DOCKER-USER",
        "… -j ACCEPT",
        message(
            "This is your own rule, before all of Docker's: what it accepts is not held up by the isolation of networks, nor "
            "by anything else in the filter table."
        ),
    ),
)
