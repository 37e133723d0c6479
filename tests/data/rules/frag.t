# -m frag: the fragment header of IPv6.
:filter,FORWARD ipv6
-m frag --fragid 1 -j ACCEPT;=;OK
-m frag --fragid 1:42 -j ACCEPT;=;OK
-m frag --fragid :42 -j ACCEPT;-m frag --fragid 0:42 -j ACCEPT;OK
-m frag --fragid 42: -j ACCEPT;-m frag --fragid 42:4294967295 -j ACCEPT;OK
-m frag --fragid 0x2a -j ACCEPT;-m frag --fragid 42 -j ACCEPT;OK
-m frag ! --fragid 1:42 -j ACCEPT;=;OK
-m frag --fragres -j ACCEPT;=;OK
-m frag --fragfirst -j ACCEPT;=;OK
-m frag --fragmore -j ACCEPT;=;OK
-m frag --fraglast -j ACCEPT;=;OK
-m frag --fraglen 42 -j ACCEPT;=;OK
-m frag ! --fraglen 42 -j ACCEPT;=;OK
-m frag --fragid 1 --fragfirst --fragmore --fragres -j ACCEPT;-m frag --fragid 1 --fragres --fragfirst --fragmore -j ACCEPT;OK
-m frag -j ACCEPT;=;OK
-m frag --fragid x -j ACCEPT;;FAIL
-m frag --fraglast --fragmore -j ACCEPT;;FAIL
:filter,FORWARD
-m frag --fragid 1 -j ACCEPT;;FAIL
