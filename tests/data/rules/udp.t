# -m udp: ports of UDP.
:filter,FORWARD
-p udp --dport 53 -j ACCEPT;-p udp -m udp --dport 53 -j ACCEPT;OK
-p udp -m udp --dport 53 -j ACCEPT;=;OK
-p 17 --dport 53 -j ACCEPT;-p udp -m udp --dport 53 -j ACCEPT;OK
-p udp --sport 53 -j ACCEPT;-p udp -m udp --sport 53 -j ACCEPT;OK
-p udp --source-port domain -j ACCEPT;-p udp -m udp --sport 53 -j ACCEPT;OK
-p udp --destination-port domain -j ACCEPT;-p udp -m udp --dport 53 -j ACCEPT;OK
-p udp -m udp --dport 67:68 -j ACCEPT;=;OK
-p udp -m udp --dport bootps:bootpc -j ACCEPT;-p udp -m udp --dport 67:68 -j ACCEPT;OK
-p udp -m udp --sport 68 --dport 67 -j ACCEPT;=;OK
-p udp -m udp --dport 67 --sport 68 -j ACCEPT;-p udp -m udp --sport 68 --dport 67 -j ACCEPT;OK
-p udp -m udp --dport ntp -j ACCEPT;-p udp -m udp --dport 123 -j ACCEPT;OK
-p udp -m udp --dport syslog -j ACCEPT;-p udp -m udp --dport 514 -j ACCEPT;OK
-p udp -m udp --dport :1023 -j ACCEPT;-p udp -m udp --dport 0:1023 -j ACCEPT;OK
-p udp -m udp --dport 33434: -j ACCEPT;-p udp -m udp --dport 33434:65535 -j ACCEPT;OK
-p udp -m udp --dport 51820 -j ACCEPT;=;OK
-p udp -m udp ! --dport 53 -j DROP;=;OK
-p udp -m udp ! --sport 1:1023 -j DROP;=;OK
-p udp -m udp --sport 0:65535 -j ACCEPT;-p udp -m udp -j ACCEPT;OK
-p udp -m udp -j ACCEPT;=;OK
-m udp --dport 53 -j ACCEPT;;FAIL
-p tcp -m udp --dport 53 -j ACCEPT;;FAIL
! -p udp --dport 53 -j ACCEPT;-;! -p udp -m udp --dport 53 -j ACCEPT;OK
-p udp --dport 53,67 -j ACCEPT;;FAIL
-p udp --dport -j ACCEPT;;FAIL
-p udp --dport 53 --dport 67 -j ACCEPT;;FAIL
-p udp --syn -j ACCEPT;;FAIL
-p udp --dport nosuchservice -j ACCEPT;;FAIL
:filter,FORWARD ipv6
-p udp --dport 546 -d fe80::/10 -j ACCEPT;-d fe80::/10 -p udp -m udp --dport 546 -j ACCEPT;OK
-p udp --dport dhcpv6-client -j ACCEPT;-p udp -m udp --dport 546 -j ACCEPT;OK
