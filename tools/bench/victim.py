"""A notebook kernel to be killed: builds, probes, runs commands and starts servers, again and again, until that happens."""

import itertools
import sys

from scripts import SEED_CELL

from netlab_magic import Lab

__all__: list[str] = []


def _main() -> None:
    lab = Lab()
    for number in itertools.count():
        lab.run(SEED_CELL)
        lab.run("serve ns0 80\nmatrix\ntcp ns1 ns0:80")
        lab.shell("sleep 1000 &\nip netns exec ns1 ping -c 1 172.18.1.1 >/dev/null; setsid sleep 1000 >/dev/null 2>&1 &")
        lab.run("policy FORWARD DROP\nshow rules\nsnapshot before\ndelete ns1")
        if number % 2:
            lab.reset()
        else:
            lab.restore("before")


if __name__ == "__main__":
    sys.exit(_main())
