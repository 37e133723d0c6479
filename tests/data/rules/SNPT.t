# -j SNPT: translates the prefix of the source, without state.
:mangle,POSTROUTING ipv6
-s fd00:1::/48 -j SNPT --src-pfx fd00:1::/48 --dst-pfx 2001:db8:1::/48;=;OK
-j SNPT --dst-pfx 2001:db8::/64 --src-pfx fd00::/64;-j SNPT --src-pfx fd00::/64 --dst-pfx 2001:db8::/64;OK
-j SNPT;;FAIL
-j SNPT --src-pfx fd00::/64;;FAIL
-j SNPT --src-pfx fd00::/65 --dst-pfx 2001:db8::/65;;FAIL
:filter,FORWARD ipv6
-j SNPT --src-pfx fd00::/64 --dst-pfx 2001:db8::/64;;FAIL;context
