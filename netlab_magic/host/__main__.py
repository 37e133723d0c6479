"""`python -m netlab_magic.host WAY FIREWALL NAME PARENT`: enters namespaces of its own, then serves one lab on descriptors 0 and 1."""

import sys

from netlab_magic.host.isolate import enter

__all__: list[str] = []

if __name__ == "__main__":
    way, firewall, name, parent = sys.argv[1:5]
    try:
        pid = enter(way, int(parent))
    except OSError as error:
        sys.exit(f"netlab-host: {error.strerror}")
    # Only now the rest: what is imported before the fork would be in memory twice.
    from netlab_magic.host.serve import serve

    serve(pid, way, firewall, name)
