# -m esp: the security parameter index of IPsec ESP.
:filter,FORWARD
-p esp --espspi 1000 -j ACCEPT;-p esp -m esp --espspi 1000 -j ACCEPT;OK
-p esp -m esp --espspi 1000 -j ACCEPT;=;OK
-p esp -m esp --espspi 1000:2000 -j ACCEPT;=;OK
-p esp -m esp --espspi 0x100 -j ACCEPT;-p esp -m esp --espspi 256 -j ACCEPT;OK
-p esp -m esp --espspi :2000 -j ACCEPT;-p esp -m esp --espspi 0:2000 -j ACCEPT;OK
-p esp -m esp --espspi 1000: -j ACCEPT;-p esp -m esp --espspi 1000:4294967295 -j ACCEPT;OK
-p esp -m esp --espspi 0:4294967295 -j ACCEPT;-p esp -m esp -j ACCEPT;OK
-p esp -m esp ! --espspi 1000 -j ACCEPT;=;OK
-p esp -m esp ! --espspi 1000:2000 -j ACCEPT;=;OK
-p esp -m esp -j ACCEPT;=;OK
-m esp --espspi 1000 -j ACCEPT;;FAIL
-p tcp -m esp --espspi 1000 -j ACCEPT;;FAIL
-p esp --espspi x -j ACCEPT;;FAIL
-p esp --espspi -j ACCEPT;;FAIL
-p esp --espspi 4294967296 -j ACCEPT;;FAIL
:filter,FORWARD ipv6
-p esp --espspi 1000 -j ACCEPT;-p esp -m esp --espspi 1000 -j ACCEPT;OK
