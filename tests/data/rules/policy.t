# -m policy: the IPsec policy of a packet.
:filter,FORWARD
-m policy --dir in --pol ipsec -j ACCEPT;=;OK
-m policy --dir out --pol none -j ACCEPT;=;OK
-m policy --pol ipsec --dir in -j ACCEPT;-m policy --dir in --pol ipsec -j ACCEPT;OK
-m policy --dir in --pol ipsec --proto esp -j ACCEPT;=;OK
-m policy --dir in --pol ipsec ! --proto ah -j ACCEPT;=;OK
-m policy --dir in --pol ipsec --proto ipcomp -j ACCEPT;=;OK
-m policy --dir in --pol ipsec --strict --reqid 1 -j ACCEPT;=;OK
-m policy --dir in --pol ipsec --reqid 1 -j ACCEPT;=;OK
-m policy --dir in --pol ipsec ! --reqid 1 -j ACCEPT;=;OK
-m policy --dir in --pol ipsec --spi 0x100 -j ACCEPT;=;OK
-m policy --dir in --pol ipsec --spi 256 -j ACCEPT;-m policy --dir in --pol ipsec --spi 0x100 -j ACCEPT;OK
-m policy --dir in --pol ipsec --mode tunnel -j ACCEPT;=;OK
-m policy --dir in --pol ipsec --mode transport -j ACCEPT;=;OK
-m policy --dir in --pol ipsec --mode tunnel --tunnel-src 10.0.0.1 --tunnel-dst 10.0.0.2 -j ACCEPT;-m policy --dir in --pol ipsec --mode tunnel --tunnel-dst 10.0.0.2 --tunnel-src 10.0.0.1 -j ACCEPT;OK
-m policy --dir in --pol ipsec --mode tunnel ! --tunnel-src 10.0.0.0/24 -j ACCEPT;=;OK
-m policy --dir in --pol ipsec --strict --reqid 1 --proto esp --next --reqid 2 --proto ah -j ACCEPT;=;OK
-m policy --dir in --pol ipsec --strict --reqid 1 --spi 0x1 --proto esp --mode tunnel --tunnel-dst 10.0.0.0/8 --tunnel-src 10.0.0.0/8 --next --reqid 2 -j ACCEPT;=;OK
-m policy -j ACCEPT;;FAIL
-m policy --dir in -j ACCEPT;-m policy --dir in --pol ipsec -j ACCEPT;OK
-m policy --pol ipsec -j ACCEPT;;FAIL
-m policy --dir nosuch --pol ipsec -j ACCEPT;;FAIL
-m policy --dir in --pol nosuch -j ACCEPT;;FAIL
-m policy --dir in --pol none --strict -j ACCEPT;;FAIL;context
-m policy --dir in --pol ipsec --strict -j ACCEPT;;FAIL;context
-m policy --dir in --pol ipsec --proto nosuch -j ACCEPT;;FAIL
-m policy --dir in --pol ipsec --mode nosuch -j ACCEPT;;FAIL
-m policy --dir in --pol ipsec --mode transport --tunnel-src 10.0.0.1 -j ACCEPT;;FAIL;context
:filter,INPUT
-m policy --dir out --pol ipsec -j ACCEPT;;FAIL;context
:filter,OUTPUT
-m policy --dir in --pol ipsec -j ACCEPT;;FAIL;context
:filter,FORWARD ipv6
-m policy --dir in --pol ipsec --mode tunnel --tunnel-src fd00::1 -j ACCEPT;=;OK
