# -m hbh: Hop-by-hop options of IPv6.
:filter,FORWARD ipv6
-m hbh --hbh-len 8 -j ACCEPT;=;OK
-m hbh ! --hbh-len 8 -j ACCEPT;=;OK
-m hbh --hbh-opts 149:92 -j ACCEPT;=;OK
-m hbh --hbh-opts 149:92,12:12,123:12 -j ACCEPT;=;OK
-m hbh --hbh-opts 149 -j ACCEPT;=;OK
-m hbh --hbh-len 8 --hbh-opts 149:92,12 -j ACCEPT;=;OK
-m hbh --hbh-opts 1 ! --hbh-len 0x8 -j ACCEPT;-m hbh ! --hbh-len 8 --hbh-opts 1 -j ACCEPT;OK
-m hbh -j ACCEPT;=;OK
-m hbh --hbh-len x -j ACCEPT;;FAIL
-m hbh --hbh-opts x -j ACCEPT;;FAIL
-m hbh ! --hbh-opts 149:92 -j ACCEPT;;FAIL
