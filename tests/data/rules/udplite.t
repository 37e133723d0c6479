# UDP-Lite has no match of its own, only multiport knows its ports: --dport needs -m udp, which takes UDP alone.
:filter,FORWARD
-p udplite -j ACCEPT;=;OK
-p 136 -j ACCEPT;-p udplite -j ACCEPT;OK
-p udplite -m multiport --dports 53 -j ACCEPT;=;OK
! -p udplite -j ACCEPT;=;OK
-p udplite --dport 53 -j ACCEPT;;FAIL
-p udplite -m udplite --dport 53 -j ACCEPT;;FAIL
-p udplite -m udp --dport 53 -j ACCEPT;;FAIL
:filter,FORWARD ipv6
-p udplite -j ACCEPT;=;OK
