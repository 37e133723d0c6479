# -j ECN: takes explicit congestion notification out of TCP.
:mangle,POSTROUTING
-p tcp -j ECN --ecn-tcp-remove;=;OK
-j ECN --ecn-tcp-remove;;FAIL
-p tcp -j ECN;;FAIL
-p udp -j ECN --ecn-tcp-remove;;FAIL
:filter,FORWARD
-p tcp -j ECN --ecn-tcp-remove;;FAIL;context
