"""Runs a notebook as a reader would run it, in a fresh kernel."""

import os
import tempfile
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

from lessons.outputs import kept

__all__ = ["executed"]

ROOT = Path(__file__).parents[2]
SECONDS_A_CELL = 120


def executed(made: Any, language: str, firewall: str = "legacy") -> Any:
    """A notebook with the outputs of a run, in a folder that is called as its language is. Raises CellExecutionError."""
    with tempfile.TemporaryDirectory(prefix="l") as folder:
        here = Path(folder) / language
        here.mkdir()
        manager = AsyncKernelManager(
            kernel_name="python3",
            kernel_spec_manager=KernelSpecManager(kernel_dirs=[]),
            transport="ipc",
            connection_file=f"{folder}/k.json",
        )
        environment = {**os.environ, "NETLAB_FIREWALL": firewall, "IPYTHONDIR": folder, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}
        client = NotebookClient(made, km=manager, timeout=SECONDS_A_CELL, record_timing=False, resources={"metadata": {"path": str(here)}})
        client.execute(cleanup_kc=True, env=environment)
    for cell in made.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = kept(cell.outputs), None
    made.metadata.pop("widgets", None)
    made.metadata.language_info = {"name": "python"}
    return made
