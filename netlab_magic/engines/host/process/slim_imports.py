"""Imports the two libraries of the host process for a fraction of their usual cost in time and memory.

Both packages pull in far more than is used here: `pyroute2/__init__` imports its whole API (110 ms, 20 MB, of which the netlink
message classes are 4 MB), and `iptc` asks `ldconfig` and a C compiler where its libraries are unless the environment says so.
A lab host must start in a few hundredths of a second and stay small, because a classroom runs thirty of them.
"""

import importlib
import importlib.util
import os
import sys
import sysconfig
import types
from pathlib import Path
from typing import Any

__all__ = ["import_iptc", "import_pyroute2"]


def import_pyroute2(*modules: str) -> list[Any]:
    """The named submodules of pyroute2, without running `pyroute2/__init__`."""
    if "pyroute2" not in sys.modules:
        spec = importlib.util.find_spec("pyroute2")
        if spec is None or spec.submodule_search_locations is None:
            raise ModuleNotFoundError("No module named 'pyroute2'", name="pyroute2")
        package = types.ModuleType("pyroute2")
        package.__path__ = list(spec.submodule_search_locations)
        sys.modules["pyroute2"] = package
    return [importlib.import_module(f"pyroute2.{module}") for module in modules]


def _library_folders() -> list[Path]:
    multiarch = sysconfig.get_config_var("MULTIARCH") or ""
    return [folder for folder in (Path("/usr/lib") / multiarch, Path("/usr/lib64"), Path("/usr/lib"), Path("/lib")) if folder.is_dir()]


def import_iptc() -> Any:
    """The python-iptables package. Raises ImportError, or the package's own error, where it cannot work."""
    spec = importlib.util.find_spec("iptc")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("No module named 'iptc'", name="iptc")
    folders = _library_folders()
    extensions = next((folder / "xtables" for folder in folders if (folder / "xtables").is_dir()), None)
    versions = sorted(library.suffix[1:] for folder in folders for library in folder.glob("libxtables.so.[0-9][0-9]"))
    os.environ["IPTABLES_LIBDIR"] = os.pathsep.join([str(Path(spec.origin).parent.parent), *map(str, folders)])
    if extensions:
        os.environ["XTABLES_LIBDIR"] = str(extensions)
    if versions:
        os.environ["PYTHON_IPTABLES_XTABLES_VERSION"] = versions[-1]
    return importlib.import_module("iptc")
