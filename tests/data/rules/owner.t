# -m owner: whose socket the packet comes from.
:filter,OUTPUT
-m owner --uid-owner 1000 -j ACCEPT;=;OK
-m owner --uid-owner root -j ACCEPT;-m owner --uid-owner 0 -j ACCEPT;OK
-m owner --uid-owner 0 -j ACCEPT;=;OK
-m owner --uid-owner 1000-2000 -j ACCEPT;=;OK
-m owner --uid-owner 0-4294967294 -j ACCEPT;=;OK
-m owner ! --uid-owner 1000 -j DROP;=;OK
-m owner --gid-owner 100 -j ACCEPT;=;OK
-m owner --gid-owner root -j ACCEPT;-m owner --gid-owner 0 -j ACCEPT;OK
-m owner --gid-owner 0-10 -j ACCEPT;=;OK
-m owner ! --gid-owner 100 -j DROP;=;OK
-m owner --gid-owner 100 --suppl-groups -j ACCEPT;=;OK
-m owner --socket-exists -j ACCEPT;=;OK
-m owner ! --socket-exists -j ACCEPT;=;OK
-m owner --gid-owner 100 --uid-owner 1000 -j ACCEPT;-m owner --uid-owner 1000 --gid-owner 100 -j ACCEPT;OK
-m owner --socket-exists ! --gid-owner 100 --uid-owner 1000 -j ACCEPT;-m owner --socket-exists --uid-owner 1000 ! --gid-owner 100 -j ACCEPT;OK
-m owner -j ACCEPT;;FAIL
-m owner --uid-owner 1000 --suppl-groups -j ACCEPT;;FAIL
-m owner --uid-owner -j ACCEPT;;FAIL
-m owner --uid-owner nosuchuser -j ACCEPT;;FAIL;context
-m owner --gid-owner nosuchgroup -j ACCEPT;;FAIL;context
-m owner --uid-owner 4294967296 -j ACCEPT;;FAIL
-m owner --uid-owner 1000- -j ACCEPT;;FAIL
-m owner --pid-owner 1 -j ACCEPT;;FAIL
-m owner --uid-owner 1 --uid-owner 2 -j ACCEPT;;FAIL
:filter,INPUT
-m owner --uid-owner 1000 -j ACCEPT;;FAIL;context
:nat,POSTROUTING
-m owner --uid-owner 1000 -j ACCEPT;=;OK
:filter,OUTPUT ipv6
-m owner --uid-owner 1000 -j ACCEPT;=;OK
