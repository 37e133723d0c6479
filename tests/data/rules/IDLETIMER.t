# -j IDLETIMER: tells when an interface has been idle for some seconds.
:filter,FORWARD
-j IDLETIMER --timeout 42 --label netlab1;=;OK
-j IDLETIMER --label netlab2 --timeout 42;-j IDLETIMER --timeout 42 --label netlab2;OK
-j IDLETIMER --timeout 42 --label netlab3 --alarm;=;OK
-j IDLETIMER;;FAIL
-j IDLETIMER --timeout 42;;FAIL
-j IDLETIMER --label netlab1;;FAIL
-j IDLETIMER --timeout 0 --label netlab1;;FAIL
-j IDLETIMER --timeout x --label netlab1;;FAIL
