"""The labs that are measured, each once in the language of a cell and once in that of its alternatives."""

__all__ = ["ONE_BRIDGE_GATEWAY", "SEED_CELL", "address", "batches", "bridge_cell", "bridge_script", "seed_script"]

ONE_BRIDGE_GATEWAY = "172.18.0.1"
_SEED_RULES = (
    "-i docker1 -o docker1 -j ACCEPT",
    "-i docker1 ! -o docker1 -j ACCEPT",
    "-o docker1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
)

SEED_CELL = "\n".join(
    [
        "bridge docker1 172.18.0.1/16",
        "ns ns0 172.18.1.1/16 on docker1",
        "ns ns1 172.18.1.2/16 on docker1",
        "internet 8.8.8.8",
        "masquerade 172.18.0.0/16 except docker1",
        "policy FORWARD DROP",
        *(f"forward {rule}" for rule in _SEED_RULES),
    ]
)


def address(number: int) -> str:
    """The address of namespace `number`."""
    return f"172.18.{1 + number // 250}.{1 + number % 250}"


def bridge_cell(count: int) -> str:
    """A cell that puts `count` namespaces on one bridge."""
    lines = [f"ns ns{number} {address(number)}/16 on docker1" for number in range(count)]
    return "\n".join([f"bridge docker1 {ONE_BRIDGE_GATEWAY}/16", *lines])


def _bridge_steps() -> list[str]:
    return [
        "link add docker1 type bridge",
        f"addr add {ONE_BRIDGE_GATEWAY}/16 dev docker1",
        "link set docker1 up",
    ]


def _inner_steps(number: int) -> list[str]:
    return [
        "link set lo up",
        f"addr add {address(number)}/16 dev eth0",
        "link set eth0 up",
        f"route add default via {ONE_BRIDGE_GATEWAY}",
    ]


def _link_steps(number: int) -> list[str]:
    return [
        f"link add veth-ns{number} type veth peer name eth0 netns ns{number}",
        f"link set veth-ns{number} master docker1 up",
    ]


def bridge_script(count: int) -> str:
    """The same as a shell script with one `ip` process a step."""
    lines = ["set -e", *(f"ip {step}" for step in _bridge_steps())]
    for number in range(count):
        lines.append(f"ip netns add ns{number}")
        lines += [f"ip {step}" for step in _link_steps(number)]
        lines += [f"ip -n ns{number} {step}" for step in _inner_steps(number)]
    return "\n".join(lines)


def batches(count: int) -> dict[str, str]:
    """The same with as few `ip` processes as it allows: a batch for the host, and one inside each namespace; by file name.

    `run` is the script that runs the others.
    """
    numbers = range(count)
    names = [f"netns add ns{number}" for number in numbers]
    links = [step for number in numbers for step in _link_steps(number)]
    inner = {f"ns{number}": "\n".join(_inner_steps(number)) + "\n" for number in numbers}
    run = ["set -e", 'cd "$(dirname "$0")"', "ip -batch host", *(f"ip -n ns{number} -batch ns{number}" for number in numbers)]
    return {"host": "\n".join([*names, *_bridge_steps(), *links]) + "\n", **inner, "run": "\n".join(run)}


def seed_script(variant: str) -> str:
    """The seed lab as a shell script of `ip` and `iptables` lines."""
    iptables = f"iptables-{variant}"
    outer = [
        "ip netns add internet",
        "ip link add eth0 type veth peer name eth0 netns internet",
        "ip addr add 203.0.113.2/24 dev eth0",
        "ip link set eth0 up",
        "ip -n internet link set lo up",
        "ip -n internet addr add 203.0.113.1/24 dev eth0",
        "ip -n internet addr add 8.8.8.8/32 dev lo",
        "ip -n internet link set eth0 up",
        "ip route add default via 203.0.113.1",
        "echo 1 > /proc/sys/net/ipv4/ip_forward",
    ]
    firewall = [
        f"{iptables} -t nat -A POSTROUTING -s 172.18.0.0/16 ! -o docker1 -j MASQUERADE",
        f"{iptables} -P FORWARD DROP",
        *(f"{iptables} -A FORWARD {rule}" for rule in _SEED_RULES),
    ]
    return "\n".join([bridge_script(2), *outer, *firewall])
