"""Makes a JupyterLite site with the notebooks and the simulated engine: static files, which need no server and nothing from outside.

    python -m pip install jupyterlite-core jupyterlite-pyodide-kernel jupyter-server
    python binder/lite/build.py FOLDER
    python -m http.server --directory FOLDER

Needs npm, from which Pyodide comes, and pip, from which the packages come; a reader's browser needs neither. In a notebook there,
before its first cell: `import piplite; await piplite.install("netlab_magic")`.
"""

import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PYODIDE = "pyodide@314.0.7"
"""The version that jupyterlite-pyodide-kernel 0.8 runs: Python 3.14 for WebAssembly."""

PYTHON = ("--python-version", "3.14", "--only-binary", ":all:", "--no-deps")
WEBASSEMBLY = ("--platform", "pyemscripten_2026_0_wasm32", "--implementation", "cp", "--abi", "cp314")
KERNEL_NEEDS = ("ipython", "jedi", "micropip", "packaging", "traitlets")
OURS_NEEDS = ("anywidget", "comm", "graphviz", "ipywidgets", "jupyterlab-widgets", "psygnal", "typing-extensions")


def pip(*words: str) -> None:
    """Runs pip, and stops where it fails."""
    subprocess.run([sys.executable, "-m", "pip", "--quiet", *words], check=True)


def with_all_they_need(lock: dict[str, Any], names: tuple[str, ...]) -> Iterator[str]:
    """The packages of Pyodide's list that these need, themselves included."""
    waiting, seen = list(names), set[str]()
    while waiting:
        name = waiting.pop().lower().replace("_", "-")
        if name in lock["packages"] and name not in seen:
            seen.add(name)
            waiting += lock["packages"][name]["depends"]
            yield name


def fetch_pyodide(work: Path) -> Path:
    """Pyodide with the packages that its kernel needs, and msgspec, as a tarball; its list names these files and no others."""
    packed = subprocess.run(["npm", "pack", "--silent", PYODIDE], cwd=work, check=True, capture_output=True, text=True).stdout.strip()
    with tarfile.open(work / packed) as archive:
        archive.extractall(work, filter="data")
    folder = (work / "package").rename(work / "pyodide")
    listed = folder / "pyodide-lock.json"
    lock = json.loads(listed.read_text())
    names = sorted(with_all_they_need(lock, KERNEL_NEEDS))
    pip("download", *PYTHON, "-d", str(folder), *(f"{name}=={lock['packages'][name]['version']}" for name in names))
    pip("download", *PYTHON, *WEBASSEMBLY, "-d", str(folder), "msgspec")
    lock["packages"] = {name: located(lock["packages"][name], folder) for name in (*names, "msgspec")}
    listed.write_text(json.dumps(lock))
    tarball = work / "pyodide.tar.bz2"
    with tarfile.open(tarball, "w:bz2") as archive:
        archive.add(folder, arcname="pyodide")
    return tarball


def located(entry: dict[str, Any], folder: Path) -> dict[str, Any]:
    """A package's entry in Pyodide's list, for the wheel that is there."""
    stem = entry["name"].lower().replace("-", "_")
    wheel = next(path for path in folder.glob("*.whl") if path.name.lower().startswith(f"{stem}-"))
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return {**entry, "file_name": wheel.name, "sha256": digest, "version": wheel.name.split("-")[1]}


def build(site: Path, work: Path) -> None:
    """Makes the site in the folder `site`."""
    wheels = work / "wheels"
    pip("wheel", "--no-deps", "-w", str(wheels), str(ROOT))
    pip("download", *PYTHON, "--platform", "any", "-d", str(wheels), *OURS_NEEDS)
    settings = {
        "LiteBuildConfig": {"contents": [str(ROOT / "notebooks/en")], "output_dir": str(site.absolute())},
        "PyodideAddon": {"pyodide_url": str(fetch_pyodide(work))},
        "PipliteAddon": {"piplite_urls": [str(wheel) for wheel in sorted(wheels.glob("*-none-any.whl"))]},
    }
    folder = work / "lite"
    folder.mkdir()
    (folder / "jupyter_lite_config.json").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "jupyter", "lite", "build", "--config", "jupyter_lite_config.json"]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python binder/lite/build.py FOLDER")
    with tempfile.TemporaryDirectory() as folder:
        build(Path(sys.argv[1]), Path(folder))
