# -m eui64: whether the IPv6 source is made from the Ethernet address.
:filter,FORWARD ipv6
-m eui64 -j ACCEPT;=;OK
-m eui64 --nosuch -j ACCEPT;;FAIL
:filter,OUTPUT ipv6
-m eui64 -j ACCEPT;;FAIL;context
