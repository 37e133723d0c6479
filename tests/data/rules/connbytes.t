# -m connbytes: how much a connection has moved.
:filter,FORWARD
-m connbytes --connbytes 10000:100000 --connbytes-dir both --connbytes-mode bytes -j ACCEPT;-m connbytes --connbytes 10000:100000 --connbytes-mode bytes --connbytes-dir both -j ACCEPT;OK
-m connbytes --connbytes 10000 --connbytes-dir original --connbytes-mode packets -j ACCEPT;-m connbytes --connbytes 10000 --connbytes-mode packets --connbytes-dir original -j ACCEPT;OK
-m connbytes --connbytes 10000: --connbytes-dir reply --connbytes-mode avgpkt -j ACCEPT;-m connbytes --connbytes 10000 --connbytes-mode avgpkt --connbytes-dir reply -j ACCEPT;OK
-m connbytes --connbytes :1000 --connbytes-dir both --connbytes-mode packets -j ACCEPT;-m connbytes --connbytes 0:1000 --connbytes-mode packets --connbytes-dir both -j ACCEPT;OK
-m connbytes --connbytes 0:1000 --connbytes-mode packets --connbytes-dir both -j ACCEPT;=;OK
-m connbytes ! --connbytes 10000:20000 --connbytes-dir both --connbytes-mode bytes -j ACCEPT;-m connbytes ! --connbytes 10000:20000 --connbytes-mode bytes --connbytes-dir both -j ACCEPT;OK
-m connbytes ! --connbytes 10000 --connbytes-dir both --connbytes-mode bytes -j ACCEPT;-m connbytes ! --connbytes 10000 --connbytes-mode bytes --connbytes-dir both -j ACCEPT;OK
-m connbytes --connbytes 5:5 --connbytes-dir both --connbytes-mode bytes -j ACCEPT;-m connbytes --connbytes 5:5 --connbytes-mode bytes --connbytes-dir both -j ACCEPT;OK
-m connbytes -j ACCEPT;;FAIL
-m connbytes --connbytes 10 --connbytes-dir both -j ACCEPT;;FAIL
-m connbytes --connbytes 10 --connbytes-mode bytes -j ACCEPT;;FAIL
-m connbytes --connbytes-dir both --connbytes-mode bytes -j ACCEPT;;FAIL
-m connbytes --connbytes x --connbytes-dir both --connbytes-mode bytes -j ACCEPT;;FAIL
-m connbytes --connbytes 20:10 --connbytes-dir both --connbytes-mode bytes -j ACCEPT;;FAIL
-m connbytes --connbytes 10 --connbytes-dir nosuch --connbytes-mode bytes -j ACCEPT;;FAIL
-m connbytes --connbytes 10 --connbytes-dir both --connbytes-mode nosuch -j ACCEPT;;FAIL
:filter,FORWARD ipv6
-m connbytes --connbytes 10000: --connbytes-dir both --connbytes-mode bytes -j ACCEPT;-m connbytes --connbytes 10000 --connbytes-mode bytes --connbytes-dir both -j ACCEPT;OK
