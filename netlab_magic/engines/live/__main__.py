"""`python -m netlab_magic.engines.live TARGET PARENT`: looks at a machine for the process PARENT, over standard input and output.

TARGET is host, a PID or container:NAME.
"""

import sys

from netlab_magic.engines.host.process.channel import refuse_start
from netlab_magic.engines.live.answering import look
from netlab_magic.engines.live.joining import join

__all__: list[str] = []

if __name__ == "__main__":
    target, parent = sys.argv[1:3]
    try:
        machine = join(target, int(parent))
    except OSError as error:
        refuse_start(error)
    look(machine, target)
