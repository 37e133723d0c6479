# -m mac: the Ethernet address of the sender.
:filter,FORWARD
-m mac --mac-source 52:54:00:12:34:56 -j ACCEPT;=;OK
-m mac --mac-source 52:54:00:AB:CD:EF -j ACCEPT;-m mac --mac-source 52:54:00:ab:cd:ef -j ACCEPT;OK
-m mac --mac-source 52:54:00:ab:cd:ef -j ACCEPT;=;OK
-m mac --mac-source 0:1:2:3:4:5 -j ACCEPT;-m mac --mac-source 00:01:02:03:04:05 -j ACCEPT;OK
-m mac ! --mac-source 52:54:00:ab:cd:ef -j DROP;=;OK
-m mac -j ACCEPT;;FAIL
-m mac --mac-source -j ACCEPT;;FAIL
-m mac --mac-source 52:54:00:12:34 -j ACCEPT;;FAIL
-m mac --mac-source 52:54:00:12:34:56:78 -j ACCEPT;;FAIL
-m mac --mac-source 52-54-00-12-34-56 -j ACCEPT;;FAIL
-m mac --mac-source 52:54:00:12:34:gg -j ACCEPT;;FAIL
:filter,INPUT
-m mac --mac-source 52:54:00:12:34:56 -j ACCEPT;=;OK
:filter,OUTPUT
-m mac --mac-source 52:54:00:12:34:56 -j ACCEPT;;FAIL;context
:nat,POSTROUTING
-m mac --mac-source 52:54:00:12:34:56 -j ACCEPT;;FAIL;context
:filter,FORWARD ipv6
-m mac --mac-source 52:54:00:12:34:56 -j ACCEPT;=;OK
