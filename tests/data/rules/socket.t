# -m socket: whether this machine has a socket that the packet is for.
:mangle,PREROUTING
-m socket -j ACCEPT;=;OK
-m socket --transparent -j ACCEPT;=;OK
-m socket --nowildcard -j ACCEPT;=;OK
-m socket --restore-skmark -j ACCEPT;=;OK
-m socket --restore-skmark --nowildcard --transparent -j ACCEPT;-m socket --transparent --nowildcard --restore-skmark -j ACCEPT;OK
-p tcp -m socket --transparent -j MARK --set-mark 1;-p tcp -m socket --transparent -j MARK --set-xmark 0x1/0xffffffff;OK
-m socket ! --transparent -j ACCEPT;;FAIL
-m socket --nosuch -j ACCEPT;;FAIL
:filter,FORWARD
-m socket -j ACCEPT;;FAIL;context
:mangle,PREROUTING ipv6
-m socket --transparent -j ACCEPT;=;OK
