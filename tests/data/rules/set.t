# -m set: whether an address or port is in a set of ipset.
%ipset create blocked hash:ip
%ipset create services hash:ip,port
%ipset create three hash:ip,port,net
%ipset create blocked6 hash:ip family inet6
%ipset create abcdefghijklmnopqrstuvwxyz01234 hash:ip
:filter,FORWARD
-m set --match-set blocked src -j DROP;=;OK
-m set --match-set blocked dst -j DROP;=;OK
-m set --match-set services dst,dst -j ACCEPT;=;OK
-m set --match-set services src,dst -j ACCEPT;=;OK
-m set --match-set three src,dst,src -j ACCEPT;=;OK
-m set ! --match-set blocked src -j ACCEPT;=;OK
-m set --match-set blocked src --update-counters -j DROP;-m set --match-set blocked src -j DROP;OK
-m set --set blocked src -j DROP;-m set --match-set blocked src -j DROP;OK
-m set --match-set blocked src --return-nomatch -j DROP;=;OK
-m set --match-set blocked src ! --update-counters -j DROP;=;OK
-m set --match-set blocked src ! --update-subcounters -j DROP;=;OK
-m set --match-set blocked src --packets-eq 5 -j DROP;=;OK
-m set --match-set blocked src ! --packets-eq 5 -j DROP;=;OK
-m set --match-set blocked src --packets-lt 5 -j DROP;=;OK
-m set --match-set blocked src --packets-gt 5 -j DROP;=;OK
-m set --match-set blocked src --bytes-eq 500 -j DROP;=;OK
-m set --match-set blocked src ! --bytes-eq 500 -j DROP;=;OK
-m set --match-set blocked src --bytes-lt 500 -j DROP;=;OK
-m set --match-set blocked src --bytes-gt 500 -j DROP;=;OK
-m set --match-set blocked src --packets-gt 5 --bytes-lt 500 --return-nomatch -j DROP;-m set --match-set blocked src --return-nomatch --packets-gt 5 --bytes-lt 500 -j DROP;OK
-m set --match-set abcdefghijklmnopqrstuvwxyz01234 src -j DROP;=;OK
-m set --match-set blocked src -m set ! --match-set services dst,dst -j DROP;=;OK
-m set -j DROP;;FAIL
-m set --match-set blocked -j DROP;;FAIL
-m set --match-set nosuchset src -j DROP;;FAIL;context
-m set --match-set blocked source -j DROP;;FAIL
-m set --match-set blocked src,dst,src,dst,src,dst,src -j DROP;;FAIL
-m set --match-set abcdefghijklmnopqrstuvwxyz012345 src -j DROP;;FAIL
-m set --match-set blocked src --match-set blocked dst -j DROP;;FAIL
-m set --match-set blocked src --packets-eq x -j DROP;;FAIL
-m set --match-set blocked src --packets-eq 5 --packets-lt 4 -j DROP;;FAIL
--match-set blocked src -j DROP;;FAIL
:filter,FORWARD ipv6
-m set --match-set blocked6 src -j DROP;=;OK
