# -j DNAT: rewrites the destination.
:nat,PREROUTING
-p tcp --dport 80 -j DNAT --to-destination 10.0.0.2:8080;-p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.2:8080;OK
-p tcp -m tcp --dport 80 -j DNAT --to 10.0.0.2;-p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.2;OK
-d 203.0.113.1 -j DNAT --to-destination 10.0.0.2;-d 203.0.113.1/32 -j DNAT --to-destination 10.0.0.2;OK
-j DNAT --to-destination 10.0.0.2-10.0.0.9;=;OK
-p tcp -j DNAT --to-destination 10.0.0.2-10.0.0.9:80;=;OK
-p tcp -j DNAT --to-destination 10.0.0.2:8000-8010;=;OK
-p tcp -j DNAT --to-destination 10.0.0.2-10.0.0.9:8000-8010;=;OK
-p tcp -j DNAT --to-destination :8080;=;OK
-p tcp -j DNAT --to-destination :8080-8090;=;OK
-p tcp -j DNAT --to-destination 10.0.0.2:8000-8010/9000;=;OK
-p udp -j DNAT --to-destination 10.0.0.2:53;=;OK
-p sctp -j DNAT --to-destination 10.0.0.2:36412;=;OK
-p dccp -j DNAT --to-destination 10.0.0.2:5001;=;OK
-p icmp -j DNAT --to-destination 10.0.0.2;=;OK
-p tcp -j DNAT --to-destination 10.0.0.2:80 --random;=;OK
-p tcp -j DNAT --random --to-destination 10.0.0.2:80;-p tcp -j DNAT --to-destination 10.0.0.2:80 --random;OK
-p tcp -j DNAT --to-destination 10.0.0.2:80 --persistent;=;OK
-j DNAT --to-destination 10.0.0.2-10.0.0.9 --random --persistent;=;OK
-j DNAT --to-destination 10.0.0.2-10.0.0.9 --persistent --random;-j DNAT --to-destination 10.0.0.2-10.0.0.9 --random --persistent;OK
-p tcp -j DNAT --to-destination 10.0.0.2-10.0.0.2:80-80;-p tcp -j DNAT --to-destination 10.0.0.2:80;OK
-p tcp -j DNAT --to-destination 10.0.0.2:http;-p tcp -j DNAT --to-destination 10.0.0.2:80;OK
! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80;=;OK
-j DNAT;;FAIL
-j DNAT --to-destination;;FAIL
-j DNAT --to-destination 10.0.0.256;;FAIL
-j DNAT --to-destination 10.0.0.2:80;;FAIL
-p icmp -j DNAT --to-destination 10.0.0.2:80;=;OK
-p tcp -j DNAT --to-destination 10.0.0.2:65536;;FAIL
-p tcp -j DNAT --to-destination 10.0.0.2:;;FAIL
-p tcp -j DNAT --to-destination 10.0.0.2:0;=;OK
-p tcp -j DNAT --to-destination 10.0.0.2:8010-8000;;FAIL
-p tcp -j DNAT --to-destination 10.0.0.2:80:90;;FAIL
-j DNAT --to-destination 10.0.0.2/24;;FAIL
-j DNAT --to-destination 10.0.0.2 --to-destination 10.0.0.3;;FAIL
-j DNAT --to-source 10.0.0.2;;FAIL
-j DNAT ! --to-destination 10.0.0.2;;FAIL
-j DNAT --to-destination fd00::2;;FAIL
--to-destination 10.0.0.2 -j ACCEPT;;FAIL
:nat,OUTPUT
-p tcp -m tcp --dport 80 -j DNAT --to-destination 127.0.0.1:8080;=;OK
:nat,POSTROUTING
-j DNAT --to-destination 10.0.0.2;;FAIL;context
:filter,FORWARD
-j DNAT --to-destination 10.0.0.2;;FAIL;context
:nat,PREROUTING ipv6
-p tcp --dport 80 -j DNAT --to-destination [fd00::2]:8080;-p tcp -m tcp --dport 80 -j DNAT --to-destination [fd00::2]:8080;OK
-j DNAT --to-destination fd00::2;=;OK
-j DNAT --to-destination [fd00::2];-j DNAT --to-destination fd00::2;OK
-j DNAT --to-destination FD00:0::2;-j DNAT --to-destination fd00::2;OK
-p tcp -j DNAT --to-destination [fd00::2]:8000-8010;=;OK
-j DNAT --to-destination fd00::2-fd00::9;=;OK
-p tcp -j DNAT --to-destination [fd00::2-fd00::9]:80;=;OK
-p tcp -j DNAT --to-destination [fd00::2]-[fd00::9]:80;;FAIL
-p udp -j DNAT --to-destination :53;=;OK
-p tcp -j DNAT --to-destination [fd00::2]:80 --random --persistent;=;OK
-j DNAT --to-destination 10.0.0.2;;FAIL
-j DNAT --to-destination [fd00::2]:80;;FAIL
-p tcp -j DNAT --to-destination [fd00::2:80;;FAIL
