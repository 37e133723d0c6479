# The rule's own part: -s -d -i -o -p -f, and the verdicts of the standard target.
:filter,FORWARD

-s 10.0.0.1 -j ACCEPT;-s 10.0.0.1/32 -j ACCEPT;OK
-s 10.0.0.1/32 -j ACCEPT;=;OK
-s 10.0.0.1/255.255.255.255 -j ACCEPT;-s 10.0.0.1/32 -j ACCEPT;OK
--source 10.0.0.1 -j ACCEPT;-s 10.0.0.1/32 -j ACCEPT;OK
--src 10.0.0.1 -j ACCEPT;-s 10.0.0.1/32 -j ACCEPT;OK
--destination 10.0.0.1 -j ACCEPT;-d 10.0.0.1/32 -j ACCEPT;OK
--dst 10.0.0.1 -j ACCEPT;-d 10.0.0.1/32 -j ACCEPT;OK
-s 10.0.0.0/24 -j ACCEPT;=;OK
-s 10.0.0.7/24 -j ACCEPT;-s 10.0.0.0/24 -j ACCEPT;OK
-s 10.0.0.0/255.255.255.0 -j ACCEPT;-s 10.0.0.0/24 -j ACCEPT;OK
-s 10.1.2.3/255.255.0.0 -j ACCEPT;-s 10.1.0.0/16 -j ACCEPT;OK
-s 172.16.0.0/12 -j ACCEPT;=;OK
-s 10.0.0.0/255.0.255.0 -j ACCEPT;=;OK
-s 10.2.3.4/0.0.0.255 -j ACCEPT;-s 0.0.0.4/0.0.0.255 -j ACCEPT;OK
-s 0.0.0.0/0 -j ACCEPT;-j ACCEPT;OK
-s 0/0 -j ACCEPT;-j ACCEPT;OK
-s 0.0.0.0 -j ACCEPT;-s 0.0.0.0/32 -j ACCEPT;OK
-s 10.0.0.1/0 -j ACCEPT;-j ACCEPT;OK
-s any/0 -j ACCEPT;-j ACCEPT;OK
-s 10/8 -j ACCEPT;-s 10.0.0.0/8 -j ACCEPT;OK
-s 10.1/16 -j ACCEPT;-s 10.1.0.0/16 -j ACCEPT;OK
-s 10.1.2/24 -j ACCEPT;-s 10.1.2.0/24 -j ACCEPT;OK
-s 192.168.1.0/24 -d 192.168.2.0/24 -j DROP;=;OK
-d 192.168.2.0/24 -s 192.168.1.0/24 -j DROP;-s 192.168.1.0/24 -d 192.168.2.0/24 -j DROP;OK
! -s 10.0.0.1 -j DROP;! -s 10.0.0.1/32 -j DROP;OK
! -d 10.0.0.0/8 -j DROP;=;OK
! --source 10.0.0.0/8 ! --destination 10.0.0.0/8 -j DROP;! -s 10.0.0.0/8 ! -d 10.0.0.0/8 -j DROP;OK
-i eth0 -j ACCEPT;=;OK
--in-interface eth0 -j ACCEPT;-i eth0 -j ACCEPT;OK
-o eth0 -j ACCEPT;=;OK
--out-interface eth0 -j ACCEPT;-o eth0 -j ACCEPT;OK
! -i eth0 -j ACCEPT;=;OK
! -o eth0 -j ACCEPT;=;OK
-i docker0 -o docker0 -j ACCEPT;=;OK
-i docker0 ! -o docker0 -j ACCEPT;=;OK
-o docker0 -i docker0 -j ACCEPT;-i docker0 -o docker0 -j ACCEPT;OK
-i eth+ -j ACCEPT;=;OK
! -i br-+ -o br-+ -j ACCEPT;=;OK
-i + -j ACCEPT;-j ACCEPT;OK
-o + -j ACCEPT;-j ACCEPT;OK
-i lo -j ACCEPT;=;OK
-i abcdefghijklmno -j ACCEPT;=;OK
-i eth0.100 -j ACCEPT;=;OK
-i br-0123456789ab -j ACCEPT;=;OK
-i wg0 -o wg0 -s 10.8.0.0/24 -d 10.8.0.0/24 -p udp -j ACCEPT;-s 10.8.0.0/24 -d 10.8.0.0/24 -i wg0 -o wg0 -p udp -j ACCEPT;OK
-p tcp -j ACCEPT;=;OK
-p TCP -j ACCEPT;-p tcp -j ACCEPT;OK
-p Udp -j ACCEPT;-p udp -j ACCEPT;OK
--protocol tcp -j ACCEPT;-p tcp -j ACCEPT;OK
--proto tcp -j ACCEPT;-p tcp -j ACCEPT;OK
-p 6 -j ACCEPT;-p tcp -j ACCEPT;OK
-p 0x11 -j ACCEPT;-p udp -j ACCEPT;OK
-p 17 -j ACCEPT;-p udp -j ACCEPT;OK
-p all -j ACCEPT;-j ACCEPT;OK
-p 0 -j ACCEPT;-j ACCEPT;OK
-p ip -j ACCEPT;-j ACCEPT;OK
-p icmp -j ACCEPT;=;OK
-p 1 -j ACCEPT;-p icmp -j ACCEPT;OK
-p igmp -j ACCEPT;=;OK
-p gre -j ACCEPT;=;OK
-p 47 -j ACCEPT;-p gre -j ACCEPT;OK
-p esp -j ACCEPT;=;OK
-p ah -j ACCEPT;=;OK
-p sctp -j ACCEPT;=;OK
-p dccp -j ACCEPT;=;OK
-p udplite -j ACCEPT;=;OK
-p ipv6-icmp -j ACCEPT;=;OK
-p 58 -j ACCEPT;-p ipv6-icmp -j ACCEPT;OK
-p ospf -j ACCEPT;=;OK
-p 89 -j ACCEPT;-p ospf -j ACCEPT;OK
-p vrrp -j ACCEPT;=;OK
-p 112 -j ACCEPT;-p vrrp -j ACCEPT;OK
-p ipencap -j ACCEPT;=;OK
-p 4 -j ACCEPT;-p ipencap -j ACCEPT;OK
-p ipv6 -j ACCEPT;=;OK
-p 41 -j ACCEPT;-p ipv6 -j ACCEPT;OK
-p pim -j ACCEPT;=;OK
-p l2tp -j ACCEPT;=;OK
-p mh -j ACCEPT;-p mobility-header -j ACCEPT;OK
-p 135 -j ACCEPT;-p mobility-header -j ACCEPT;OK
-p 200 -j ACCEPT;=;OK
-p 253 -j ACCEPT;=;OK
-p 255 -j ACCEPT;=;OK
-p 3 -j ACCEPT;-p ggp -j ACCEPT;OK
-p 138 -j ACCEPT;-p manet -j ACCEPT;OK
-p 143 -j ACCEPT;-p ethernet -j ACCEPT;OK
-p hopopt -j ACCEPT;-j ACCEPT;OK
! -p tcp -j DROP;=;OK
! -p 17 -j DROP;! -p udp -j DROP;OK
! --protocol icmp -j DROP;! -p icmp -j DROP;OK
-f -j DROP;=;OK
--fragment -j DROP;-f -j DROP;OK
! -f -j ACCEPT;=;OK
! --fragments -j ACCEPT;! -f -j ACCEPT;OK
-f -p udp -s 10.0.0.0/8 -j DROP;-s 10.0.0.0/8 -p udp -f -j DROP;OK
-s 10.0.0.0/24 -d 10.0.1.0/24 -i eth0 -o eth1 -p tcp ! -f -j ACCEPT;=;OK
-j ACCEPT -p tcp ! -f -o eth1 -i eth0 -d 10.0.1.0/24 -s 10.0.0.0/24;-s 10.0.0.0/24 -d 10.0.1.0/24 -i eth0 -o eth1 -p tcp ! -f -j ACCEPT;OK
-4 -s 10.0.0.1 -j ACCEPT;-s 10.0.0.1/32 -j ACCEPT;OK
--ipv4 -s 10.0.0.1 -j ACCEPT;-s 10.0.0.1/32 -j ACCEPT;OK
-s 10.0.0.1 -m comment --comment nothing;-s 10.0.0.1/32 -m comment --comment nothing;OK
-s 10.0.0.1;-s 10.0.0.1/32;OK
-p tcp;=;OK


-s 10.0.0.256 -j ACCEPT;;FAIL
-s 10.0.0.1/33 -j ACCEPT;;FAIL
-s 10.0.0.1/-1 -j ACCEPT;;FAIL
-s 10.0.0.1/255.255 -j ACCEPT;;FAIL
-s -j ACCEPT;;FAIL
-s 10.0.0.1 -s 10.0.0.2 -j ACCEPT;;FAIL
-d 10.0.0.1 -d 10.0.0.2 -j ACCEPT;;FAIL
! ! -s 10.0.0.1 -j ACCEPT;;FAIL
! -s 10.0.0.1,10.0.0.2 -j ACCEPT;;FAIL
! -s 0.0.0.0/0 -j ACCEPT;=;-;OK
-s 10.0.0.1/24/24 -j ACCEPT;;FAIL
-s fd00::1 -j ACCEPT;;FAIL
-i -j ACCEPT;;FAIL
-i eth0 -i eth1 -j ACCEPT;;FAIL
-i abcdefghijklmnop -j ACCEPT;;FAIL
! -i + -j ACCEPT;-j ACCEPT;=;OK
-p -j ACCEPT;;FAIL
-p nosuchprotocol -j ACCEPT;;FAIL
-p 256 -j ACCEPT;;FAIL
-p -1 -j ACCEPT;;FAIL
! -p all -j ACCEPT;;FAIL
-p tcp -p udp -j ACCEPT;;FAIL
-f -f -j ACCEPT;;FAIL
--nosuchoption -j ACCEPT;;FAIL
--dport 80 -j ACCEPT;;FAIL
-p icmp --dport 80 -j ACCEPT;;FAIL
-m nosuchmatch -j ACCEPT;;FAIL
-m -j ACCEPT;;FAIL
-j;;FAIL
-j ACCEPT -j DROP;;FAIL
-j ACCEPT --to-destination 10.0.0.1;;FAIL
stray -j ACCEPT;;FAIL
-j ACCEPT stray;;FAIL
! -j ACCEPT;;FAIL
! -m comment --comment x;;FAIL
-s 10.0.0.1 !;;FAIL

:filter,INPUT
-i eth0 -j ACCEPT;=;OK
-o eth0 -j ACCEPT;;FAIL;context

:filter,OUTPUT
-o eth0 -j ACCEPT;=;OK
-i eth0 -j ACCEPT;;FAIL;context

:filter,FORWARD ipv6
-s fd00::1 -j ACCEPT;-s fd00::1/128 -j ACCEPT;OK
-s fd00::1/128 -j ACCEPT;=;OK
-s FD00:0:0:0:0:0:0:1 -j ACCEPT;-s fd00::1/128 -j ACCEPT;OK
-s fd00::0001 -j ACCEPT;-s fd00::1/128 -j ACCEPT;OK
-s fd00::/64 -j ACCEPT;=;OK
-s fd00::1/64 -j ACCEPT;-s fd00::/64 -j ACCEPT;OK
-s fd00::/ffff:ffff:: -j ACCEPT;-s fd00::/32 -j ACCEPT;OK
-s fd00::1/ffff::ffff -j ACCEPT;=;OK
-s ::/0 -j ACCEPT;-j ACCEPT;OK
-s :: -j ACCEPT;-s ::/128 -j ACCEPT;OK
-d ::1 -j ACCEPT;-d ::1/128 -j ACCEPT;OK
-d ff02::/16 -j ACCEPT;=;OK
-d fe80::/10 -j ACCEPT;=;OK
-s ::ffff:10.0.0.1 -j ACCEPT;-s ::ffff:10.0.0.1/128 -j ACCEPT;OK
-s ::10.0.0.1 -j ACCEPT;-s ::10.0.0.1/128 -j ACCEPT;OK
-s 64:ff9b::10.0.0.1 -j ACCEPT;-s 64:ff9b::a00:1/128 -j ACCEPT;OK
-s fd00:0:0:1:0:0:0:1 -j ACCEPT;-s fd00:0:0:1::1/128 -j ACCEPT;OK
! -s fd00::/8 ! -d fd00::/8 -j DROP;=;OK
-i eth0 ! -o eth0 -s fd00::1 -p tcp -j ACCEPT;-s fd00::1/128 -i eth0 ! -o eth0 -p tcp -j ACCEPT;OK
-p ipv6-icmp -j ACCEPT;=;OK
-p icmpv6 -j ACCEPT;-p ipv6-icmp -j ACCEPT;OK
-p ICMPv6 -j ACCEPT;-p ipv6-icmp -j ACCEPT;OK
-p 58 -j ACCEPT;-p ipv6-icmp -j ACCEPT;OK
-p icmp -j ACCEPT;=;OK
-p esp -j ACCEPT;=;OK
-p mh -j ACCEPT;-p mobility-header -j ACCEPT;OK
-p ipv6-mh -j ACCEPT;-p mobility-header -j ACCEPT;OK
-p all -j ACCEPT;-j ACCEPT;OK
-6 -s fd00::1 -j ACCEPT;-s fd00::1/128 -j ACCEPT;OK
-s 10.0.0.1 -j ACCEPT;;FAIL
-s fd00::1/129 -j ACCEPT;;FAIL
-s fd00::g -j ACCEPT;;FAIL
-s fd00::1::2 -j ACCEPT;;FAIL
-f -j ACCEPT;;FAIL
-p tcp --dport 70000 -j ACCEPT;;FAIL
