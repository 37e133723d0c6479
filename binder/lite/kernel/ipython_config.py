"""IPython reads this when one of the site's kernels starts."""

import sys

c = get_config()  # type: ignore[name-defined]  # noqa: F821 - IPython defines it
c.InteractiveShellApp.extensions = ["netlab_magic.jupyter.browser"]

# Every look into the notebook's folder has to ask the page, which is slow, so the packages are searched first.
c.InteractiveShellApp.ignore_cwd = True
sys.path.remove("")
sys.path.append("")
