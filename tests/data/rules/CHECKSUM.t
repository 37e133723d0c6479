# -j CHECKSUM: computes a missing checksum.
:mangle,POSTROUTING
-o virbr0 -p udp -m udp --dport 68 -j CHECKSUM --checksum-fill;=;OK
-j CHECKSUM --checksum-fill;=;OK
-j CHECKSUM;;FAIL
-j CHECKSUM ! --checksum-fill;;FAIL
:filter,FORWARD
-j CHECKSUM --checksum-fill;;FAIL;context
:mangle,POSTROUTING ipv6
-j CHECKSUM --checksum-fill;=;OK
