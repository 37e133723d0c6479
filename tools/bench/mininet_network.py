"""`mn --switch lxbr --controller none --topo single,N`, built and started: prints the seconds. Run by mn's own interpreter."""

import sys
import time

from mininet.net import Mininet
from mininet.nodelib import LinuxBridge
from mininet.topo import SingleSwitchTopo

__all__: list[str] = []


def _main(count: int) -> None:
    started = time.perf_counter()
    network = Mininet(topo=SingleSwitchTopo(count), switch=LinuxBridge, controller=None)
    network.start()
    seconds = time.perf_counter() - started
    answered = "1 received" in network.hosts[0].cmd(f"ping -c 1 -W 2 {network.hosts[-1].IP()}")
    network.stop()
    if not answered:
        sys.exit("the last host does not answer")
    print(seconds)


if __name__ == "__main__":
    _main(int(sys.argv[1]))
