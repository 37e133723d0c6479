"""Imports python-iptables for a fraction of its usual cost in time.

`iptc` asks `ldconfig` and a C compiler where its libraries are, unless the environment says so. A lab host must start in a few hundredths
of a second and stay small, because a classroom runs thirty of them.
"""

import importlib
import importlib.util
import os
import sysconfig
from pathlib import Path
from typing import Any

__all__ = ["import_iptc"]


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
