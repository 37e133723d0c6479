# -j HMARK: a mark from a hash over the packet's addresses and ports.
:mangle,PREROUTING
-j HMARK --hmark-tuple src,dst --hmark-mod 10 --hmark-rnd 0xdeadbeef;-j HMARK --hmark-src-prefix 32 --hmark-dst-prefix 32 --hmark-rnd 0xdeadbeef --hmark-mod 10;OK
-j HMARK --hmark-tuple src,dst,sport,dport --hmark-mod 10 --hmark-offset 100 --hmark-rnd 0x1;-j HMARK --hmark-src-prefix 32 --hmark-dst-prefix 32 --hmark-sport-mask 0xffff --hmark-dport-mask 0xffff --hmark-rnd 0x00000001 --hmark-mod 10 --hmark-offset 100;OK
-j HMARK --hmark-tuple ct,src,dst --hmark-mod 10 --hmark-rnd 0x1;-j HMARK --hmark-src-prefix 32 --hmark-dst-prefix 32 --hmark-rnd 0x00000001 --hmark-mod 10 --hmark-tuple ct;OK
-j HMARK --hmark-tuple sport --hmark-sport-mask 0xff --hmark-mod 10 --hmark-rnd 0x1;;FAIL;context
-j HMARK --hmark-tuple src --hmark-src-prefix 24 --hmark-mod 10 --hmark-rnd 0x1;;FAIL;context
-j HMARK --hmark-tuple dst --hmark-dst-prefix 24 --hmark-mod 10 --hmark-rnd 0x1;;FAIL;context
-j HMARK --hmark-tuple spi --hmark-spi-mask 0xff --hmark-mod 10 --hmark-rnd 0x1;;FAIL;context
-j HMARK --hmark-proto-mask 0xff --hmark-tuple src --hmark-mod 10 --hmark-rnd 0x1;-j HMARK --hmark-src-prefix 32 --hmark-proto-mask 0xff --hmark-rnd 0x00000001 --hmark-mod 10;OK
-j HMARK --hmark-src-prefix 24 --hmark-mod 10 --hmark-rnd 0x1;-j HMARK --hmark-src-prefix 24 --hmark-rnd 0x00000001 --hmark-mod 10;OK
-j HMARK --hmark-src-prefix 24 --hmark-dst-prefix 16 --hmark-proto-mask 0xff --hmark-mod 10 --hmark-rnd 0x1;-j HMARK --hmark-src-prefix 24 --hmark-dst-prefix 16 --hmark-proto-mask 0xff --hmark-rnd 0x00000001 --hmark-mod 10;OK
-j HMARK --hmark-sport-mask 0xff --hmark-dport-mask 0xff00 --hmark-mod 10 --hmark-rnd 0x1;-j HMARK --hmark-sport-mask 0x00ff --hmark-dport-mask 0xff00 --hmark-rnd 0x00000001 --hmark-mod 10;OK
-j HMARK --hmark-sport 0xff --hmark-dport 0xff --hmark-mod 10 --hmark-rnd 0x1;-j HMARK --hmark-sport 0x00ff --hmark-dport 0x00ff --hmark-rnd 0x00000001 --hmark-mod 10;OK
-j HMARK --hmark-spi-mask 0xff --hmark-mod 10 --hmark-rnd 0x1;-j HMARK --hmark-spi-mask 0x000000ff --hmark-rnd 0x00000001 --hmark-mod 10;OK
-j HMARK --hmark-spi 0xff --hmark-mod 10 --hmark-rnd 0x1;-j HMARK --hmark-spi 0x000000ff --hmark-rnd 0x00000001 --hmark-mod 10;OK
-j HMARK;;FAIL
-j HMARK --hmark-tuple src;;FAIL
-j HMARK --hmark-tuple nosuch --hmark-mod 10 --hmark-rnd 0x1;;FAIL
-j HMARK --hmark-tuple src --hmark-mod 0 --hmark-rnd 0x1;;FAIL
-j HMARK --hmark-tuple src --hmark-mod x --hmark-rnd 0x1;;FAIL
:filter,FORWARD
-j HMARK --hmark-tuple src,dst --hmark-mod 10 --hmark-rnd 0x1;-j HMARK --hmark-src-prefix 32 --hmark-dst-prefix 32 --hmark-rnd 0x00000001 --hmark-mod 10;OK
