"""A JupyterLab of our own and a real browser, for the tests that look at pages. Screenshots go to artifacts/."""

import contextlib
import functools
import http.server
import os
import secrets
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Page, expect, sync_playwright
from support.labs import hosts_of_labs
from support.waiting import until

REPOSITORY = Path(__file__).parents[2]
ARTIFACTS = REPOSITORY / "artifacts"
QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


PATIENCE = 150_000
"""Milliseconds."""


class _Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files and logs nothing."""

    def log_message(self, *_: object) -> None: ...


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serves a folder of files on a free port of this machine; gives its address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=folder))
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    serving.join()
    server.server_close()


class Jupyter:
    """A JupyterLab server of our own, with folders of its own, on a free port of this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.token = secrets.token_hex(16)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        settings = folder / "config" / "labconfig"
        settings.mkdir(parents=True)
        (settings / "page_config.json").write_text('{"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": true}}')
        environment = {
            **os.environ,
            "HOME": str(folder),
            "IPYTHONDIR": str(folder / "ipython"),
            "JUPYTER_CONFIG_DIR": str(folder / "config"),
            "JUPYTER_DATA_DIR": str(folder / "data"),
            "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
            "JUPYTER_PREFER_ENV_PATH": "1",
            "PYTHONPATH": str(REPOSITORY),
        }
        options = [
            f"--ServerApp.port={self.port}",
            f"--ServerApp.root_dir={folder}",
            f"--IdentityProvider.token={self.token}",
            "--ServerApp.ip=127.0.0.1",
            "--ServerApp.port_retries=0",
            "--LabApp.expose_app_in_browser=True",
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
            "--LabApp.extension_manager=readonly",
        ]
        self.log = (folder / "server.log").open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", *options],
            env=environment,
            stdout=self.log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._wait()

    def _wait(self) -> None:
        for _ in range(1000):
            with contextlib.suppress(urllib.error.URLError, ConnectionError):
                urllib.request.urlopen(f"{self.address}/api?token={self.token}", timeout=2).close()
                return
            assert self.process.poll() is None, (self.folder / "server.log").read_text()
            time.sleep(0.1)
        self.stop()
        pytest.fail("JupyterLab did not start")

    def notebook(self, name: str, *cells: str) -> str:
        """Writes a notebook and gives its address."""
        made = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
        made.cells = [nbformat.v4.new_code_cell(source) for source in cells]
        nbformat.write(made, self.folder / f"{name}.ipynb")
        return f"{self.address}/lab/tree/{name}.ipynb?reset&token={self.token}"

    def stop(self) -> None:
        request = urllib.request.Request(f"{self.address}/api/shutdown", method="POST", headers={"Authorization": f"token {self.token}"})
        with contextlib.suppress(OSError):
            urllib.request.urlopen(request, timeout=5).close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    before = hosts_of_labs()
    server = Jupyter(tmp_path_factory.mktemp("jupyter"))
    yield server
    server.stop()
    assert until(lambda: hosts_of_labs() <= before)


@pytest.fixture(scope="module")
def browser_page(jupyter: Jupyter) -> Iterator[tuple[Page, list[str]]]:
    outside: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(QUIET))
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        patient(page)
        own = (jupyter.address, jupyter.address.replace("http", "ws"), "data:", "blob:")
        page.on("request", lambda request: outside.append(request.url) if not request.url.startswith(own) else None)
        yield page, outside
        browser.close()


def patient(page: Page) -> None:
    """What a page waits for may take its time: on a busy machine a kernel starts in a minute."""
    page.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)


def open_and_run(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_selector(".jp-Notebook .jp-CodeCell")
    page.wait_for_function(
        "() => window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
    )
    command(page, "notebook:run-all-cells")


def command(page: Page, name: str) -> None:
    page.evaluate("name => { window.jupyterapp.commands.execute(name) }", name)


def picture(page: Page, name: str) -> None:
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / f"{name}.png")
