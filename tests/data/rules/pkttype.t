# -m pkttype: what kind of frame the packet came in.
:filter,FORWARD
-m pkttype --pkt-type unicast -j ACCEPT;=;OK
-m pkttype --pkt-type broadcast -j ACCEPT;=;OK
-m pkttype --pkt-type multicast -j ACCEPT;=;OK
-m pkttype --pkt-type Multicast -j ACCEPT;-m pkttype --pkt-type multicast -j ACCEPT;OK
-m pkttype --pkt-type host -j ACCEPT;-m pkttype --pkt-type unicast -j ACCEPT;OK
-m pkttype --pkt-type bcast -j ACCEPT;-m pkttype --pkt-type broadcast -j ACCEPT;OK
-m pkttype --pkt-type mcast -j ACCEPT;-m pkttype --pkt-type multicast -j ACCEPT;OK
-m pkttype --pkt-type otherhost -j DROP;=;OK
-m pkttype ! --pkt-type unicast -j ACCEPT;=;OK
-m pkttype -j ACCEPT;;FAIL
-m pkttype --pkt-type -j ACCEPT;;FAIL
-m pkttype --pkt-type nosuch -j ACCEPT;;FAIL
-m pkttype --pkt-type unicast --pkt-type broadcast -j ACCEPT;;FAIL
:filter,FORWARD ipv6
-m pkttype --pkt-type multicast -j ACCEPT;=;OK
