# -m state: the old spelling of -m conntrack --ctstate.
:filter,FORWARD
-m state --state ESTABLISHED,RELATED -j ACCEPT;-m state --state RELATED,ESTABLISHED -j ACCEPT;OK
-m state --state RELATED,ESTABLISHED -j ACCEPT;=;OK
-m state --state NEW -j ACCEPT;=;OK
-m state --state INVALID -j DROP;=;OK
-m state --state UNTRACKED -j ACCEPT;=;OK
-m state --state new,invalid -j ACCEPT;-m state --state INVALID,NEW -j ACCEPT;OK
-m state --state INVALID,NEW,RELATED,ESTABLISHED,UNTRACKED -j ACCEPT;=;OK
-m state ! --state NEW -j ACCEPT;=;OK
-m state ! --state INVALID,UNTRACKED -j ACCEPT;=;OK
-p tcp -m tcp --dport 22 -m state --state NEW -j ACCEPT;=;OK
-p tcp -m state --state NEW -m tcp --dport 22 -j ACCEPT;=;OK
-p tcp -m state --state NEW --dport 22 -j ACCEPT;-p tcp -m state --state NEW -m tcp --dport 22 -j ACCEPT;OK
--state NEW -j ACCEPT;;FAIL
-m state -j ACCEPT;;FAIL
-m state --state -j ACCEPT;;FAIL
-m state --state NOSUCH -j ACCEPT;;FAIL
-m state --state SNAT -j ACCEPT;;FAIL
-m state --state NEW --state INVALID -j ACCEPT;;FAIL
-m state --ctstate NEW -j ACCEPT;;FAIL
:filter,FORWARD ipv6
-m state --state RELATED,ESTABLISHED -j ACCEPT;=;OK
