# -j AUDIT: makes an audit record.
:filter,FORWARD
-j AUDIT --type accept;=;OK
-j AUDIT --type drop;=;OK
-j AUDIT --type reject;=;OK
-j AUDIT;;FAIL
-j AUDIT --type;;FAIL
-j AUDIT --type nosuch;;FAIL
-j AUDIT --type drop --type accept;;FAIL
:filter,FORWARD ipv6
-j AUDIT --type drop;=;OK
