# -j ULOG: the forerunner of NFLOG. Linux 3.17 dropped it.
:filter,FORWARD
-j ULOG;=;OK;nokernel
-j ULOG --ulog-nlgroup 1;-j ULOG;OK;nokernel
-j ULOG --ulog-nlgroup 2;=;OK;nokernel
-j ULOG --ulog-prefix dropped;=;OK;nokernel
-j ULOG --ulog-prefix "dropped: ";=;OK;nokernel
-j ULOG --ulog-cprange 100;=;OK;nokernel
-j ULOG --ulog-qthreshold 10;=;OK;nokernel
-j ULOG --ulog-qthreshold 10 --ulog-cprange 100 --ulog-nlgroup 2 --ulog-prefix x;-j ULOG --ulog-prefix x --ulog-nlgroup 2 --ulog-cprange 100 --ulog-qthreshold 10;OK;nokernel
-j ULOG --ulog-nlgroup 0;;FAIL
-j ULOG --ulog-nlgroup 33;;FAIL
-j ULOG --ulog-qthreshold 51;;FAIL
-j ULOG --ulog-prefix 12345678901234567890123456789012;;FAIL
