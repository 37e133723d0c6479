# -j TCPMSS: changes the MSS option of a TCP SYN.
:mangle,FORWARD
-p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu;=;OK
-p tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1400;-p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1400;OK
-p tcp --syn -j TCPMSS --set-mss 0x578;-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j TCPMSS --set-mss 1400;OK
-p tcp --syn -m tcpmss --mss 1400:65495 -j TCPMSS --clamp-mss-to-pmtu;-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -m tcpmss --mss 1400:65495 -j TCPMSS --clamp-mss-to-pmtu;OK
-p tcp --syn -j TCPMSS;;FAIL
-p tcp --syn -j TCPMSS --set-mss;;FAIL
-p tcp --syn -j TCPMSS --set-mss x;;FAIL
-p tcp -j TCPMSS --clamp-mss-to-pmtu;-;=;OK
-j TCPMSS --clamp-mss-to-pmtu;;FAIL
-p udp -j TCPMSS --set-mss 1400;;FAIL
:filter,FORWARD
-p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu;=;OK
:mangle,PREROUTING
-p tcp --syn -j TCPMSS --set-mss 1400;-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j TCPMSS --set-mss 1400;OK
-p tcp --syn -j TCPMSS --clamp-mss-to-pmtu;;FAIL;context
:mangle,FORWARD ipv6
-p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1420;=;OK
