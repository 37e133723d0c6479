# -m devgroup: the group of an interface.
:filter,FORWARD
-m devgroup --src-group 1 -j ACCEPT;-m devgroup --src-group 0x1 -j ACCEPT;OK
-m devgroup --src-group 0x10/0xf0 -j ACCEPT;=;OK
-m devgroup --dst-group 2 -j ACCEPT;-m devgroup --dst-group 0x2 -j ACCEPT;OK
-m devgroup --dst-group 0 -j ACCEPT;-m devgroup --dst-group default -j ACCEPT;OK
-m devgroup ! --src-group 1 -j ACCEPT;-m devgroup ! --src-group 0x1 -j ACCEPT;OK
-m devgroup ! --dst-group 0x1/0xff -j ACCEPT;=;OK
-m devgroup --dst-group 2 --src-group 1 -j ACCEPT;-m devgroup --src-group 0x1 --dst-group 0x2 -j ACCEPT;OK
-m devgroup -j ACCEPT;;FAIL
-m devgroup --src-group -j ACCEPT;;FAIL
-m devgroup --src-group nosuchgroup -j ACCEPT;;FAIL;context
-m devgroup --src-group 1/ -j ACCEPT;;FAIL
:filter,FORWARD ipv6
-m devgroup --src-group 1 -j ACCEPT;-m devgroup --src-group 0x1 -j ACCEPT;OK
