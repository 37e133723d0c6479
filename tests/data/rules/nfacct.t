# -m nfacct: counts in an accounting object of nfacct.
:filter,FORWARD
-m nfacct --nfacct-name web -j ACCEPT;=;OK;nokernel
-m nfacct --nfacct-name web;=;OK;nokernel
-m nfacct -j ACCEPT;;FAIL
-m nfacct --nfacct-name -j ACCEPT;;FAIL
-m nfacct --nfacct-name nosuchobject -j ACCEPT;;FAIL;context
