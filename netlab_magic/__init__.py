"""netlab_magic: learn, teach and debug Linux container networking in a notebook, on the real kernel.

In a notebook: `%load_ext netlab_magic`, then `%%netlab` cells. In Python: `from netlab_magic import Lab`.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from netlab_magic.errors import NetlabError
    from netlab_magic.session.lab import Lab

__all__ = ["Lab", "NetlabError", "load_ipython_extension", "unload_ipython_extension"]


def __getattr__(name: str) -> Any:
    if name == "Lab":
        from netlab_magic.session.lab import Lab

        return Lab
    if name == "NetlabError":
        from netlab_magic.errors import NetlabError

        return NetlabError
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def load_ipython_extension(shell: "InteractiveShell") -> None:
    """Registers `%netlab`, `%%netlab` and their completion; loading twice changes nothing."""
    from netlab_magic.jupyter.magics import load

    load(shell)


def unload_ipython_extension(shell: "InteractiveShell") -> None:
    """Takes the magics and their completion away again, and says which labs are still up."""
    from netlab_magic.jupyter.magics import unload

    unload(shell)
