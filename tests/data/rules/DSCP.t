# -j DSCP: sets the differentiated services code point.
:mangle,FORWARD
-j DSCP --set-dscp 0;-j DSCP --set-dscp 0x00;OK
-j DSCP --set-dscp 0x2e;=;OK
-j DSCP --set-dscp 46;-j DSCP --set-dscp 0x2e;OK
-j DSCP --set-dscp-class EF;-j DSCP --set-dscp 0x2e;OK
-j DSCP --set-dscp-class CS3;-j DSCP --set-dscp 0x18;OK
-j DSCP --set-dscp-class AF31;-j DSCP --set-dscp 0x1a;OK
-j DSCP --set-dscp-class be;-j DSCP --set-dscp 0x00;OK
-j DSCP;;FAIL
-j DSCP --set-dscp;;FAIL
-j DSCP --set-dscp 64;;FAIL
-j DSCP --set-dscp-class XX;;FAIL
-j DSCP --set-dscp 1 --set-dscp-class EF;;FAIL
:filter,FORWARD
-j DSCP --set-dscp 0;;FAIL;context
:mangle,FORWARD ipv6
-j DSCP --set-dscp-class EF;-j DSCP --set-dscp 0x2e;OK
