"""The sets of ipset that random rules of iptables ask for: the same in all cases, as many kinds as the kernel has."""

__all__ = ["SETS", "asked"]

_IPV4 = """
create ip4 hash:ip
create mask4 hash:ip netmask 24
create net4 hash:net
create port4 hash:ip,port
create ends4 hash:ip,port,ip
create mixed4 hash:ip,port,net
create netport4 hash:net,port
create iface4 hash:net,iface
create range4 bitmap:ip range 172.18.0.0-172.18.255.255
create list4 list:set
add ip4 172.18.0.2
add ip4 8.8.8.8
add ip4 10.0.0.5
add mask4 10.0.0.9
add net4 172.18.0.0/16
add net4 172.18.0.2/31 nomatch
add net4 172.18.0.3
add net4 8.0.0.0/8
add port4 172.18.0.2,tcp:80
add port4 172.18.0.3,udp:80
add port4 8.8.8.8,icmp:echo-request
add port4 172.18.0.2,icmp:echo-reply
add port4 10.0.0.5,tcp:8080
add ends4 172.18.0.2,tcp:80,172.18.0.3
add ends4 172.18.0.3,tcp:80,172.18.0.2
add ends4 172.18.0.2,icmp:echo-request,8.8.8.8
add mixed4 172.18.0.3,tcp:80,172.18.0.0/16
add mixed4 172.18.0.2,udp:8080,0.0.0.0/1
add mixed4 172.18.0.2,udp:8080,172.18.0.0/16 nomatch
add netport4 172.16.0.0/12,tcp:80
add netport4 172.18.0.2,tcp:80 nomatch
add netport4 8.0.0.0/8,udp:8080
add iface4 172.18.0.0/16,docker1
add iface4 172.18.0.3,docker1 nomatch
add iface4 0.0.0.0/0,eth0
add iface4 172.19.0.0/16,docker wildcard
add range4 172.18.0.2
add range4 172.18.0.1
add list4 ip4
add list4 net4
add list4 ports
"""
_IPV6 = """
create ip6 hash:ip family inet6
create net6 hash:net family inet6
create port6 hash:ip,port family inet6
create ends6 hash:ip,port,ip family inet6
create netport6 hash:net,port family inet6
create iface6 hash:net,iface family inet6
create list6 list:set
add ip6 fd18::2
add ip6 2001:4860:4860::8888
add net6 fd18::/64
add net6 fd18::2/127 nomatch
add net6 fd18::3
add net6 2000::/3
add port6 fd18::2,tcp:80
add port6 fd18::3,udp:80
add port6 2001:4860:4860::8888,icmpv6:echo-request
add port6 fd18::2,icmpv6:echo-reply
add ends6 fd18::2,tcp:80,fd18::3
add ends6 fd18::2,icmpv6:echo-request,2001:4860:4860::8888
add netport6 fd00::/8,tcp:80
add netport6 fd18::2,tcp:80 nomatch
add iface6 fd18::/64,docker1
add iface6 fd18::3,docker1 nomatch
add iface6 ::/0,eth0
add list6 net6
add list6 ip4
add list6 ports
"""
SETS = f"create ports bitmap:port range 0-9000\nadd ports 80\nadd ports 9{_IPV4}{_IPV6}"
"""What `ipset restore` takes."""

_DIRECTIONS = ("src", "dst", "src,src", "src,dst", "dst,src", "dst,dst", "dst,dst,src", "src,src,dst", "dst,src,dst")


def asked(*, six: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The sets that rules of a family may ask for, and the directions in which."""
    lines = (line.split() for line in SETS.splitlines())
    names = [words[1] for words in lines if words[:1] == ["create"]]
    return tuple(name for name in names if name == "ports" or name.endswith("6" if six else "4")), _DIRECTIONS
