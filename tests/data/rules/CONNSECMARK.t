# -j CONNSECMARK: the security label between packet and connection.
:security,FORWARD
-j CONNSECMARK --save;=;OK
-j CONNSECMARK --restore;=;OK
:mangle,PREROUTING
-j CONNSECMARK --restore;=;OK
-j CONNSECMARK;;FAIL
-j CONNSECMARK --save --restore;;FAIL
:filter,FORWARD
-j CONNSECMARK --save;;FAIL;context
:mangle,PREROUTING ipv6
-j CONNSECMARK --save;=;OK
