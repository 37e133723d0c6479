# -m length: the packet's length on layer 3, in bytes.
:filter,FORWARD
-m length --length 100 -j ACCEPT;=;OK
-m length --length 100:200 -j ACCEPT;=;OK
-m length --length :200 -j ACCEPT;-m length --length 0:200 -j ACCEPT;OK
-m length --length 200: -j ACCEPT;-m length --length 200:65535 -j ACCEPT;OK
-m length --length 0:65535 -j ACCEPT;=;OK
-m length --length 0 -j ACCEPT;=;OK
-m length --length 0x64 -j ACCEPT;-m length --length 100 -j ACCEPT;OK
-m length --length 100:100 -j ACCEPT;-m length --length 100 -j ACCEPT;OK
-m length ! --length 100 -j ACCEPT;=;OK
-m length ! --length 100:200 -j ACCEPT;=;OK
-m length -j ACCEPT;;FAIL
-m length --length -j ACCEPT;;FAIL
-m length --length 65536 -j ACCEPT;;FAIL
-m length --length x -j ACCEPT;;FAIL
-m length --length 100:200:300 -j ACCEPT;;FAIL
-m length --length 1 --length 2 -j ACCEPT;;FAIL
:filter,FORWARD ipv6
-m length --length 100:200 -j ACCEPT;=;OK
