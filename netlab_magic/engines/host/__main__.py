"""`python -m netlab_magic.engines.host WAY FIREWALL NAME PARENT`: serves one lab on descriptors 0 and 1, in its own namespaces.

WAY is user or root.
"""

import sys

from netlab_magic.engines.host.process.isolation import enter

__all__: list[str] = []

if __name__ == "__main__":
    way, firewall, name, parent = sys.argv[1:5]
    try:
        pid = enter(way, int(parent))
    except OSError as error:
        from netlab_magic.engines.host.process.channel import refuse_start

        refuse_start(error)
    # Imported only now: whatever is imported before the fork would be in memory twice.
    from netlab_magic.engines.host.server import serve

    serve(pid, way, firewall, name)
