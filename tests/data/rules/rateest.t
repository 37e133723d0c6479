# -m rateest: compares rates that -j RATEEST estimates.
%ip6tables-legacy -t security -A OUTPUT -j RATEEST --rateest-name wan1 --rateest-interval 250ms --rateest-ewmalog 500ms
%ip6tables-legacy -t security -A OUTPUT -j RATEEST --rateest-name wan2 --rateest-interval 250ms --rateest-ewmalog 500ms
:filter,FORWARD
-m rateest --rateest wan1 --rateest-lt --rateest-bps 1mbit -j ACCEPT;-m rateest --rateest wan1 --rateest-lt --rateest-bps 1000Kbit -j ACCEPT;OK
-m rateest --rateest wan1 --rateest-gt --rateest-pps 100 -j ACCEPT;=;OK
-m rateest --rateest wan1 --rateest-eq --rateest-pps 5 -j ACCEPT;=;OK
-m rateest ! --rateest wan1 --rateest-lt --rateest-pps 5 -j ACCEPT;;FAIL
-m rateest --rateest wan1 ! --rateest-gt --rateest-bps 8kbit -j ACCEPT;-m rateest --rateest wan1 ! --rateest-gt --rateest-bps 8000bit -j ACCEPT;OK
-m rateest --rateest-delta --rateest1 wan1 --rateest-bps1 2500kbit --rateest-gt --rateest2 wan2 --rateest-bps2 2mbit -j ACCEPT;-m rateest --rateest-delta --rateest1 wan1 --rateest-bps1 2500Kbit --rateest-gt --rateest-bps2 2000Kbit --rateest2 wan2 -j ACCEPT;OK
-m rateest --rateest-delta --rateest1 wan1 --rateest-pps1 10 --rateest-lt --rateest2 wan2 --rateest-pps2 20 -j ACCEPT;-m rateest --rateest-delta --rateest1 wan1 --rateest-pps1 10 --rateest-lt --rateest-pps2 20 --rateest2 wan2 -j ACCEPT;OK
-m rateest -j ACCEPT;;FAIL
-m rateest --rateest wan1 -j ACCEPT;;FAIL
-m rateest --rateest wan1 --rateest-lt -j ACCEPT;;FAIL
-m rateest --rateest nosuch --rateest-lt --rateest-bps 1mbit -j ACCEPT;;FAIL;context
