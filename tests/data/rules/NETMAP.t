# -j NETMAP: maps a whole network onto another.
:nat,PREROUTING
-d 10.0.0.0/24 -j NETMAP --to 192.168.0.0/24;=;OK
-j NETMAP --to 192.168.0.0/255.255.255.0;-j NETMAP --to 192.168.0.0/24;OK
-j NETMAP --to 192.168.0.7/24;-j NETMAP --to 192.168.0.0/24;OK
-j NETMAP --to 192.168.0.1;-j NETMAP --to 192.168.0.1/32;OK
-j NETMAP;;FAIL
-j NETMAP --to;;FAIL
-j NETMAP --to x;;FAIL
:nat,POSTROUTING
-s 192.168.0.0/24 -j NETMAP --to 10.0.0.0/24;=;OK
:filter,FORWARD
-j NETMAP --to 192.168.0.0/24;;FAIL;context
:nat,PREROUTING ipv6
-j NETMAP --to fd00::/64;=;OK
-j NETMAP --to fd00::1;-j NETMAP --to fd00::1/128;OK
-j NETMAP --to 10.0.0.0/24;;FAIL
