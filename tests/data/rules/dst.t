# -m dst: Destination options of IPv6.
:filter,FORWARD ipv6
-m dst --dst-len 8 -j ACCEPT;=;OK
-m dst ! --dst-len 8 -j ACCEPT;=;OK
-m dst --dst-opts 149:92 -j ACCEPT;=;OK
-m dst --dst-opts 149:92,12:12,123:12 -j ACCEPT;=;OK
-m dst --dst-opts 149 -j ACCEPT;=;OK
-m dst --dst-len 8 --dst-opts 149:92,12 -j ACCEPT;=;OK
-m dst --dst-opts 1 ! --dst-len 0x8 -j ACCEPT;-m dst ! --dst-len 8 --dst-opts 1 -j ACCEPT;OK
-m dst -j ACCEPT;=;OK
-m dst --dst-len x -j ACCEPT;;FAIL
-m dst --dst-opts x -j ACCEPT;;FAIL
-m dst ! --dst-opts 149:92 -j ACCEPT;;FAIL
