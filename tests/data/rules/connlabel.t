# -m connlabel: a label (bit 0 to 127) of the connection.
:filter,FORWARD
-m connlabel --label 40 -j ACCEPT;-m connlabel --label "40" -j ACCEPT;OK
-m connlabel --label 0 -j ACCEPT;-m connlabel --label "0" -j ACCEPT;OK
-m connlabel --label 127 -j ACCEPT;-m connlabel --label "127" -j ACCEPT;OK
-m connlabel --label 40 --set -j ACCEPT;-m connlabel --label "40" --set -j ACCEPT;OK
-m connlabel --set --label 40 -j ACCEPT;-m connlabel --label "40" --set -j ACCEPT;OK
-m connlabel ! --label 40 -j ACCEPT;-m connlabel ! --label "40" -j ACCEPT;OK
-m connlabel ! --label 40 --set -j ACCEPT;-m connlabel ! --label "40" --set -j ACCEPT;OK
-m connlabel -j ACCEPT;;FAIL
-m connlabel --set -j ACCEPT;;FAIL
-m connlabel --label 128 -j ACCEPT;;FAIL
-m connlabel --label nosuchlabel -j ACCEPT;;FAIL;context
-m connlabel --label -j ACCEPT;;FAIL
:filter,FORWARD ipv6
-m connlabel --label 1 -j ACCEPT;-m connlabel --label "1" -j ACCEPT;OK
