# -m ttl: the time to live of an IPv4 packet.
:filter,FORWARD
-m ttl --ttl-eq 64 -j ACCEPT;=;OK
-m ttl --ttl 64 -j ACCEPT;-m ttl --ttl-eq 64 -j ACCEPT;OK
-m ttl ! --ttl-eq 64 -j ACCEPT;=;OK
-m ttl --ttl-lt 2 -j DROP;=;OK
-m ttl --ttl-gt 200 -j DROP;=;OK
-m ttl --ttl-eq 0 -j DROP;=;OK
-m ttl --ttl-eq 255 -j DROP;=;OK
-m ttl --ttl-eq 0x40 -j DROP;-m ttl --ttl-eq 64 -j DROP;OK
-m ttl -j ACCEPT;;FAIL
-m ttl --ttl-eq -j ACCEPT;;FAIL
-m ttl --ttl-eq 256 -j ACCEPT;;FAIL
-m ttl --ttl-eq x -j ACCEPT;;FAIL
-m ttl --ttl-eq 1 --ttl-gt 2 -j ACCEPT;;FAIL
-m ttl ! --ttl-lt 2 -j ACCEPT;;FAIL
