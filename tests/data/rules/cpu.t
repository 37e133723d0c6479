# -m cpu: the processor that handles the packet.
:filter,FORWARD
-m cpu --cpu 0 -j ACCEPT;=;OK
-m cpu --cpu 3 -j ACCEPT;=;OK
-m cpu ! --cpu 1 -j ACCEPT;=;OK
-m cpu --cpu 0x2 -j ACCEPT;-m cpu --cpu 2 -j ACCEPT;OK
-m cpu -j ACCEPT;;FAIL
-m cpu --cpu -j ACCEPT;;FAIL
-m cpu --cpu x -j ACCEPT;;FAIL
:filter,FORWARD ipv6
-m cpu --cpu 0 -j ACCEPT;=;OK
