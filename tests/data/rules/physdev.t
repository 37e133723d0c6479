# -m physdev: the bridge port a bridged packet came in or goes out by.
:filter,FORWARD
-m physdev --physdev-in eth0 -j ACCEPT;=;OK
-m physdev --physdev-in eth+ -j ACCEPT;=;OK
-m physdev ! --physdev-in eth0 -j ACCEPT;=;OK
-m physdev --physdev-out eth0 -j ACCEPT;=;OK
-m physdev --physdev-out eth0 --physdev-is-bridged -j ACCEPT;=;OK
-m physdev ! --physdev-out eth0 --physdev-is-bridged -j ACCEPT;=;OK
-m physdev --physdev-is-in -j ACCEPT;=;OK
-m physdev ! --physdev-is-in -j ACCEPT;=;OK
-m physdev --physdev-is-out --physdev-is-bridged -j ACCEPT;=;OK
-m physdev --physdev-is-bridged -j ACCEPT;=;OK
-m physdev ! --physdev-is-bridged -j ACCEPT;=;OK
-m physdev --physdev-is-bridged --physdev-out vnet1 --physdev-in vnet0 -j ACCEPT;-m physdev --physdev-in vnet0 --physdev-out vnet1 --physdev-is-bridged -j ACCEPT;OK
-m physdev -j ACCEPT;;FAIL
-m physdev --physdev-in -j ACCEPT;;FAIL
-m physdev --physdev-in abcdefghijklmnop -j ACCEPT;;FAIL
-m physdev --physdev-in a --physdev-in b -j ACCEPT;;FAIL
--physdev-in a -j ACCEPT;;FAIL
:filter,INPUT
-m physdev --physdev-in eth0 -j ACCEPT;=;OK
:filter,FORWARD ipv6
-m physdev --physdev-is-bridged -j ACCEPT;=;OK
