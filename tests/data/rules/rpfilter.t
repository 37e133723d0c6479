# -m rpfilter: whether an answer would leave by the interface that the packet came in by.
:raw,PREROUTING
-m rpfilter -j ACCEPT;=;OK
-m rpfilter --invert -j DROP;=;OK
-m rpfilter --loose -j ACCEPT;=;OK
-m rpfilter --validmark -j ACCEPT;=;OK
-m rpfilter --accept-local -j ACCEPT;=;OK
-m rpfilter --invert --accept-local --validmark --loose -j DROP;-m rpfilter --loose --validmark --accept-local --invert -j DROP;OK
:mangle,PREROUTING
-m rpfilter --validmark --invert -j DROP;=;OK
-m rpfilter ! --loose -j DROP;;FAIL
-m rpfilter --nosuch -j DROP;;FAIL
:filter,FORWARD
-m rpfilter -j ACCEPT;;FAIL;context
:raw,PREROUTING ipv6
-m rpfilter --validmark --invert -j DROP;=;OK
