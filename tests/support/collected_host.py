"""A file as the script of `collect` writes it, of a host with two containers."""

import json

WEB, DB = "5e" * 32, "db" * 32
LO = {"ifindex": 1, "ifname": "lo", "flags": ["LOOPBACK", "UP"], "link_type": "loopback", "addr_info": []}


def veth(index: int, name: str, far: int, netnsid: int, *addresses: str, master: str = "") -> dict[str, object]:
    held = [{"local": one.partition("/")[0], "prefixlen": int(one.partition("/")[2]), "scope": "global"} for one in addresses]
    linked = {"ifindex": index, "ifname": name, "link_index": far, "link_netnsid": netnsid, "flags": ["UP"], "addr_info": held}
    return {**linked, "linkinfo": {"info_kind": "veth"}, **({"master": master} if master else {})}


def ran(command: str, output: str, status: int = 0) -> str:
    return f"@@ run {command}\n{output}\n@@ end {status}\n"


def addresses(*devices: dict[str, object]) -> str:
    return ran("ip -j -d addr", json.dumps([LO, *devices]))


def inside(number: int, who: str, address: str, index: int, more: str = "") -> str:
    routes = ran("ip -4 -j route show table all", json.dumps([{"dst": "default", "gateway": "172.17.0.1", "dev": "eth0"}]))
    listed = ran("nft list ruleset", "") + ran("ss -ltnup", "Netid State Recv-Q Send-Q Local Address:Port Peer Address:Port Process")
    return f"@@ ns net:[{number}]\n{who}\n{addresses(veth(2, 'eth0', index, 0, address))}{routes}{listed}{more}"


BRIDGE = {
    "ifindex": 3, "ifname": "docker0", "flags": ["UP"], "linkinfo": {"info_kind": "bridge"},
    "addr_info": [{"local": "172.17.0.1", "prefixlen": 16, "scope": "global"}],
}
FILTER = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n-A FORWARD -i docker0 -o docker0 -j ACCEPT\nCOMMIT\n"
SYSCTLS = ran("sysctl -a", "net/ipv4/ip_forward = 1\nnet/bridge/bridge-nf-call-iptables = 1")
HOST_PARTS = (
    addresses(BRIDGE, veth(5, "vethweb", 2, 0, master="docker0"), veth(7, "vethdb", 2, 1, master="docker0"))
    + ran("iptables-nft-save -c", FILTER)
    + ran("ip6tables-nft-save -c", "")
    + ran("nft list ruleset", "")
    + ran("ss -ltnup", "Netid State Recv-Q Send-Q Local Address:Port Peer Address:Port Process")
    + SYSCTLS
)


def container(name: str, id_: str, status: str = "running", mode: str = "bridge") -> str:
    item = {"Id": id_, "Name": f"/{name}", "State": {"Status": status, "Pid": 0}, "HostConfig": {"NetworkMode": mode}}
    return json.dumps({**item, "NetworkSettings": {"Networks": {"shop_default": {}}}}, separators=(",", ":"))


def whole(host: str = HOST_PARTS, *more: str) -> str:
    """The file; `host` is what was read in the host's own namespace, and `more` are further namespaces."""
    stopped, on_host = container("old", "0d" * 32, "exited"), container("agent", "a9" * 32, mode="host")
    told = "\n".join([container("web", WEB), container("db", DB), stopped, on_host])
    others = inside(20, f"@@ process 71 nginx\n@@ container {WEB}", "172.17.0.2/16", 5)
    others += inside(30, f"@@ name /run/docker/netns/x\n@@ process 72 postgres\n@@ container {DB}", "172.17.0.3/16", 7)
    machine = "@@ containers\n" + ran("docker inspect --type container -f X", told)
    return f"Welcome to web1\n@@ netlab 1 6.1.0\n@@ ns net:[10] host\n{host}{others}{''.join(more)}{machine}@@ done\n"
