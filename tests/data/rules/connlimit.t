# -m connlimit: how many connections an address or a network has.
:filter,FORWARD
-m connlimit --connlimit-above 3 --connlimit-mask 255.255.255.0 -j DROP;-m connlimit --connlimit-above 3 --connlimit-mask 24 --connlimit-saddr -j DROP;OK
-m connlimit --connlimit-upto 3 -j ACCEPT;-m connlimit --connlimit-upto 3 --connlimit-mask 32 --connlimit-saddr -j ACCEPT;OK
-m connlimit --connlimit-above 3 -j DROP;-m connlimit --connlimit-above 3 --connlimit-mask 32 --connlimit-saddr -j DROP;OK
-m connlimit ! --connlimit-above 3 -j ACCEPT;-m connlimit --connlimit-upto 3 --connlimit-mask 32 --connlimit-saddr -j ACCEPT;OK
-m connlimit ! --connlimit-upto 3 -j DROP;-m connlimit --connlimit-above 3 --connlimit-mask 32 --connlimit-saddr -j DROP;OK
-m connlimit --connlimit-above 3 --connlimit-mask 24 -j DROP;-m connlimit --connlimit-above 3 --connlimit-mask 24 --connlimit-saddr -j DROP;OK
-m connlimit --connlimit-above 3 --connlimit-mask 32 -j DROP;-m connlimit --connlimit-above 3 --connlimit-mask 32 --connlimit-saddr -j DROP;OK
-m connlimit --connlimit-above 0 --connlimit-mask 0 -j DROP;-m connlimit --connlimit-above 0 --connlimit-mask 0 --connlimit-saddr -j DROP;OK
-m connlimit --connlimit-above 3 --connlimit-saddr -j DROP;-m connlimit --connlimit-above 3 --connlimit-mask 32 --connlimit-saddr -j DROP;OK
-m connlimit --connlimit-above 3 --connlimit-daddr -j DROP;-m connlimit --connlimit-above 3 --connlimit-mask 32 --connlimit-daddr -j DROP;OK
-m connlimit --connlimit-daddr --connlimit-mask 16 --connlimit-upto 10 -j ACCEPT;-m connlimit --connlimit-upto 10 --connlimit-mask 16 --connlimit-daddr -j ACCEPT;OK
-p tcp -m tcp --dport 22 --syn -m connlimit --connlimit-above 2 -j REJECT;-p tcp -m tcp --dport 22 --tcp-flags FIN,SYN,RST,ACK SYN -m connlimit --connlimit-above 2 --connlimit-mask 32 --connlimit-saddr -j REJECT --reject-with icmp-port-unreachable;OK
-m connlimit -j ACCEPT;;FAIL
-m connlimit --connlimit-above -j ACCEPT;;FAIL
-m connlimit --connlimit-above x -j ACCEPT;;FAIL
-m connlimit --connlimit-above 3 --connlimit-upto 3 -j ACCEPT;;FAIL
-m connlimit --connlimit-above 3 --connlimit-saddr --connlimit-daddr -j ACCEPT;;FAIL
-m connlimit --connlimit-mask 24 -j ACCEPT;;FAIL
:filter,FORWARD ipv6
-m connlimit --connlimit-above 3 -j DROP;-m connlimit --connlimit-above 3 --connlimit-mask 128 --connlimit-saddr -j DROP;OK
-m connlimit --connlimit-above 3 --connlimit-mask 64 -j DROP;-m connlimit --connlimit-above 3 --connlimit-mask 64 --connlimit-saddr -j DROP;OK
-m connlimit --connlimit-above 3 --connlimit-mask 129 -j DROP;;FAIL
