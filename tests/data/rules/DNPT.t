# -j DNPT: translates the prefix of the destination, without state.
:mangle,PREROUTING ipv6
-d 2001:db8:1::/48 -j DNPT --src-pfx 2001:db8:1::/48 --dst-pfx fd00:1::/48;=;OK
-j DNPT --dst-pfx fd00::/64 --src-pfx 2001:db8::/64;-j DNPT --src-pfx 2001:db8::/64 --dst-pfx fd00::/64;OK
-j DNPT;;FAIL
-j DNPT --src-pfx 2001:db8::/64;;FAIL
-j DNPT --dst-pfx fd00::/64;;FAIL
-j DNPT --src-pfx 2001:db8::/65 --dst-pfx fd00::/65;;FAIL
-j DNPT --src-pfx x --dst-pfx fd00::/64;;FAIL
:filter,FORWARD ipv6
-j DNPT --src-pfx 2001:db8::/64 --dst-pfx fd00::/64;;FAIL;context
