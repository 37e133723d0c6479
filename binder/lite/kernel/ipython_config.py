"""What IPython reads as a kernel of the site starts."""

import sys

c = get_config()  # type: ignore[name-defined]  # noqa: F821 - IPython defines it
c.InteractiveShellApp.extensions = ["netlab_magic.jupyter.browser"]

# Each look into the notebook's folder asks the page, which takes long: the packages are searched before it.
c.InteractiveShellApp.ignore_cwd = True
sys.path.remove("")
sys.path.append("")
