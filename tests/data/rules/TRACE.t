# -j TRACE: reports every rule that the packet meets.
:raw,PREROUTING
-j TRACE;=;OK
-p icmp -j TRACE;=;OK
-j TRACE --nosuch;;FAIL
:filter,FORWARD
-j TRACE;-;=;OK
:raw,OUTPUT ipv6
-j TRACE;=;OK
