# -m tcpmss: the MSS option of a TCP SYN.
:filter,FORWARD
-p tcp -m tcpmss --mss 1400 -j ACCEPT;=;OK
-p tcp -m tcpmss --mss 1400:1500 -j ACCEPT;=;OK
-p tcp -m tcpmss ! --mss 1:500 -j ACCEPT;=;OK
-p tcp -m tcpmss --mss 0x100 -j ACCEPT;-p tcp -m tcpmss --mss 256 -j ACCEPT;OK
-p tcp -m tcp --syn -m tcpmss --mss 1361:1536 -j ACCEPT;-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -m tcpmss --mss 1361:1536 -j ACCEPT;OK
-p tcp -m tcpmss -j ACCEPT;;FAIL
-p tcp -m tcpmss --mss -j ACCEPT;;FAIL
-p tcp -m tcpmss --mss 65536 -j ACCEPT;;FAIL
-p tcp -m tcpmss --mss x -j ACCEPT;;FAIL
-p tcp -m tcpmss --mss 1500:1400 -j ACCEPT;;FAIL
-m tcpmss --mss 1400 -j ACCEPT;;FAIL
-p udp -m tcpmss --mss 1400 -j ACCEPT;;FAIL
-p tcp --mss 1400 -j ACCEPT;;FAIL
:filter,FORWARD ipv6
-p tcp -m tcpmss --mss 1400 -j ACCEPT;=;OK
