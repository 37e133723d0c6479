# -j SET: adds the packet's address to a set of ipset, or deletes it there.
%ipset create seen hash:ip timeout 0
%ipset create seenport hash:ip,port
:filter,FORWARD
-j SET --add-set seen src;=;OK
-j SET --add-set seenport dst,dst;=;OK
-j SET --add-set seen src --exist;=;OK
-j SET --add-set seen src --timeout 60;=;OK
-j SET --add-set seen src --exist --timeout 60;=;OK
-j SET --add-set seen src --timeout 60 --exist;-j SET --add-set seen src --exist --timeout 60;OK
-j SET --del-set seen src;=;OK
-j SET --add-set seen src --del-set seenport dst,dst;=;OK
:mangle,PREROUTING
-j SET --map-set seen src --map-mark;=;OK
:mangle,POSTROUTING
-j SET --map-set seen src --map-prio --map-queue;=;OK
:mangle,PREROUTING
-j SET --map-set seen src --map-prio --map-queue;;FAIL;context
:filter,FORWARD
-j SET;;FAIL
-j SET --add-set seen;;FAIL
-j SET --add-set nosuchset src;;FAIL;context
-j SET --add-set seen source;;FAIL
-j SET --del-set seen src --timeout 60;;FAIL
-j SET --del-set seen src --exist;;FAIL
-j SET --add-set seen src --timeout x;;FAIL
-j SET --map-set seen src;;FAIL
