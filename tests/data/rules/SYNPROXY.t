# -j SYNPROXY: answers a TCP SYN in the server's place.
:filter,INPUT
-p tcp -m tcp --dport 80 -m conntrack --ctstate INVALID,UNTRACKED -j SYNPROXY --sack-perm --timestamp --wscale 7 --mss 1460;=;OK
-p tcp -j SYNPROXY;=;OK
-p tcp -j SYNPROXY --mss 1460;=;OK
-p tcp -j SYNPROXY --wscale 7;=;OK
-p tcp -j SYNPROXY --ecn;=;OK
-p tcp -j SYNPROXY --sack-perm;=;OK
-p tcp -j SYNPROXY --timestamp;=;OK
-p tcp -j SYNPROXY --ecn --timestamp --sack-perm --mss 1460 --wscale 14;-p tcp -j SYNPROXY --sack-perm --timestamp --wscale 14 --mss 1460 --ecn;OK
-j SYNPROXY;;FAIL
-p udp -j SYNPROXY;;FAIL
-p tcp -j SYNPROXY --mss x;;FAIL
:filter,FORWARD
-p tcp -j SYNPROXY --mss 1460;=;OK
:filter,OUTPUT
-p tcp -j SYNPROXY;;FAIL;context
:filter,INPUT ipv6
-p tcp -j SYNPROXY --sack-perm --mss 1440;=;OK
