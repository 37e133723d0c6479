# -m hl: the hop limit of an IPv6 packet.
:filter,FORWARD ipv6
-m hl --hl-eq 64 -j ACCEPT;=;OK
-m hl --hl 64 -j ACCEPT;-m hl --hl-eq 64 -j ACCEPT;OK
-m hl ! --hl-eq 64 -j ACCEPT;=;OK
-m hl --hl-lt 2 -j DROP;=;OK
-m hl --hl-gt 200 -j DROP;=;OK
-p icmpv6 --icmpv6-type 135 -m hl --hl-eq 255 -j ACCEPT;-p ipv6-icmp -m icmp6 --icmpv6-type 135 -m hl --hl-eq 255 -j ACCEPT;OK
-m hl -j ACCEPT;;FAIL
-m hl --hl-eq 256 -j ACCEPT;;FAIL
-m hl --hl-eq x -j ACCEPT;;FAIL
-m hl ! --hl-lt 2 -j ACCEPT;;FAIL
-m ttl --ttl-eq 64 -j ACCEPT;;FAIL
