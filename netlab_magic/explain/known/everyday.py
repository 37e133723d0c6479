"""Rules that many hosts have, and their purpose."""

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
            "without being checked again. RELATED also lets through ICMP errors about it."
        ),
    ),
    Shape(
        ".*",
        "… -m (conntrack|state) --(ctstate|state) INVALID -j DROP",
        message(
            "Packets that do not fit any connection are useless: leftovers of closed connections, forged packets, or answers that took "
            "another path than the request."
        ),
    ),
    Shape(
        ".*",
        "… -m (conntrack|state) --(ctstate|state) DNAT -j ACCEPT",
        message("Connections redirected by DNAT are meant to get in, so the filter accepts them without naming each port again."),
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
        message("This lets a steady stream of new connections through; a flood of them reaches the next rules."),
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
            "This slows down attackers who guess passwords: an address that comes back too often within the time is rejected, and every "
            "attempt restarts the wait."
        ),
    ),
    Shape(
        "filter .*",
        "… -m recent --rcheck … -j (DROP|REJECT) …",
        message("An address that comes back too often within the time is rejected."),
    ),
    Shape(
        ".*",
        "… -m recent --set …",
        message("Other rules use this list to check how often an address has been seen."),
    ),
    Shape(
        "filter .*",
        "… -m connlimit --connlimit-above {number} … -j (DROP|REJECT) …",
        message("No address may have more than {number} connections at the same time."),
    ),
    Shape(
        "filter .*",
        "… -p tcp -m tcp --dport 22 -m hashlimit … -j {verdict} …",
        message("This limits how often a source may connect to ssh."),
    ),
    Shape(
        "filter .*",
        "… -p tcp -m tcp --dport 22 … -m limit … -j ACCEPT",
        message("This limits the number of new ssh connections, from all sources together."),
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
            "This is needed if a tunnel or PPPoE line has a smaller MTU than the ends assume and the ICMP errors that would say so get "
            "lost: without it, connections open but stall as soon as much data is sent."
        ),
    ),
    Shape(
        ".*",
        "… -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN … -j TCPMSS --clamp-mss-to-pmtu",
        message(
            "This is needed if a tunnel or PPPoE line has a smaller MTU than the ends assume and the ICMP errors that would say so get "
            "lost: without it, connections open but stall as soon as much data is sent."
        ),
    ),
    Shape(
        "(raw|mangle|filter) .*",
        "… -m rpfilter … --invert … -j DROP",
        message(
            "This stops forged source addresses (anti-spoofing): an answer to such a packet would not leave through the interface it "
            "came in by."
        ),
    ),
    Shape(
        "filter (INPUT|FORWARD)",
        "-j REJECT --reject-with icmp6?-(host|adm|admin|net|port)-(prohibited|unreachable)",
        message(
            "Everything that no rule above accepted is rejected here, so the policy never applies. Rules appended after it are never "
            "reached."
        ),
    ),
    Shape(
        "filter (INPUT|FORWARD|OUTPUT)",
        "-j (DROP|REJECT)",
        message(
            "Everything that no rule above accepted ends here, so the policy never applies. Rules appended after it are never reached."
        ),
    ),
    Shape(
        "filter FORWARD",
        "-i {from} -o {to} -j ACCEPT",
        message("This opens one direction, from {from} to {to}. The opposite direction, including answers, needs a rule of its own."),
    ),
    Shape(
        "filter FORWARD",
        "-s {subnet} -i {bridge} ! -o {bridge} -j ACCEPT",
        message("This lets {subnet} out; the answers come in the other direction and need a separate rule."),
    ),
    Shape(
        "nat POSTROUTING",
        "-o {interface} -j MASQUERADE …",
        message(
            "This is a router's usual rule: everything that leaves through {interface} gets its current address, so that a whole network "
            "shares one address."
        ),
    ),
    Shape(
        "nat POSTROUTING",
        "-s {subnet} -o {interface} -j MASQUERADE …",
        message(
            "Packets from {subnet} that leave through {interface} get the address of that interface, since no one outside has a route "
            "back to a private address."
        ),
    ),
    Shape(
        "nat POSTROUTING",
        "-s {subnet} -j MASQUERADE …",
        message(
            "Packets from {subnet} get the address of the interface that they leave through, even if they stay in a network that has a "
            "route back; an exception such as ! -o BRIDGE or ! -d SUBNET avoids that."
        ),
    ),
    Shape(
        "nat POSTROUTING",
        "-s {subnet} ! -d {subnet} -j MASQUERADE …",
        message("The network {subnet} uses the host's address towards others, and its own addresses internally."),
    ),
    Shape(
        "nat POSTROUTING",
        "… -j SNAT …",
        message("SNAT is for a fixed address: unlike MASQUERADE, it names the new source itself."),
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
            "Packets from this host itself do not pass PREROUTING, so port forwarding needs this second rule to work from the host as well."
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
        message("ICMP is more than ping: it carries errors such as fragmentation-needed, which connections depend on."),
    ),
    Shape(
        "filter .*",
        "-p ipv6-icmp … -j ACCEPT",
        message("IPv6 does not work without ICMPv6: it uses it to find neighbours, routers and the path MTU."),
    ),
    Shape(
        "filter .*",
        "… -p udp -m udp --sport 67 --dport 68 -j ACCEPT",
        message("This lets in the answers of the DHCP server that gives this host its address."),
    ),
    Shape(
        "filter .*",
        "… -d 224.0.0.251/32 -p udp -m udp --dport 5353 -j ACCEPT",
        message("This is mDNS, which resolves host names in the local network."),
    ),
    Shape(
        "filter .*",
        "… -m physdev --physdev-is-bridged -j ACCEPT",
        message("This exempts frames that a bridge merely switches from port to port."),
    ),
    Shape(
        "filter (INPUT|FORWARD)",
        "-s (10.0.0.0/8|172.16.0.0/12|192.168.0.0/16|127.0.0.0/8|169.254.0.0/16|224.0.0.0/4|240.0.0.0/5|0.0.0.0/8) -i {interface} -j DROP",
        message("On an interface towards the Internet, a packet with such a source is forged (anti-spoofing)."),
    ),
    Shape(
        "filter DOCKER-USER",
        "! -s {allowed} -i {interface} -j DROP",
        message("From {interface}, only {allowed} may reach containers, published port or not."),
    ),
    Shape(
        "filter DOCKER-USER",
        "… -j DROP",
        message("This is your own rule, before all of Docker's: it blocks these packets even to published ports."),
    ),
    Shape(
        "filter DOCKER-USER",
        "… -j ACCEPT",
        message(
            "This is your own rule, before all of Docker's: packets it accepts bypass the isolation of networks and everything else in "
            "the filter table."
        ),
    ),
)
