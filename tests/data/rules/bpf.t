# -m bpf: a filter program, as its length and instructions in decimal.
:filter,FORWARD
-m bpf --bytecode "4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0" -j ACCEPT;=;OK
-m bpf --bytecode "1,6 0 0 65535" -j ACCEPT;=;OK
-m bpf -j ACCEPT;;FAIL
-m bpf --bytecode -j ACCEPT;;FAIL
-m bpf --bytecode "2,6 0 0 0" -j ACCEPT;;FAIL
-m bpf --bytecode "x" -j ACCEPT;;FAIL
-m bpf --bytecode "0," -j ACCEPT;;FAIL
-m bpf --object-pinned /nosuchfile -j ACCEPT;;FAIL;context
:filter,FORWARD ipv6
-m bpf --bytecode "1,6 0 0 1" -j ACCEPT;=;OK
