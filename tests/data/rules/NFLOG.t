# -j NFLOG: sends the packet to a program that logs it.
:filter,FORWARD
-j NFLOG;=;OK
-j NFLOG --nflog-group 1;=;OK
-j NFLOG --nflog-group 0;-j NFLOG;OK
-j NFLOG --nflog-group 65535;=;OK
-j NFLOG --nflog-range 128;=;-j NFLOG;OK
-j NFLOG --nflog-size 128;=;OK
-j NFLOG --nflog-size 0;=;OK
-j NFLOG --nflog-threshold 5;=;OK
-j NFLOG --nflog-threshold 0;-j NFLOG;OK
-j NFLOG --nflog-prefix dropped;=;OK
-j NFLOG --nflog-prefix xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx;-j NFLOG --nflog-prefix xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx;=;OK
-j NFLOG --nflog-prefix "dropped: ";=;OK
-j NFLOG --nflog-threshold 5 --nflog-size 128 --nflog-group 1 --nflog-prefix "all ";-j NFLOG --nflog-prefix "all " --nflog-group 1 --nflog-size 128 --nflog-threshold 5;OK
-j NFLOG --nflog-group;;FAIL
-j NFLOG --nflog-group 65536;;FAIL
-j NFLOG --nflog-group x;;FAIL
-j NFLOG --nflog-threshold 65536;;FAIL
-j NFLOG --nflog-prefix;;FAIL
-j NFLOG --nflog-group 1 --nflog-group 2;;FAIL
-j NFLOG ! --nflog-group 1;;FAIL
-j NFLOG --log-prefix x;;FAIL
:filter,FORWARD ipv6
-j NFLOG --nflog-group 1;=;OK
