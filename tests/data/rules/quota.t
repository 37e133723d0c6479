# -m quota: matches until so many bytes have passed.
:filter,FORWARD
-m quota --quota 0 -j ACCEPT;=;OK
-m quota --quota 1000000 -j ACCEPT;=;OK
-m quota ! --quota 1000000 -j ACCEPT;=;OK
-m quota --quota 0x400 -j ACCEPT;-m quota --quota 1024 -j ACCEPT;OK
-m quota --quota 18446744073709551615 -j ACCEPT;=;OK
-m quota -j ACCEPT;;FAIL
-m quota --quota -j ACCEPT;;FAIL
-m quota --quota x -j ACCEPT;;FAIL
-m quota --quota 18446744073709551616 -j ACCEPT;;FAIL
:filter,FORWARD ipv6
-m quota --quota 1 -j ACCEPT;=;OK
