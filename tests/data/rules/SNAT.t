# -j SNAT: rewrites the source.
:nat,POSTROUTING
-s 10.0.0.0/24 -o eth0 -j SNAT --to-source 203.0.113.1;=;OK
-j SNAT --to 203.0.113.1;-j SNAT --to-source 203.0.113.1;OK
-j SNAT --to-source 203.0.113.1-203.0.113.9;=;OK
-p tcp -j SNAT --to-source 203.0.113.1:1024-65535;=;OK
-p tcp -j SNAT --to-source 203.0.113.1:1024;=;OK
-p udp -j SNAT --to-source 203.0.113.1-203.0.113.9:1024-65535;=;OK
-p udp -j SNAT --to-source :1024-65535;=;OK
-j SNAT --to-source 203.0.113.1 --random;=;OK
-j SNAT --to-source 203.0.113.1 --random-fully;=;OK
-j SNAT --to-source 203.0.113.1 --persistent;=;OK
-j SNAT --to-source 203.0.113.1 --random --random-fully --persistent;=;OK
-j SNAT --persistent --random-fully --random --to-source 203.0.113.1;-j SNAT --to-source 203.0.113.1 --random --random-fully --persistent;OK
-j SNAT;;FAIL
-j SNAT --to-source;;FAIL
-j SNAT --to-source 203.0.113.256;;FAIL
-j SNAT --to-source 203.0.113.1:1024;;FAIL
-p icmp -j SNAT --to-source 203.0.113.1:1024;=;OK
-p tcp -j SNAT --to-source 203.0.113.1:65536;;FAIL
-j SNAT --to-source 203.0.113.1 --to-source 203.0.113.2;;FAIL
-j SNAT --to-destination 203.0.113.1;;FAIL
-j SNAT ! --to-source 203.0.113.1;;FAIL
:nat,INPUT
-j SNAT --to-source 203.0.113.1;=;OK
:nat,PREROUTING
-j SNAT --to-source 203.0.113.1;;FAIL;context
:nat,OUTPUT
-j SNAT --to-source 203.0.113.1;;FAIL;context
:filter,FORWARD
-j SNAT --to-source 203.0.113.1;;FAIL;context
:nat,POSTROUTING ipv6
-s fd00::/64 -j SNAT --to-source 2001:db8::1;=;OK
-p tcp -j SNAT --to-source [2001:db8::1]:1024-65535;=;OK
-j SNAT --to-source 2001:db8::1-2001:db8::9 --random-fully;=;OK
-j SNAT --to-source 203.0.113.1;;FAIL
