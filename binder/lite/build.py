"""Builds a JupyterLite site with the notebooks and simulated labs: static files that any web server can serve.

    python binder/lite/build.py FOLDER
    python -m http.server --bind 127.0.0.1 --directory FOLDER

A notebook opens at its address, `lab/index.html?path=en/05-forward-policy.ipynb`, and runs unchanged: the kernel loads the packages when it
starts. The reader's browser fetches from this site only. Building needs npm, and Python with pip and venv; it takes about a minute.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

PYODIDE = "pyodide@314.0.7"
"""Python for WebAssembly, in the version that jupyterlite-pyodide-kernel 0.8 runs."""

GRAPHVIZ = "@hpcc-js/wasm-graphviz@1.29.2"

WIDGETS = ("anywidget==0.11.0", "jupyterlab-widgets==3.0.17")
"""Half of each runs in the kernel, the other half in the page."""

TOOLS = ("jupyterlite-core==0.8.6", "jupyterlite-pyodide-kernel==0.8.6", "jupyter-server", *WIDGETS)
"""What builds the site."""

KERNEL_NEEDS = ("ipython", "jedi", "micropip", "packaging", "traitlets")
"""These and their dependencies come in the versions that Pyodide lists."""

PACKAGE_NEEDS = ("comm", "graphviz", "ipywidgets==8.1.9", "msgspec", "psygnal", "typing-extensions", "wcwidth", *WIDGETS)
"""What netlab_magic needs and imports in a browser, including dependencies of dependencies."""

KERNEL = ("ipykernel", "piplite", "pyodide_kernel")
"""Wheels that ship inside jupyterlite-pyodide-kernel."""

OVERRIDES = {"@jupyter-notebook/notebook-extension:scroll-output": {"autoScrollOutputs": False}}
"""Long outputs are shown in full; in a scrolling box, pictures would be cut off."""

FOR_PYODIDE = ("--only-binary", ":all:", "--no-deps", "--platform", "pyemscripten_2026_0_wasm32", "--python-version", "3.14")
EXTENSION = "@jupyterlite/pyodide-kernel-extension"


def run(*command: str | Path, folder: Path | None = None) -> str:
    """What a command prints. Raises CalledProcessError, with the command's own error message, if it fails."""
    return subprocess.run([str(word) for word in command], cwd=folder, check=True, capture_output=True, text=True).stdout


def from_npm(package: str, work: Path) -> Path:
    """The folder with the files of an npm package."""
    packed = work / run("npm", "pack", "--silent", package, folder=work).strip()
    with tarfile.open(packed) as archive:
        # Python 3.11 has the filter from 3.11.4 on, and it is used where it is there.
        checked: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        archive.extractall(packed.with_suffix(""), **checked)  # noqa: S202 - what npm packs
    return packed.with_suffix("") / "package"


def canonical(name: str) -> str:
    """A package's name as Pyodide's list spells it."""
    return name.lower().replace("_", "-")


def with_all_they_need(names: Iterable[str], packages: dict[str, Any]) -> set[str]:
    """Packages of Pyodide's list, with all their dependencies."""
    waiting, found = list(names), set[str]()
    while waiting:
        name = canonical(waiting.pop())
        if name in packages and name not in found:
            found.add(name)
            waiting += packages[name]["depends"]
    return found


def listed(wheel: Path) -> dict[str, Any]:
    """A wheel's entry for Pyodide's list. Its dependencies are left out, because every package is loaded anyway."""
    name, version = wheel.name.split("-")[:2]
    return {
        "name": canonical(name),
        "version": version,
        "file_name": wheel.name,
        "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
        "package_type": "package",
        "install_dir": "site",
        "imports": [],
        "depends": [],
    }


def make_pyodide(python: Path, work: Path) -> tuple[Path, list[str]]:
    """A folder with Pyodide and the wheels of all packages, which its list then contains; and their names."""
    pip = (python, "-m", "pip", "--quiet", "--disable-pip-version-check")
    pyodide = from_npm(PYODIDE, work)
    lock_file = pyodide / "pyodide-lock.json"
    lock = json.loads(lock_file.read_text())
    known = lock["packages"]
    pinned = [f"{name}=={known[name]['version']}" for name in sorted(with_all_they_need(KERNEL_NEEDS, known))]
    run(*pip, "download", *FOR_PYODIDE, "--dest", pyodide, *pinned)
    run(*pip, "download", *FOR_PYODIDE, "--dest", pyodide, *PACKAGE_NEEDS)
    data = Path(shutil.copytree(HERE / "kernel", work / "kernel"))
    shutil.copy(from_npm(GRAPHVIZ, work) / "dist/index.js", data / "graphviz.js")
    run(*pip, "wheel", "--no-deps", "--wheel-dir", pyodide, ROOT, data)
    carried = python.parents[1] / "share/jupyter/labextensions" / EXTENSION / "static/pypi"
    for name in KERNEL:
        shutil.copy(next(carried.glob(f"{name}-*.whl")), pyodide)
    lock["packages"] = {entry["name"]: entry for entry in map(listed, sorted(pyodide.glob("*.whl")))}
    lock_file.write_text(json.dumps(lock))
    return pyodide, list(lock["packages"])


def build(site: Path, work: Path) -> None:
    """Builds the site in the folder `site`."""
    venv.create(work / "tools", with_pip=True)
    python = work / "tools/bin/python"
    run(python, "-m", "pip", "--quiet", "--disable-pip-version-check", "install", *TOOLS)
    pyodide, packages = make_pyodide(python, work)
    settings = {
        "pyodideUrl": "./static/pyodide/pyodide.mjs",
        "loadPyodideOptions": {"packages": packages},
        "disablePyPIFallback": True,
    }
    page = {"exposeAppInBrowser": True, "litePluginSettings": {f"{EXTENSION}:kernel": settings}, "settingsOverrides": OVERRIDES}
    contents = work / "contents"
    for language in ("en", "zh-TW"):
        shutil.copytree(ROOT / "notebooks" / language, contents / language)
    how = {"LiteBuildConfig": {"contents": [str(contents)], "output_dir": str(site.absolute())}}
    lite = work / "lite"
    lite.mkdir()
    (lite / "jupyter-lite.json").write_text(json.dumps({"jupyter-lite-schema-version": 0, "jupyter-config-data": page}))
    (lite / "jupyter_lite_config.json").write_text(json.dumps(how))
    run(python, "-m", "jupyter", "lite", "build", "--config", "jupyter_lite_config.json", folder=lite)
    shutil.copytree(pyodide, site / "static/pyodide", dirs_exist_ok=True)


def stop(reason: str) -> None:
    sys.stderr.write(f"The site cannot be built: {reason}\n")
    sys.exit(os.EX_UNAVAILABLE)


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: python binder/lite/build.py FOLDER")
    if not shutil.which("npm"):
        stop("npm is missing; it is needed to download Pyodide and Graphviz (sudo apt-get install npm).")
    with tempfile.TemporaryDirectory() as work:
        try:
            build(Path(sys.argv[1]), Path(work))
        except subprocess.CalledProcessError as failed:
            stop(f"{' '.join(failed.cmd)} failed:\n{failed.stderr}")


if __name__ == "__main__":
    main()
