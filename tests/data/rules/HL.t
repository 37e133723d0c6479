# -j HL: changes the hop limit of an IPv6 packet.
:mangle,POSTROUTING ipv6
-j HL --hl-set 64;=;OK
-j HL --hl-inc 1;=;OK
-j HL --hl-dec 1;=;OK
-j HL;;FAIL
-j HL --hl-set 256;;FAIL
-j HL --hl-inc 0;;FAIL
-j HL --hl-inc 1 --hl-dec 1;;FAIL
-j TTL --ttl-set 64;;FAIL
:filter,FORWARD ipv6
-j HL --hl-set 64;;FAIL;context
