"""`python -m netlab_magic`: the command line, also installed as `netlab-magic`."""

import sys

from netlab_magic.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
