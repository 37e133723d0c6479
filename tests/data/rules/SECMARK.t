# -j SECMARK: gives the packet a security label; needs SELinux.
:security,FORWARD
-j SECMARK --selctx system_u:object_r:httpd_packet_t:s0;=;OK;nokernel
-j SECMARK;;FAIL
-j SECMARK --selctx;;FAIL
:filter,FORWARD
-j SECMARK --selctx system_u:object_r:httpd_packet_t:s0;;FAIL;context
