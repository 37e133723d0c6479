# -j MASQUERADE: rewrites the source to the address of the interface the packet leaves by.
:nat,POSTROUTING
-j MASQUERADE;=;OK
-s 172.17.0.0/16 ! -o docker0 -j MASQUERADE;=;OK
-p tcp -j MASQUERADE --to-ports 1024;=;OK
-p tcp -j MASQUERADE --to-ports 1024-65535;=;OK
-p udp -j MASQUERADE --to-ports 1024-1024;-p udp -j MASQUERADE --to-ports 1024;OK
-j MASQUERADE --random;=;OK
-j MASQUERADE --random-fully;=;OK
-p tcp -j MASQUERADE --to-ports 1024-65535 --random;=;OK
-p tcp -j MASQUERADE --random-fully --to-ports 1024-65535;-p tcp -j MASQUERADE --to-ports 1024-65535 --random-fully;OK
-p tcp -j MASQUERADE --random-fully --random --to-ports 1024-65535;-p tcp -j MASQUERADE --to-ports 1024-65535 --random --random-fully;OK
-s 172.17.0.2/32 -d 172.17.0.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE;=;OK
-j MASQUERADE --to-ports 1024;;FAIL
-p icmp -j MASQUERADE --to-ports 1024;=;OK
-p tcp -j MASQUERADE --to-ports;;FAIL
-p tcp -j MASQUERADE --to-ports 65536;;FAIL
-p tcp -j MASQUERADE --to-ports 2048-1024;;FAIL
-p tcp -j MASQUERADE --to-ports 1024:2048;;FAIL
-j MASQUERADE --to-source 10.0.0.1;;FAIL
-j MASQUERADE --persistent;;FAIL
-j MASQUERADE ! --random;;FAIL
-i eth0 -j MASQUERADE;;FAIL;context
:nat,PREROUTING
-j MASQUERADE;;FAIL;context
:nat,OUTPUT
-j MASQUERADE;;FAIL;context
:filter,FORWARD
-j MASQUERADE;;FAIL;context
:nat,POSTROUTING ipv6
-s fd00::/64 ! -o docker0 -j MASQUERADE;=;OK
-p tcp -j MASQUERADE --to-ports 1024-65535 --random-fully;=;OK
