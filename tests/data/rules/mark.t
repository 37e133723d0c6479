# -m mark: the packet's firewall mark.
:filter,FORWARD
-m mark --mark 1 -j ACCEPT;-m mark --mark 0x1 -j ACCEPT;OK
-m mark --mark 0x1 -j ACCEPT;=;OK
-m mark --mark 0 -j ACCEPT;-m mark --mark 0x0 -j ACCEPT;OK
-m mark --mark 16 -j ACCEPT;-m mark --mark 0x10 -j ACCEPT;OK
-m mark --mark 0xABCD -j ACCEPT;-m mark --mark 0xabcd -j ACCEPT;OK
-m mark --mark 0x4000/0x4000 -j ACCEPT;=;OK
-m mark --mark 16384/16384 -j ACCEPT;-m mark --mark 0x4000/0x4000 -j ACCEPT;OK
-m mark --mark 0x0/0xff -j ACCEPT;=;OK
-m mark --mark 0x1ff/0xff -j ACCEPT;=;OK
-m mark --mark 0x1/0xffffffff -j ACCEPT;-m mark --mark 0x1 -j ACCEPT;OK
-m mark --mark 0xffffffff -j ACCEPT;=;OK
-m mark --mark 0/0 -j ACCEPT;-m mark --mark 0x0/0x0 -j ACCEPT;OK
-m mark --mark 010 -j ACCEPT;-m mark --mark 0x8 -j ACCEPT;OK
-m mark ! --mark 0x4000/0x4000 -j ACCEPT;=;OK
-m mark ! --mark 1 -j ACCEPT;-m mark ! --mark 0x1 -j ACCEPT;OK
-m mark -j ACCEPT;;FAIL
--mark 1 -j ACCEPT;;FAIL
-m mark --mark -j ACCEPT;;FAIL
-m mark --mark x -j ACCEPT;;FAIL
-m mark --mark 1/ -j ACCEPT;;FAIL
-m mark --mark 1/x -j ACCEPT;;FAIL
-m mark --mark 0x100000000 -j ACCEPT;;FAIL
-m mark --mark 1 --mark 2 -j ACCEPT;;FAIL
:filter,FORWARD ipv6
-m mark --mark 1 -j ACCEPT;-m mark --mark 0x1 -j ACCEPT;OK
