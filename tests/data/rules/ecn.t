# -m ecn: explicit congestion notification, in the IP header and in TCP's.
:filter,FORWARD
-m ecn --ecn-ip-ect 0 -j ACCEPT;=;OK
-m ecn --ecn-ip-ect 1 -j ACCEPT;=;OK
-m ecn --ecn-ip-ect 3 -j ACCEPT;=;OK
-m ecn ! --ecn-ip-ect 2 -j ACCEPT;=;OK
-p tcp -m ecn --ecn-tcp-ece -j ACCEPT;=;OK
-p tcp -m ecn --ecn-tcp-cwr -j ACCEPT;=;OK
-p tcp -m ecn ! --ecn-tcp-ece -j ACCEPT;=;OK
-p tcp -m ecn ! --ecn-tcp-cwr -j ACCEPT;=;OK
-p tcp -m ecn --ecn-ip-ect 2 --ecn-tcp-ece --ecn-tcp-cwr -j ACCEPT;-p tcp -m ecn --ecn-tcp-ece --ecn-tcp-cwr --ecn-ip-ect 2 -j ACCEPT;OK
-p tcp -m ecn ! --ecn-tcp-cwr --ecn-tcp-ece --ecn-ip-ect 2 -j ACCEPT;-p tcp -m ecn --ecn-tcp-ece ! --ecn-tcp-cwr --ecn-ip-ect 2 -j ACCEPT;OK
-m ecn -j ACCEPT;;FAIL
-m ecn --ecn-ip-ect 4 -j ACCEPT;;FAIL
-m ecn --ecn-ip-ect -j ACCEPT;;FAIL
-m ecn --ecn-tcp-ece -j ACCEPT;;FAIL
-p udp -m ecn --ecn-tcp-cwr -j ACCEPT;;FAIL
:filter,FORWARD ipv6
-m ecn --ecn-ip-ect 1 -j ACCEPT;=;OK
