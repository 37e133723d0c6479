"""What has the network of a lab and can observe, change and probe it: the kernel, a model of it, or a dump of another host.

The notebook's end and the wire are modules here; `host/` is the process that runs inside the lab's namespaces.

Start reading: `engine`, then `kernel` and `protocol`.
Imports: docker, draw, errors, forwarding, i18n, iptables, model, netfilter, nftables, text.
"""

__all__ = ["ENGINES"]

ENGINES = ("auto", "kernel", "simulated")
"""What can carry out statements: the kernel, a model of it, or the kernel where it lets us and else the model."""
