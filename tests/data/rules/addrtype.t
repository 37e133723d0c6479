# -m addrtype: what kind of address the routing table takes an address for.
:filter,FORWARD
-m addrtype --dst-type LOCAL -j ACCEPT;=;OK
-m addrtype --src-type LOCAL -j ACCEPT;=;OK
-m addrtype --src-type UNSPEC -j ACCEPT;=;OK
-m addrtype --dst-type UNICAST -j ACCEPT;=;OK
-m addrtype --dst-type BROADCAST -j DROP;=;OK
-m addrtype --dst-type ANYCAST -j DROP;=;OK
-m addrtype --dst-type MULTICAST -j DROP;=;OK
-m addrtype --dst-type BLACKHOLE -j DROP;=;OK
-m addrtype --dst-type UNREACHABLE -j DROP;=;OK
-m addrtype --dst-type PROHIBIT -j DROP;=;OK
-m addrtype --dst-type THROW -j DROP;=;OK
-m addrtype --dst-type NAT -j DROP;=;OK
-m addrtype --dst-type XRESOLVE -j DROP;=;OK
-m addrtype --dst-type local -j ACCEPT;-m addrtype --dst-type LOCAL -j ACCEPT;OK
-m addrtype --dst-type BROADCAST,MULTICAST -j DROP;=;OK
-m addrtype --dst-type MULTICAST,BROADCAST,LOCAL -j DROP;-m addrtype --dst-type LOCAL,BROADCAST,MULTICAST -j DROP;OK
-m addrtype ! --dst-type LOCAL -j DROP;=;OK
-m addrtype ! --src-type UNICAST,LOCAL -j DROP;=;OK
-m addrtype --src-type LOCAL --dst-type LOCAL -j DROP;=;OK
-m addrtype --dst-type LOCAL ! --src-type LOCAL -j DROP;-m addrtype ! --src-type LOCAL --dst-type LOCAL -j DROP;OK
-m addrtype --src-type LOCAL --limit-iface-in -j DROP;=;OK
-m addrtype --dst-type LOCAL --limit-iface-out -j DROP;=;OK
-m addrtype --limit-iface-in ! --dst-type LOCAL -j DROP;-m addrtype ! --dst-type LOCAL --limit-iface-in -j DROP;OK
-m addrtype -j ACCEPT;;FAIL
--dst-type LOCAL -j ACCEPT;;FAIL
-m addrtype --dst-type -j ACCEPT;;FAIL
-m addrtype --dst-type NOSUCH -j ACCEPT;;FAIL
-m addrtype --dst-type LOCAL,NOSUCH -j ACCEPT;;FAIL
-m addrtype --limit-iface-in -j ACCEPT;;FAIL
-m addrtype --dst-type LOCAL --limit-iface-in --limit-iface-out -j ACCEPT;;FAIL
-m addrtype --dst-type LOCAL --dst-type BROADCAST -j ACCEPT;;FAIL
-m addrtype --dst-type LOCAL ! --limit-iface-in -j ACCEPT;;FAIL
:filter,INPUT
-m addrtype --dst-type LOCAL --limit-iface-in -j ACCEPT;=;OK
:nat,PREROUTING
-m addrtype --dst-type LOCAL -j ACCEPT;=;OK
-m addrtype --dst-type LOCAL --limit-iface-out -j ACCEPT;;FAIL;context
:nat,OUTPUT
! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j ACCEPT;=;OK
-m addrtype --dst-type LOCAL --limit-iface-in -j ACCEPT;;FAIL;context
:filter,FORWARD ipv6
-m addrtype --dst-type LOCAL -j ACCEPT;=;OK
-m addrtype ! --src-type MULTICAST -j ACCEPT;=;OK
