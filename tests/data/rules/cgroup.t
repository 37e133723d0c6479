# -m cgroup: the control group of the socket's process.
:filter,OUTPUT
-m cgroup --cgroup 1 -j ACCEPT;=;OK
-m cgroup ! --cgroup 0 -j ACCEPT;=;OK
-m cgroup --cgroup 0x100001 -j ACCEPT;-m cgroup --cgroup 1048577 -j ACCEPT;OK
-m cgroup --path system.slice -j ACCEPT;=;OK;nokernel
-m cgroup ! --path system.slice/ssh.service -j ACCEPT;=;OK;nokernel
-m cgroup -j ACCEPT;;FAIL
-m cgroup --cgroup -j ACCEPT;;FAIL
-m cgroup --cgroup x -j ACCEPT;;FAIL
-m cgroup --path /a --cgroup 1 -j ACCEPT;;FAIL
:filter,OUTPUT ipv6
-m cgroup --cgroup 1 -j ACCEPT;=;OK
