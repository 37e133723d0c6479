"""What was not read of a host: each fact is named by the command whose output would tell it."""

from enum import StrEnum

__all__ = ["Unread", "unread_sysctl"]


class Unread(StrEnum):
    """A fact about a host that is not known; its value is the command that tells it."""

    ADDRESSES = "ip addr"
    ROUTES = "ip route show table all"
    RULES = "ip rule"
    LISTENERS = "ss -ltnup"
    NFT = "nft list ruleset"
    NFT_BACKEND = "iptables-nft-save"
    LEGACY_BACKEND = "iptables-legacy-save"
    IPTABLES = "iptables-save"
    IP6TABLES = "ip6tables-save"


def unread_sysctl(key: str) -> str:
    """The value of a sysctl, among what was not read.

    >>> unread_sysctl("net.ipv4.ip_forward")
    'sysctl net.ipv4.ip_forward'
    """
    return f"sysctl {key}"
