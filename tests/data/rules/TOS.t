# -j TOS: changes the type of service byte.
:mangle,FORWARD
-j TOS --set-tos 0x10;-j TOS --set-tos 0x10/0xff;OK
-j TOS --set-tos 16;-j TOS --set-tos 0x10/0xff;OK
-j TOS --set-tos 0x10/0x3f;=;OK
-j TOS --set-tos Minimize-Delay;-j TOS --set-tos 0x10/0x3f;OK
-j TOS --set-tos Normal-Service;-j TOS --set-tos 0x00/0x3f;OK
-j TOS --and-tos 0x0f;-j TOS --set-tos 0x00/0xf0;OK
-j TOS --or-tos 0x10;-j TOS --set-tos 0x10/0x10;OK
-j TOS --xor-tos 0x10;-j TOS --set-tos 0x10/0x00;OK
-j TOS;;FAIL
-j TOS --set-tos;;FAIL
-j TOS --set-tos 256;;FAIL
-j TOS --set-tos x;;FAIL
-j TOS --set-tos 1 --or-tos 2;;FAIL
:filter,FORWARD
-j TOS --set-tos 0x10;;FAIL;context
:mangle,FORWARD ipv6
-j TOS --set-tos 0x10;-j TOS --set-tos 0x10/0xff;OK
