# -j CLUSTERIP: one address for several machines. Linux 6.3 dropped it.
:filter,INPUT
-d 10.31.3.236 -i eth0 -j CLUSTERIP --new --hashmode sourceip --clustermac 01:AA:7B:47:F7:D7 --total-nodes 2 --local-node 0 --hash-init 1;-d 10.31.3.236/32 -i eth0 -j CLUSTERIP --new --hashmode sourceip --clustermac 01:AA:7B:47:F7:D7 --total-nodes 2 --local-node 0 --hash-init 1;OK;nokernel
-d 10.31.3.236/32 -i eth0 -j CLUSTERIP --new --hashmode sourceip-sourceport --clustermac 01:AA:7B:47:F7:D7 --total-nodes 2 --local-node 1 --hash-init 1;=;OK;nokernel
-d 10.31.3.236/32 -i eth0 -j CLUSTERIP --new --hashmode sourceip-sourceport-destport --clustermac 01:AA:7B:47:F7:D7 --total-nodes 2 --local-node 1 --hash-init 1;=;OK;nokernel
-j CLUSTERIP --new --hashmode nosuch --clustermac 01:AA:7B:47:F7:D7 --total-nodes 2 --local-node 1;;FAIL
-j CLUSTERIP --new --hashmode sourceip --clustermac 01:aa --total-nodes 2 --local-node 1;;FAIL
-j CLUSTERIP --hashmode sourceip;;FAIL
