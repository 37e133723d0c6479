# -j TEE: sends a copy of the packet to a gateway.
:mangle,PREROUTING
-j TEE --gateway 10.0.0.1;=;OK
-j TEE --gateway 10.0.0.1 --oif eth0;=;OK
-j TEE --oif eth0 --gateway 10.0.0.1;-j TEE --gateway 10.0.0.1 --oif eth0;OK
-j TEE;;FAIL
-j TEE --gateway;;FAIL
-j TEE --gateway x;;FAIL
-j TEE --gateway 10.0.0.256;;FAIL
-j TEE --oif eth0;;FAIL
-j TEE --gateway fd00::1;;FAIL
:filter,FORWARD
-j TEE --gateway 10.0.0.1;=;OK
:mangle,PREROUTING ipv6
-j TEE --gateway fd00::1;=;OK
-j TEE --gateway 10.0.0.1;;FAIL
