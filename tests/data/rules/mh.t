# -m mh: the mobility header of IPv6.
:filter,FORWARD ipv6
-p mh --mh-type 5 -j ACCEPT;-p mobility-header -m mh --mh-type 5 -j ACCEPT;OK
-p mh -m mh --mh-type binding-update -j ACCEPT;-p mobility-header -m mh --mh-type 5 -j ACCEPT;OK
-p ipv6-mh -m mh --mh-type bu -j ACCEPT;-p mobility-header -m mh --mh-type 5 -j ACCEPT;OK
-p mh -m mh --mh-type ba -j ACCEPT;-p mobility-header -m mh --mh-type 6 -j ACCEPT;OK
-p mh -m mh --mh-type binding-refresh-request -j ACCEPT;-p mobility-header -m mh --mh-type 0 -j ACCEPT;OK
-p mh -m mh --mh-type 1:3 -j ACCEPT;-p mobility-header -m mh --mh-type 1:3 -j ACCEPT;OK
-p mh -m mh --mh-type 1: -j ACCEPT;-p mobility-header -m mh --mh-type 1:255 -j ACCEPT;OK
-p mh -m mh --mh-type :3 -j ACCEPT;-p mobility-header -m mh --mh-type 0:3 -j ACCEPT;OK
-p mh -m mh ! --mh-type be -j ACCEPT;-p mobility-header -m mh ! --mh-type 7 -j ACCEPT;OK
-p 135 -m mh --mh-type hoti -j ACCEPT;-p mobility-header -m mh --mh-type 1 -j ACCEPT;OK
-p mh -m mh -j ACCEPT;-p mobility-header -m mh -j ACCEPT;OK
-m mh --mh-type 1 -j ACCEPT;;FAIL
-p tcp -m mh --mh-type 1 -j ACCEPT;;FAIL
-p mh --mh-type nosuchtype -j ACCEPT;;FAIL
-p mh --mh-type 3:1 -j ACCEPT;;FAIL
-p mh --mh-type 256 -j ACCEPT;;FAIL
