# -m helper: the connection tracking helper that expected the connection.
:filter,FORWARD
-m helper --helper ftp -j ACCEPT;=;OK
-m helper --helper "ftp" -j ACCEPT;-m helper --helper ftp -j ACCEPT;OK
-m helper --helper ftp-2121 -j ACCEPT;=;OK
-m helper ! --helper sip -j ACCEPT;=;OK
-m conntrack --ctstate RELATED -m helper --helper ftp -j ACCEPT;=;OK
-m helper -j ACCEPT;;FAIL
-m helper --helper -j ACCEPT;;FAIL
-m helper --helper ftp --helper sip -j ACCEPT;;FAIL
:filter,FORWARD ipv6
-m helper --helper ftp -j ACCEPT;=;OK
