"""`python -m netlab_magic.jupyter.demo`: runs the tutorial's notebook on the real kernel, prints its story, and writes an HTML report."""

import argparse
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from netlab_magic.errors import NetlabError
from netlab_magic.teaching.lab import Lab

__all__ = ["DemoFailed", "Story", "main"]

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / "notebooks/en/05-forward-policy.ipynb"

_SECONDS_A_CELL = 120
_WIDGET = "application/vnd.jupyter.widget-view+json"
_PAGE = """
{%- extends 'lab/index.html.j2' -%}
{%- block html_head_js -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
{%- block extra_css -%}
<style>
:root { color-scheme: only light }
body.jp-Notebook { max-width: 66rem; margin: 0 auto; padding: 1rem }
.jp-RenderedHTMLCommon { font-size: 15px }
img { max-width: 100%; height: auto }
</style>
{%- endblock -%}
"""
"""JupyterLab's page without the scripts that it would fetch from elsewhere (require.js, MathJax, Mermaid): this page needs none of them."""


class DemoFailed(Exception):
    """The demo could not run, or did not finish; the reason in one sentence."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the demo and returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        _run(options.firewall, options.output)
    except DemoFailed as failure:
        sys.stderr.write(f"netlab demo: {failure}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nnetlab demo: stopped; the lab has left nothing behind.\n")
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="netlab demo",
        description="Runs the notebook about the FORWARD policy on the real kernel, and writes a report for your browser.",
        epilog=(
            "The report is the only thing that stays: one file, which the next run replaces. The lab has a network of its own and ends "
            "with the demo; your machine's network is not touched, and no packet leaves the machine."
        ),
    )
    parser.add_argument("--firewall", choices=["auto", "legacy", "nft"], default="auto", help="which variant of iptables to use")
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="where to write the report (artifacts/netlab-demo.html next to the sources; ~/.cache/netlab_magic/ if that is not writable)",
    )
    return parser


def _run(firewall: str, output: Path | None) -> None:
    if not NOTEBOOK.exists():
        raise DemoFailed(f"the notebook is not part of an installed package: run the demo in a copy of the project's sources ({NOTEBOOK})")
    report = _writable(output)
    _say(_lab_here(firewall))
    notebook, failure = _executed(firewall)
    try:
        report.write_text(_page(notebook), encoding="utf-8")
    except OSError as error:
        raise DemoFailed(f"cannot write {report}: {error.strerror}") from None
    _say(f"\nThe report is here: {report.resolve().as_uri()}")
    if failure:
        raise DemoFailed(failure)
    _say("To try it yourself in JupyterLab: ./netlab lab")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _writable(output: Path | None) -> Path:
    """The report's path, in a folder that exists and is writable. Raises DemoFailed."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    candidates = [output] if output else [ROOT / "artifacts/netlab-demo.html", cache / "netlab_magic/netlab-demo.html"]
    for path in candidates:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(path if path.exists() else path.parent, os.W_OK) and not path.is_dir():
            return path
    raise DemoFailed(f"cannot write {candidates[-1]}; choose another file with --output FILE")


def _lab_here(firewall: str) -> str:
    """Starts and ends a lab to make sure that the demo can run here; returns what the lab says about itself. Raises DemoFailed."""
    try:
        with Lab("demo", firewall) as lab:
            introduction = str(lab.up())
            notes = lab.engine.ready.notes
    except NetlabError as error:
        raise DemoFailed(f"{error}\n\n{Lab().doctor()}") from None
    if notes:
        raise DemoFailed(f"the demo cannot run here: {'; '.join(notes)}")
    return introduction


# --- running the notebook ------------------------------------------------------------------------------------------------


def _executed(firewall: str) -> tuple[Any, str]:
    """The notebook with its outputs, and why it stopped early ("" if it did not). Raises DemoFailed."""
    try:
        import nbformat
        from nbclient import NotebookClient
        from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
    except ImportError as error:
        raise DemoFailed(f"running notebooks needs {error.name}; install it with: pip install 'netlab-magic[lab]'") from None
    story = Story()
    notebook: Any = nbformat.from_dict(nbformat.reader.reads(NOTEBOOK.read_text(encoding="utf-8")))  # type: ignore[no-untyped-call]
    for cell in notebook.cells:
        cell.update({"outputs": []} if cell.cell_type == "code" else {})  # those of its last run here are no part of the report
    with tempfile.TemporaryDirectory(prefix="netlab-demo-") as folder:
        client = NotebookClient(
            notebook,
            km=_kernel(folder),
            timeout=_SECONDS_A_CELL,
            store_widget_state=False,
            on_cell_start=lambda cell, **_: _tell(story.begin(cell)),
            on_cell_executed=lambda cell, **_: _tell(story.end(cell)),
            resources={"metadata": {"path": folder}},
        )
        try:
            client.execute(cleanup_kc=True, env=_environment(firewall, folder))
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            return notebook, f"the notebook stopped: {_why(notebook) or error}"
    return notebook, ""


def _kernel(folder: str) -> Any:
    """A kernel that runs this same Python, whatever kernels the user has installed; it communicates through sockets in a private folder."""
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager

    specs = KernelSpecManager(kernel_dirs=[])
    return AsyncKernelManager(
        kernel_name="python3", kernel_spec_manager=specs, transport="ipc", connection_file=str(Path(folder) / "kernel.json")
    )


def _environment(firewall: str, folder: str) -> dict[str, str]:
    """The environment of the kernel's process: this package, the firewall variant, and a folder for IPython that is deleted afterwards."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    return {**os.environ, "NETLAB_FIREWALL": firewall, "IPYTHONDIR": folder, "PYTHONPATH": path}


def _why(notebook: Any) -> str:
    """The sentence of the cell that failed."""
    failed = [output for cell in notebook.cells for output in cell.get("outputs", ()) if output.output_type == "error"]
    return f"{failed[-1].ename}: {failed[-1].evalue}" if failed else ""


# --- the story in the terminal -------------------------------------------------------------------------------------------


def _tell(lines: Iterator[str]) -> None:
    width = shutil.get_terminal_size((110, 24)).columns
    for line in lines:
        _say(line if len(line) <= width else f"{line[: width - 1]}…")


class Story:
    """Turns a running notebook into short lines; a heading is held back until there is something to print under it."""

    def __init__(self) -> None:
        self._heading = ""

    def begin(self, cell: Any) -> Iterator[str]:
        """What to print when a cell begins: a code cell's commands."""
        for line in cell.source.splitlines():
            if cell.cell_type == "markdown" and line.startswith("## "):
                self._heading = line.removeprefix("## ")
            elif cell.cell_type == "code" and line.startswith("sudo "):
                yield from self._with_heading(f"  $ {line.partition(' || ')[0]}")

    def end(self, cell: Any) -> Iterator[str]:
        """What to print when a cell has ended: what its statements did, and what its pings found."""
        for output in cell.get("outputs", ()):
            text = output.get("text", "") or output.get("data", {}).get("text/plain", "")
            for line in text.splitlines():
                if line.startswith("+ "):
                    yield from self._with_heading(f"  {line.partition(': ')[0]}")
                elif line.startswith(("= ", "✓ ", "✕ ")):
                    yield from self._with_heading(f"  {line.partition(' (')[0]}")
                elif "packet loss" in line:
                    yield f"    {line.partition(', time')[0]}"

    def _with_heading(self, line: str) -> Iterator[str]:
        if self._heading:
            yield f"\n{self._heading}"
            self._heading = ""
        yield line


# --- the report ----------------------------------------------------------------------------------------------------------


def _page(notebook: Any) -> str:
    """The notebook as one HTML page that needs nothing from elsewhere."""
    from nbconvert import HTMLExporter

    notebook.cells.insert(1, _note())
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            # Without a kernel, a page cannot draw a widget; the same bundle has what the panel shows instead.
            output.get("data", {}).pop(_WIDGET, None)
    exporter = HTMLExporter(raw_template=_PAGE)  # type: ignore[no-untyped-call]
    page, _ = exporter.from_notebook_node(notebook)
    return str(page)


def _note() -> Any:
    from nbformat.v4 import new_markdown_cell

    when = datetime.now().astimezone()
    text = (
        f"> Report of {when:%Y-%m-%d %H:%M}, created by `./netlab demo` on Linux {platform.release()}. Every packet in it is real. "
        "To try things yourself, open the notebook: `./netlab lab`."
    )
    return new_markdown_cell(text, id="report")  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    sys.exit(main())
