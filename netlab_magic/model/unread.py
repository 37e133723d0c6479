"""What was not read of a host: each fact is named by the command whose output would tell it."""

from enum import StrEnum

__all__ = ["STAND_INS", "Unread", "is_stand_in", "unread_sysctl"]


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


STAND_INS = {"ipv4": "240.0.0.1", "ipv6": "100::1"}
"""Addresses that no host has (RFC 1112, RFC 6666) and nobody types, in place of a host's own if that is unknown."""


def is_stand_in(address: str) -> bool:
    """Whether it only stands for an address that is not known, so that nobody may be told to use it."""
    return address in STAND_INS.values()


def unread_sysctl(key: str) -> str:
    """The value of a sysctl, among what was not read.

    >>> unread_sysctl("net.ipv4.ip_forward")
    'sysctl net.ipv4.ip_forward'
    """
    return f"sysctl {key}"
