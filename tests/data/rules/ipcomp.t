# -m ipcomp: the compression parameter index of IPComp.
:filter,FORWARD
-p ipcomp -m ipcomp --ipcompspi 18 -j ACCEPT;=;OK
-p ipcomp --ipcompspi 18 -j ACCEPT;-p ipcomp -m ipcomp --ipcompspi 18 -j ACCEPT;OK
-p ipcomp -m ipcomp --ipcompspi 1:18 -j ACCEPT;=;OK
-p ipcomp -m ipcomp ! --ipcompspi 18 -j ACCEPT;=;OK
-p 108 -m ipcomp --ipcompspi 0x12 -j ACCEPT;-p ipcomp -m ipcomp --ipcompspi 18 -j ACCEPT;OK
-p ipcomp -m ipcomp --ipcompspi 18 --compres -j ACCEPT;=;OK
-m ipcomp --ipcompspi 18 -j ACCEPT;;FAIL
-p tcp -m ipcomp --ipcompspi 18 -j ACCEPT;;FAIL
-p ipcomp -m ipcomp --ipcompspi x -j ACCEPT;;FAIL
:filter,FORWARD ipv6
-p ipcomp -m ipcomp --ipcompspi 18 -j ACCEPT;=;OK
