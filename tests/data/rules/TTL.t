# -j TTL: changes the time to live of an IPv4 packet.
:mangle,POSTROUTING
-j TTL --ttl-set 64;=;OK
-j TTL --ttl-inc 1;=;OK
-j TTL --ttl-dec 1;=;OK
-j TTL --ttl-set 0;=;OK
-j TTL --ttl-set 255;=;OK
-j TTL;;FAIL
-j TTL --ttl-set;;FAIL
-j TTL --ttl-set 256;;FAIL
-j TTL --ttl-set x;;FAIL
-j TTL --ttl-inc 0;;FAIL
-j TTL --ttl-inc 1 --ttl-dec 1;;FAIL
-j TTL ! --ttl-set 64;;FAIL
:filter,FORWARD
-j TTL --ttl-set 64;;FAIL;context
