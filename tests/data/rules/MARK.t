# -j MARK: changes the packet's firewall mark.
:mangle,PREROUTING
-j MARK --set-mark 1;-j MARK --set-xmark 0x1/0xffffffff;OK
-j MARK --set-mark 0x1;-j MARK --set-xmark 0x1/0xffffffff;OK
-j MARK --set-mark 0;-j MARK --set-xmark 0x0/0xffffffff;OK
-j MARK --set-mark 0x10/0xf0;-j MARK --set-xmark 0x10/0xf0;OK
-j MARK --set-xmark 0x1/0xffffffff;=;OK
-j MARK --set-xmark 0x4000/0x4000;=;OK
-j MARK --set-xmark 0x4000;-j MARK --set-xmark 0x4000/0xffffffff;OK
-j MARK --set-xmark 16384/16384;-j MARK --set-xmark 0x4000/0x4000;OK
-j MARK --set-xmark 0x10/0xf0;=;OK
-j MARK --set-mark 0x1f/0xf0;-j MARK --set-xmark 0x1f/0xff;OK
-j MARK --and-mark 0xff;-j MARK --set-xmark 0x0/0xffffff00;OK
-j MARK --and-mark 255;-j MARK --set-xmark 0x0/0xffffff00;OK
-j MARK --or-mark 0x4000;-j MARK --set-xmark 0x4000/0x4000;OK
-j MARK --or-mark 1;-j MARK --set-xmark 0x1/0x1;OK
-j MARK --xor-mark 0x1;-j MARK --set-xmark 0x1/0x0;OK
-j MARK --xor-mark 0;-j MARK --set-xmark 0x0/0x0;OK
-j MARK --set-mark 0xffffffff;-j MARK --set-xmark 0xffffffff/0xffffffff;OK
-j MARK;;FAIL
-j MARK --set-mark;;FAIL
-j MARK --set-mark x;;FAIL
-j MARK --set-mark 1/;;FAIL
-j MARK --set-mark 0x100000000;;FAIL
-j MARK --set-mark 1 --or-mark 2;;FAIL
-j MARK --set-mark 1 --set-mark 2;;FAIL
-j MARK --and-mark 1/2;;FAIL
-j MARK ! --set-mark 1;;FAIL
--set-mark 1 -j ACCEPT;;FAIL
:filter,FORWARD
-j MARK --set-mark 1;-j MARK --set-xmark 0x1/0xffffffff;OK
:nat,PREROUTING
-j MARK --set-xmark 0x8000/0x8000;=;OK
:mangle,PREROUTING ipv6
-j MARK --set-mark 1;-j MARK --set-xmark 0x1/0xffffffff;OK
