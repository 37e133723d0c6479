# -m connmark: the mark of the connection.
:filter,FORWARD
-m connmark --mark 1 -j ACCEPT;-m connmark --mark 0x1 -j ACCEPT;OK
-m connmark --mark 0x1/0xff -j ACCEPT;=;OK
-m connmark --mark 0 -j ACCEPT;-m connmark --mark 0x0 -j ACCEPT;OK
-m connmark --mark 255/255 -j ACCEPT;-m connmark --mark 0xff/0xff -j ACCEPT;OK
-m connmark --mark 0x1/0xffffffff -j ACCEPT;-m connmark --mark 0x1 -j ACCEPT;OK
-m connmark ! --mark 0x10/0xf0 -j ACCEPT;=;OK
-m connmark ! --mark 1 -j ACCEPT;-m connmark ! --mark 0x1 -j ACCEPT;OK
-m connmark -j ACCEPT;;FAIL
-m connmark --mark -j ACCEPT;;FAIL
-m connmark --mark x -j ACCEPT;;FAIL
-m connmark --mark 0x100000000 -j ACCEPT;;FAIL
:filter,FORWARD ipv6
-m connmark --mark 0x1 -j ACCEPT;=;OK
