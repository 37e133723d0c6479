# -m dccp: ports, packet types and options of DCCP.
:filter,FORWARD
-p dccp --dport 80 -j ACCEPT;-p dccp -m dccp --dport 80 -j ACCEPT;OK
-p dccp -m dccp --sport 1024:65535 -j ACCEPT;=;OK
-p dccp --source-port 1 --destination-port 2 -j ACCEPT;-p dccp -m dccp --sport 1 --dport 2 -j ACCEPT;OK
-p dccp -m dccp ! --dport 80:90 -j ACCEPT;=;OK
-p dccp -m dccp ! --sport 80 -j ACCEPT;=;OK
-p dccp -m dccp --dccp-types REQUEST -j ACCEPT;=;OK
-p dccp -m dccp --dccp-types REQUEST,RESPONSE,DATA,ACK,DATAACK,CLOSEREQ,CLOSE,RESET,SYNC,SYNCACK,INVALID -j ACCEPT;=;OK
-p dccp -m dccp --dccp-types reset,request -j ACCEPT;-p dccp -m dccp --dccp-types REQUEST,RESET -j ACCEPT;OK
-p dccp -m dccp ! --dccp-types REQUEST -j ACCEPT;=;OK
-p dccp -m dccp --dccp-option 32 -j ACCEPT;=;OK
-p dccp -m dccp ! --dccp-option 32 -j ACCEPT;=;OK
-p dccp -m dccp --dccp-option 5 --dccp-types DATA --dport 2 --sport 1 -j ACCEPT;-p dccp -m dccp --sport 1 --dport 2 --dccp-types DATA --dccp-option 5 -j ACCEPT;OK
-m dccp --dport 80 -j ACCEPT;;FAIL
-p dccp --dccp-types NOSUCH -j ACCEPT;;FAIL
-p dccp --dccp-option 0 -j ACCEPT;;FAIL
-p dccp --dccp-option 256 -j ACCEPT;;FAIL
-p dccp --dport nosuchservice -j ACCEPT;;FAIL
:filter,FORWARD ipv6
-p dccp --dport 80 -j ACCEPT;-p dccp -m dccp --dport 80 -j ACCEPT;OK
