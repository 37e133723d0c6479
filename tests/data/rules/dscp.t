# -m dscp: the differentiated services code point.
:filter,FORWARD
-m dscp --dscp 0 -j ACCEPT;-m dscp --dscp 0x00 -j ACCEPT;OK
-m dscp --dscp 0x2e -j ACCEPT;=;OK
-m dscp --dscp 46 -j ACCEPT;-m dscp --dscp 0x2e -j ACCEPT;OK
-m dscp --dscp 63 -j ACCEPT;-m dscp --dscp 0x3f -j ACCEPT;OK
-m dscp ! --dscp 10 -j ACCEPT;-m dscp ! --dscp 0x0a -j ACCEPT;OK
-m dscp --dscp-class EF -j ACCEPT;-m dscp --dscp 0x2e -j ACCEPT;OK
-m dscp --dscp-class ef -j ACCEPT;-m dscp --dscp 0x2e -j ACCEPT;OK
-m dscp --dscp-class BE -j ACCEPT;-m dscp --dscp 0x00 -j ACCEPT;OK
-m dscp --dscp-class CS0 -j ACCEPT;-m dscp --dscp 0x00 -j ACCEPT;OK
-m dscp --dscp-class CS1 -j ACCEPT;-m dscp --dscp 0x08 -j ACCEPT;OK
-m dscp --dscp-class CS7 -j ACCEPT;-m dscp --dscp 0x38 -j ACCEPT;OK
-m dscp --dscp-class AF11 -j ACCEPT;-m dscp --dscp 0x0a -j ACCEPT;OK
-m dscp --dscp-class AF43 -j ACCEPT;-m dscp --dscp 0x26 -j ACCEPT;OK
-m dscp ! --dscp-class AF21 -j ACCEPT;-m dscp ! --dscp 0x12 -j ACCEPT;OK
-m dscp -j ACCEPT;;FAIL
-m dscp --dscp -j ACCEPT;;FAIL
-m dscp --dscp 64 -j ACCEPT;;FAIL
-m dscp --dscp x -j ACCEPT;;FAIL
-m dscp --dscp-class XX -j ACCEPT;;FAIL
-m dscp --dscp 1 --dscp-class EF -j ACCEPT;;FAIL
:filter,FORWARD ipv6
-m dscp --dscp-class EF -j ACCEPT;-m dscp --dscp 0x2e -j ACCEPT;OK
