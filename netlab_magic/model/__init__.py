"""Values that describe a network and what happens on it; they know neither files nor kernels.

A topology and its changes, packets, probes and their outcomes, the kernel's report of a packet, a packet's path, and netfilter's hooks.

Start reading: `topology`, then `changes` and `probe`.
Imports: nothing.
"""

__all__: list[str] = []
