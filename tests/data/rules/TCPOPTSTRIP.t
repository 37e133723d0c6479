# -j TCPOPTSTRIP: takes options out of TCP.
:mangle,PREROUTING
-p tcp -j TCPOPTSTRIP --strip-options 2;=;OK
-p tcp -j TCPOPTSTRIP --strip-options mss;-p tcp -j TCPOPTSTRIP --strip-options 2;OK
-p tcp -j TCPOPTSTRIP --strip-options 2,3,4,5,6,7;=;OK
-p tcp -j TCPOPTSTRIP --strip-options timestamp,wscale;-p tcp -j TCPOPTSTRIP --strip-options 3,8;OK
-p tcp -j TCPOPTSTRIP --strip-options mss,wscale,sack-permitted,sack,timestamp,md5;-p tcp -j TCPOPTSTRIP --strip-options 2,3,4,5,8,19;OK
-p tcp -j TCPOPTSTRIP --strip-options 255;=;OK
-p tcp -j TCPOPTSTRIP;=;OK
-p tcp -j TCPOPTSTRIP --strip-options;;FAIL
-p tcp -j TCPOPTSTRIP --strip-options 256;;FAIL
-p tcp -j TCPOPTSTRIP --strip-options nosuchoption;;FAIL
-j TCPOPTSTRIP --strip-options 2;;FAIL
:filter,FORWARD
-p tcp -j TCPOPTSTRIP --strip-options 2;;FAIL;context
:mangle,PREROUTING ipv6
-p tcp -j TCPOPTSTRIP --strip-options timestamp;-p tcp -j TCPOPTSTRIP --strip-options 8;OK
