# -j NFQUEUE: lets a program decide.
:filter,FORWARD
-j NFQUEUE;-j NFQUEUE --queue-num 0;OK
-j NFQUEUE --queue-num 0;=;OK
-j NFQUEUE --queue-num 7;=;OK
-j NFQUEUE --queue-num 0x7;-j NFQUEUE --queue-num 7;OK
-j NFQUEUE --queue-num 65535;=;OK
-j NFQUEUE --queue-balance 0:3;=;OK
-j NFQUEUE --queue-balance 4:7 --queue-bypass;=;OK
-j NFQUEUE --queue-num 1 --queue-bypass;=;OK
-j NFQUEUE --queue-balance 0:3 --queue-cpu-fanout;=;OK
-j NFQUEUE --queue-balance 0:3 --queue-bypass --queue-cpu-fanout;=;OK
-j NFQUEUE --queue-cpu-fanout --queue-bypass --queue-balance 0:3;-j NFQUEUE --queue-balance 0:3 --queue-bypass --queue-cpu-fanout;OK
-j NFQUEUE --queue-num;;FAIL
-j NFQUEUE --queue-num 65536;;FAIL
-j NFQUEUE --queue-num x;;FAIL
-j NFQUEUE --queue-balance 3:0;;FAIL
-j NFQUEUE --queue-balance 0;;FAIL
-j NFQUEUE --queue-num 1 --queue-balance 0:3;;FAIL
-j NFQUEUE --queue-num 1 --queue-cpu-fanout;;FAIL
-j NFQUEUE ! --queue-num 1;;FAIL
:filter,FORWARD ipv6
-j NFQUEUE --queue-num 1;=;OK
