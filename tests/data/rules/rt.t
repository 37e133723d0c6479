# -m rt: the routing header of IPv6.
:filter,FORWARD ipv6
-m rt --rt-type 0 -j ACCEPT;=;OK
-m rt ! --rt-type 0 -j ACCEPT;=;OK
-m rt --rt-type 0 --rt-segsleft 1:23 -j ACCEPT;=;OK
-m rt --rt-segsleft 5 -j ACCEPT;=;OK
-m rt ! --rt-segsleft 1:23 -j ACCEPT;=;OK
-m rt --rt-len 42 -j ACCEPT;=;OK
-m rt ! --rt-len 42 -j ACCEPT;=;OK
-m rt --rt-type 0 --rt-0-res -j ACCEPT;=;OK
-m rt --rt-type 0 --rt-0-addrs fd00::1,fd00::2 -j ACCEPT;=;OK
-m rt --rt-type 0 --rt-0-addrs fd00::1 --rt-0-not-strict -j ACCEPT;=;OK
-m rt --rt-type 0 --rt-segsleft 1:23 --rt-len 42 --rt-0-res --rt-0-addrs fd00::1 --rt-0-not-strict -j ACCEPT;=;OK
-m rt -j ACCEPT;=;OK
-m rt --rt-type x -j ACCEPT;;FAIL
-m rt --rt-0-res -j ACCEPT;;FAIL
-m rt --rt-type 2 --rt-0-addrs fd00::1 -j ACCEPT;;FAIL;context
-m rt --rt-type 0 --rt-0-not-strict -j ACCEPT;;FAIL
-m rt --rt-segsleft x -j ACCEPT;;FAIL
