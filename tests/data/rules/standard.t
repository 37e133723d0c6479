# Verdicts, chains made by users, -g, and rules without a target.
:filter,web
-j RETURN;=;OK
:filter,an-chain_with.odd+name
-j RETURN;=;OK
:filter,abcdefghijklmnopqrstuvwxyz01
-j RETURN;=;OK
:filter,FORWARD
-j ACCEPT;=;OK
-j DROP;=;OK
-j RETURN;=;OK
--jump ACCEPT;-j ACCEPT;OK
-p tcp --jump DROP;-p tcp -j DROP;OK
-j web;=;OK
-j an-chain_with.odd+name;=;OK
-j abcdefghijklmnopqrstuvwxyz01;=;OK
-g web;=;OK
--goto web;-g web;OK
-p tcp -g web;=;OK
-p tcp -m tcp --dport 80 -j web;=;OK
-j ACCEPT -p tcp;-p tcp -j ACCEPT;OK
;=;OK
-m comment --comment "counts only";=;OK
-j QUEUE;=;-;OK
-j nosuchchain;;FAIL;context
-g nosuchchain;;FAIL;context
-j accept;;FAIL;context
-j "";;FAIL
-g ACCEPT;;FAIL
-j FORWARD;;FAIL;context
-j web -g web;;FAIL
-j web --to-ports 80;;FAIL
-j abcdefghijklmnopqrstuvwxyz0123456789;;FAIL
-j -p tcp;;FAIL
:nat,POSTROUTING
-j ACCEPT;=;OK
-j RETURN;=;OK
-j DROP;;FAIL;context
:filter,FORWARD ipv6
-j ACCEPT;=;OK
-j DROP;=;OK
-j RETURN;=;OK
-j web;=;OK
-g web;=;OK
