# -m osf: guesses the sender's operating system from its TCP SYN.
:filter,INPUT
-p tcp -m osf --genre Linux -j ACCEPT;=;OK
-p tcp -m osf ! --genre Windows -j ACCEPT;=;OK
-p tcp -m osf --genre Linux --ttl 0 -j ACCEPT;=;OK
-p tcp -m osf --genre Linux --ttl 2 --log 1 -j ACCEPT;=;OK
-p tcp -m osf --log 0 --ttl 1 --genre Linux -j ACCEPT;-p tcp -m osf --genre Linux --ttl 1 --log 0 -j ACCEPT;OK
-m osf --genre Linux -j ACCEPT;;FAIL
-p udp -m osf --genre Linux -j ACCEPT;;FAIL
-p tcp -m osf -j ACCEPT;;FAIL
-p tcp -m osf --genre Linux --ttl 3 -j ACCEPT;;FAIL
-p tcp -m osf --genre Linux --log 3 -j ACCEPT;;FAIL
