# -m realm: the routing realm of a packet's route.
:filter,FORWARD
-m realm --realm 5 -j ACCEPT;-m realm --realm 0x5 -j ACCEPT;OK
-m realm --realm 0x5 -j ACCEPT;=;OK
-m realm --realm 0x1e/0xff -j ACCEPT;=;OK
-m realm ! --realm 5 -j ACCEPT;-m realm ! --realm 0x5 -j ACCEPT;OK
-m realm -j ACCEPT;;FAIL
-m realm --realm -j ACCEPT;;FAIL
-m realm --realm nosuchrealm -j ACCEPT;;FAIL;context
-m realm --realm 5/ -j ACCEPT;;FAIL
:filter,INPUT
-m realm --realm 5 -j ACCEPT;-m realm --realm 0x5 -j ACCEPT;OK
