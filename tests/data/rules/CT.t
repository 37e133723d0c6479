# -j CT: how connection tracking treats the packet's connection.
:raw,PREROUTING
-j CT --notrack;=;OK
-p tcp --dport 21 -j CT --helper ftp;-p tcp -m tcp --dport 21 -j CT --helper ftp;OK
-p udp -j CT --helper tftp;=;OK
-j CT --ctevents new;=;OK
-j CT --ctevents new,destroy;=;OK
-j CT --ctevents new,related,destroy,reply,assured,protoinfo,helper,mark,natseqinfo,secmark;=;OK
-j CT --expevents new;=;OK
-j CT --ctevents new --expevents new;=;OK
-j CT --zone 5;=;OK
-j CT --zone 0;-j CT;OK
-j CT --zone 65535;=;OK
-j CT --zone mark;=;OK
-j CT --zone-orig 5;=;OK
-j CT --zone-orig mark;=;OK
-j CT --zone-reply 5;=;OK
-j CT --zone-reply mark;=;OK
-j CT --zone 5 --notrack;-j CT --notrack --zone 5;OK
-j CT --zone 5 --ctevents new;-j CT --ctevents new --zone 5;OK
-j CT;=;OK
-j CT --helper nosuchhelper;;FAIL;context
-j CT --helper ftp;;FAIL
-j CT --zone;;FAIL
-j CT --zone 65536;;FAIL
-j CT --zone x;;FAIL
-j CT --ctevents nosuchevent;;FAIL
-j CT --expevents nosuchevent;;FAIL
-j CT --timeout nosuchpolicy;;FAIL;context
-j CT ! --notrack;;FAIL
:raw,OUTPUT
-j CT --notrack;=;OK
-p tcp -j CT --timeout slow;=;OK;nokernel
:filter,FORWARD
-j CT --notrack;;FAIL;context
:raw,PREROUTING ipv6
-j CT --notrack;=;OK
