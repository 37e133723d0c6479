# -m tos: the type of service byte.
:filter,FORWARD
-m tos --tos 0x10 -j ACCEPT;-m tos --tos 0x10/0xff -j ACCEPT;OK
-m tos --tos 16 -j ACCEPT;-m tos --tos 0x10/0xff -j ACCEPT;OK
-m tos --tos 0x10/0x3f -j ACCEPT;=;OK
-m tos --tos 0xff/0x0f -j ACCEPT;=;OK
-m tos --tos Minimize-Delay -j ACCEPT;-m tos --tos 0x10/0x3f -j ACCEPT;OK
-m tos --tos Maximize-Throughput -j ACCEPT;-m tos --tos 0x08/0x3f -j ACCEPT;OK
-m tos --tos Maximize-Reliability -j ACCEPT;-m tos --tos 0x04/0x3f -j ACCEPT;OK
-m tos --tos Minimize-Cost -j ACCEPT;-m tos --tos 0x02/0x3f -j ACCEPT;OK
-m tos --tos Normal-Service -j ACCEPT;-m tos --tos 0x00/0x3f -j ACCEPT;OK
-m tos --tos minimize-delay -j ACCEPT;-m tos --tos 0x10/0x3f -j ACCEPT;OK
-m tos ! --tos 0x10 -j ACCEPT;-m tos ! --tos 0x10/0xff -j ACCEPT;OK
-m tos ! --tos Minimize-Cost -j ACCEPT;-m tos ! --tos 0x02/0x3f -j ACCEPT;OK
-m tos -j ACCEPT;;FAIL
-m tos --tos -j ACCEPT;;FAIL
-m tos --tos 256 -j ACCEPT;;FAIL
-m tos --tos x -j ACCEPT;;FAIL
-m tos --tos 1/x -j ACCEPT;;FAIL
:filter,FORWARD ipv6
-m tos --tos 0x10 -j ACCEPT;-m tos --tos 0x10/0xff -j ACCEPT;OK
