"""The hooks of netfilter: their order, the built-in chains there, and the tables that each hook asks, in order of priority."""

__all__ = ["BUILT_IN", "DIRECTIONS", "HOOKS", "HOOK_TABLES", "NAT_PRIORITIES", "NFT_HOOK_TABLES", "NFT_PRIORITIES", "PRIORITIES"]

HOOK_TABLES: dict[str, tuple[str, ...]] = {
    "PREROUTING": ("raw", "mangle", "nat"),
    "INPUT": ("mangle", "filter", "security", "nat"),
    "FORWARD": ("mangle", "filter", "security"),
    "OUTPUT": ("raw", "mangle", "nat", "filter", "security"),
    "POSTROUTING": ("mangle", "nat"),
}
"""The tables in the order in which a hook asks them (enum nf_ip_hook_priorities in include/uapi/linux/netfilter_ipv4.h)."""

NFT_HOOK_TABLES = {**HOOK_TABLES, "INPUT": ("mangle", "filter", "nat", "security")}
"""The order in the nft variant, where security has the priority 150 instead (xtables_ipv4 in iptables/nft.c)."""

PRIORITIES = {"raw": -300, "mangle": -150, "filter": 0, "security": 50}
"""The priorities of the tables' base chains, except nat's (enum nf_ip_hook_priorities)."""

NFT_PRIORITIES = {**PRIORITIES, "security": 150}
"""The same for the nft variant."""

NAT_PRIORITIES = {"PREROUTING": -100, "INPUT": 100, "OUTPUT": -100, "POSTROUTING": 100}
"""The priority of NAT at each hook, whatever the priorities of the nat chains themselves (nf_nat_ipv4_ops)."""

DIRECTIONS: dict[str, tuple[str, ...]] = {
    "forward": ("PREROUTING", "FORWARD", "POSTROUTING"),
    "in": ("PREROUTING", "INPUT"),
    "out": ("OUTPUT", "POSTROUTING"),
}
"""The hooks that a packet passes when it is forwarded, when it is for the host itself, and when a program of the host sends it."""

BUILT_IN: dict[str, tuple[str, ...]] = {
    "filter": ("INPUT", "FORWARD", "OUTPUT"),
    "nat": ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"),
    "mangle": ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"),
    "raw": ("PREROUTING", "OUTPUT"),
    "security": ("INPUT", "FORWARD", "OUTPUT"),
}
"""The built-in chains of each table, in hook order (iptables(8), TABLES)."""

HOOKS = ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING")
"""The hooks in the order of their numbers (enum nf_inet_hooks in linux/netfilter.h)."""
