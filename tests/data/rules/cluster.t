# -m cluster: which node of a cluster answers.
:mangle,PREROUTING
-m cluster --cluster-total-nodes 2 --cluster-local-node 1 --cluster-hash-seed 0xdeadbeef -j ACCEPT;-m cluster --cluster-local-nodemask 0x00000001 --cluster-total-nodes 2 --cluster-hash-seed 0xdeadbeef -j ACCEPT;OK
-m cluster --cluster-total-nodes 4 --cluster-local-nodemask 0x3 --cluster-hash-seed 1 -j ACCEPT;-m cluster --cluster-local-nodemask 0x00000003 --cluster-total-nodes 4 --cluster-hash-seed 0x00000001 -j ACCEPT;OK
-m cluster --cluster-total-nodes 2 ! --cluster-local-node 1 --cluster-hash-seed 0x1 -j ACCEPT;-m cluster ! --cluster-local-nodemask 0x00000001 --cluster-total-nodes 2 --cluster-hash-seed 0x00000001 -j ACCEPT;OK
-m cluster --cluster-hash-seed 7 --cluster-local-node 2 --cluster-total-nodes 2 -j ACCEPT;-m cluster --cluster-local-nodemask 0x00000002 --cluster-total-nodes 2 --cluster-hash-seed 0x00000007 -j ACCEPT;OK
-m cluster ! --cluster-local-nodemask 0x1 --cluster-total-nodes 2 --cluster-hash-seed 7 -j ACCEPT;-m cluster ! --cluster-local-nodemask 0x00000001 --cluster-total-nodes 2 --cluster-hash-seed 0x00000007 -j ACCEPT;OK
-m cluster -j ACCEPT;;FAIL
-m cluster --cluster-total-nodes 2 -j ACCEPT;;FAIL
-m cluster --cluster-total-nodes 2 --cluster-local-node 1 -j ACCEPT;;FAIL
-m cluster --cluster-total-nodes 2 --cluster-local-node 1 --cluster-local-nodemask 1 --cluster-hash-seed 1 -j ACCEPT;;FAIL
-m cluster --cluster-total-nodes 33 --cluster-local-node 1 --cluster-hash-seed 1 -j ACCEPT;;FAIL
-m cluster --cluster-total-nodes 2 --cluster-local-node 3 --cluster-hash-seed 1 -j ACCEPT;;FAIL;context
