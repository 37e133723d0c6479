"""What the name of a device says about its kind, for hosts of which only the names are known."""

import re

__all__ = ["is_named_like_bridge", "is_named_like_card", "leads_inwards"]

_BRIDGE = r"docker\d+|docker_gwbridge|br-?\w+|virbr\d+|cni\d+|cni-podman\d+|podman\d+|lxcbr\d+|lxdbr\d+|incusbr\d+|cbr\d+|vmbr\d+"
_IS_BRIDGE = re.compile(_BRIDGE)
_IS_INNER = re.compile(rf"{_BRIDGE}|lo|(?:veth|cali|cilium|lxc|vnet|tap|flannel|vxlan|kube|weave)\S*")
_IS_CARD = re.compile(r"(?:eth|en[opsx]|em|wl|ww|bond|team|venet|ib)\w*\d[\w.]*|p\d+p\d+")


def is_named_like_bridge(name: str) -> bool:
    """Whether programs or people give this name to bridges, for dumps that do not say which devices are (`ip -d link` does)."""
    return _IS_BRIDGE.fullmatch(name) is not None


def leads_inwards(name: str) -> bool:
    """Whether devices of this name lead to containers and virtual machines, not to the Internet."""
    return _IS_INNER.fullmatch(name) is not None


def is_named_like_card(name: str) -> bool:
    """Whether the kernel or systemd give this name to network cards (systemd.net-naming-scheme(7))."""
    return _IS_CARD.fullmatch(name) is not None
