# -j TPROXY: hands the packet to a socket of this machine without changing it.
:mangle,PREROUTING
-p tcp -j TPROXY --on-port 3128;-p tcp -j TPROXY --on-port 3128 --on-ip 0.0.0.0 --tproxy-mark 0x0/0x0;OK
-p udp -j TPROXY --on-port 3128 --on-ip 127.0.0.1;-p udp -j TPROXY --on-port 3128 --on-ip 127.0.0.1 --tproxy-mark 0x0/0x0;OK
-p tcp -j TPROXY --on-port 3128 --tproxy-mark 0x1;-p tcp -j TPROXY --on-port 3128 --on-ip 0.0.0.0 --tproxy-mark 0x1/0xffffffff;OK
-p tcp -j TPROXY --on-port 3128 --tproxy-mark 1/1;-p tcp -j TPROXY --on-port 3128 --on-ip 0.0.0.0 --tproxy-mark 0x1/0x1;OK
-p tcp -m tcp --dport 80 -j TPROXY --tproxy-mark 0x1/0xff --on-ip 10.0.0.1 --on-port 3128;-p tcp -m tcp --dport 80 -j TPROXY --on-port 3128 --on-ip 10.0.0.1 --tproxy-mark 0x1/0xff;OK
-p tcp -j TPROXY --on-port 0;-p tcp -j TPROXY --on-port 0 --on-ip 0.0.0.0 --tproxy-mark 0x0/0x0;OK
-p tcp -j TPROXY;;FAIL
-p tcp -j TPROXY --on-port;;FAIL
-p tcp -j TPROXY --on-port 3128 --on-ip x;;FAIL
-p tcp -j TPROXY --on-port 3128 --tproxy-mark x;;FAIL
-j TPROXY --on-port 3128;;FAIL
-p icmp -j TPROXY --on-port 3128;;FAIL
:filter,FORWARD
-p tcp -j TPROXY --on-port 3128;;FAIL;context
:mangle,PREROUTING ipv6
-p tcp -j TPROXY --on-port 3128 --on-ip fd00::1 --tproxy-mark 0x1/0x1;=;OK
