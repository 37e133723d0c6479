# -j NOTRACK: the old spelling of -j CT --notrack.
:raw,PREROUTING
-j NOTRACK;=;OK
-i lo -p udp -m udp --dport 53 -j NOTRACK;=;OK
-j NOTRACK --zone 1;;FAIL
:filter,FORWARD
-j NOTRACK;;FAIL;context
:raw,PREROUTING ipv6
-j NOTRACK;=;OK
