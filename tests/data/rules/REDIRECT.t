# -j REDIRECT: rewrites the destination to this machine itself.
:nat,PREROUTING
-j REDIRECT;=;OK
-p tcp --dport 80 -j REDIRECT --to-ports 8080;-p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080;OK
-p tcp --dport 80 -j REDIRECT --to-port 8080;-p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080;OK
-p tcp -j REDIRECT --to-ports 8080-8090;=;OK
-p udp -j REDIRECT --to-ports 5353;=;OK
-p tcp -j REDIRECT --to-ports 8080 --random;=;OK
-p tcp -j REDIRECT --random --to-ports 8080;-p tcp -j REDIRECT --to-ports 8080 --random;OK
-p tcp -j REDIRECT --random;=;OK
-p tcp -j REDIRECT --to-ports http;-p tcp -j REDIRECT --to-ports 80;OK
-p tcp -j REDIRECT --to-ports 0;=;OK
-j REDIRECT --to-ports 8080;;FAIL
-p icmp -j REDIRECT --to-ports 8080;=;OK
-p tcp -j REDIRECT --to-ports;;FAIL
-p tcp -j REDIRECT --to-ports 65536;;FAIL
-p tcp -j REDIRECT --to-ports 8090-8080;;FAIL
-p tcp -j REDIRECT --to-ports nosuchservice;;FAIL
-j REDIRECT ! --random;;FAIL
-j REDIRECT --to-destination 10.0.0.1;;FAIL
:nat,OUTPUT
-p tcp -j REDIRECT --to-ports 15001;=;OK
:nat,POSTROUTING
-j REDIRECT;;FAIL;context
:filter,FORWARD
-j REDIRECT;;FAIL;context
:nat,PREROUTING ipv6
-p tcp -j REDIRECT --to-ports 8080;=;OK
