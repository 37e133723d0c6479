# -m iprange: ranges of addresses.
:filter,FORWARD
-m iprange --src-range 10.0.0.1-10.0.0.9 -j ACCEPT;=;OK
-m iprange --dst-range 10.0.0.1-10.0.0.9 -j ACCEPT;=;OK
-m iprange --dst-range 10.0.1.0-10.0.1.9 --src-range 10.0.0.1-10.0.0.9 -j ACCEPT;-m iprange --src-range 10.0.0.1-10.0.0.9 --dst-range 10.0.1.0-10.0.1.9 -j ACCEPT;OK
-m iprange ! --src-range 10.0.0.1-10.0.0.9 -j ACCEPT;=;OK
-m iprange ! --dst-range 10.0.0.1-10.0.0.9 -j ACCEPT;=;OK
-m iprange --src-range 10.0.0.1 -j ACCEPT;-m iprange --src-range 10.0.0.1-10.0.0.1 -j ACCEPT;OK
-m iprange --src-range 10.0.0.1-10.0.0.1 -j ACCEPT;=;OK
-m iprange -j ACCEPT;;FAIL
-m iprange --src-range -j ACCEPT;;FAIL
-m iprange --src-range 10.0.0.1-10.0.0.256 -j ACCEPT;;FAIL
-m iprange --src-range 10.0.0.0/24 -j ACCEPT;;FAIL
-m iprange --src-range 10.0.0.1- -j ACCEPT;;FAIL
-m iprange --src-range fd00::1-fd00::2 -j ACCEPT;;FAIL
-m iprange --src-range 10.0.0.1-10.0.0.2 --src-range 10.0.0.3-10.0.0.4 -j ACCEPT;;FAIL
--src-range 10.0.0.1-10.0.0.9 -j ACCEPT;;FAIL
:filter,FORWARD ipv6
-m iprange --src-range fd00::1-fd00::9 -j ACCEPT;=;OK
-m iprange ! --dst-range FD00::1-fd00::9 -j ACCEPT;-m iprange ! --dst-range fd00::1-fd00::9 -j ACCEPT;OK
-m iprange --src-range 10.0.0.1-10.0.0.9 -j ACCEPT;;FAIL
