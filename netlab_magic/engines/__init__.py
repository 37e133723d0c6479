"""Engines own a lab's network and can observe, change and probe it: the kernel, a model of it, or a dump of another host.

The notebook's end and the wire are modules here; `host/` is the process that runs inside the lab's namespaces.

Start reading: `engine`, then `kernel` and `protocol`.
Imports: docker, draw, errors, forwarding, i18n, iptables, language, model, netfilter, nftables, text.
"""

__all__ = ["ENGINES"]

ENGINES = ("auto", "kernel", "simulated")
"""The engines that users can choose: the kernel, a model of it, or auto: the kernel if possible, otherwise the model."""
