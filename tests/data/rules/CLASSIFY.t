# -j CLASSIFY: puts the packet into a class of the queueing discipline.
:mangle,POSTROUTING
-j CLASSIFY --set-class 1:10;-j CLASSIFY --set-class 0001:0010;OK
-j CLASSIFY --set-class 0:0;-j CLASSIFY --set-class 0000:0000;OK
-j CLASSIFY --set-class 0001:00ff;=;OK
-j CLASSIFY --set-class ffff:ffff;=;OK
-j CLASSIFY --set-class 1:AB;-j CLASSIFY --set-class 0001:00ab;OK
-j CLASSIFY;;FAIL
-j CLASSIFY --set-class;;FAIL
-j CLASSIFY --set-class 1;;FAIL
-j CLASSIFY --set-class x:1;;FAIL
:filter,FORWARD
-j CLASSIFY --set-class 1:10;-j CLASSIFY --set-class 0001:0010;OK
:filter,INPUT
-j CLASSIFY --set-class 1:10;;FAIL;context
:mangle,POSTROUTING ipv6
-j CLASSIFY --set-class 1:10;-j CLASSIFY --set-class 0001:0010;OK
