# -m ah: the security parameter index of IPsec AH.
:filter,FORWARD
-p ah --ahspi 1000 -j ACCEPT;-p ah -m ah --ahspi 1000 -j ACCEPT;OK
-p ah -m ah --ahspi 1000:2000 -j ACCEPT;=;OK
-p ah -m ah --ahspi 0x100 -j ACCEPT;-p ah -m ah --ahspi 256 -j ACCEPT;OK
-p ah -m ah --ahspi 0:4294967295 -j ACCEPT;-p ah -m ah -j ACCEPT;OK
-p ah -m ah --ahspi 1000: -j ACCEPT;-p ah -m ah --ahspi 1000:4294967295 -j ACCEPT;OK
-p ah -m ah ! --ahspi 1000 -j ACCEPT;=;OK
-p ah -m ah -j ACCEPT;=;OK
-m ah --ahspi 1000 -j ACCEPT;;FAIL;context
-p ah --ahspi x -j ACCEPT;;FAIL
-p ah --ahspi -j ACCEPT;;FAIL
:filter,FORWARD ipv6
-m ah --ahspi 1000 -j ACCEPT;=;OK
-m ah --ahspi 1000:2000 -j ACCEPT;=;OK
-m ah ! --ahspi 1000 -j ACCEPT;=;OK
-m ah --ahspi 1000 --ahlen 12 -j ACCEPT;=;OK
-m ah ! --ahlen 12 -j ACCEPT;=;OK
-m ah --ahspi 1000 --ahres -j ACCEPT;=;OK
-m ah -j ACCEPT;=;OK
-m ah --ahlen x -j ACCEPT;;FAIL
