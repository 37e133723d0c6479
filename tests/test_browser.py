"""A real JupyterLab in a real browser: cells, the stop button, pictures, and the panel's switch. Screenshots go to artifacts/."""

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from labs import SEED, hosts_of_labs
from playwright.sync_api import Page, expect, sync_playwright

pytestmark = [pytest.mark.browser, pytest.mark.kernel]

REPOSITORY = Path(__file__).parents[1]
ARTIFACTS = REPOSITORY / "artifacts"
QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)

CELLS = {
    "build": "%load_ext netlab_magic\n%netlab --quiet up",
    "seed": f"%%netlab\n{SEED}\nmatrix",
    "topology": "%netlab show topology",
    "chains": "%netlab show chains",
    "panel": "%netlab panel",
}


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
        for _ in range(300):
            with contextlib.suppress(urllib.error.URLError, ConnectionError):
                urllib.request.urlopen(f"{self.address}/api?token={self.token}", timeout=2).close()
                return
            assert self.process.poll() is None, (self.folder / "server.log").read_text()
            time.sleep(0.1)
        pytest.fail("JupyterLab did not start")

    def notebook(self, name: str, *cells: str) -> str:
        """Writes a notebook and gives its address."""
        made = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
        made.cells = [nbformat.v4.new_code_cell(source) for source in cells]
        nbformat.write(made, self.folder / f"{name}.ipynb")
        return f"{self.address}/lab/tree/{name}.ipynb?reset&token={self.token}"

    def stop(self) -> None:
        request = urllib.request.Request(
            f"{self.address}/api/shutdown", method="POST", headers={"Authorization": f"token {self.token}"}
        )
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
    deadline = time.monotonic() + 5
    while hosts_of_labs() - before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert hosts_of_labs() - before == set()


@pytest.fixture(scope="module")
def browser_page(jupyter: Jupyter) -> Iterator[tuple[Page, list[str]]]:
    outside: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(QUIET))
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        own = (jupyter.address, jupyter.address.replace("http", "ws"), "data:", "blob:")
        page.on("request", lambda request: outside.append(request.url) if not request.url.startswith(own) else None)
        yield page, outside
        browser.close()


def open_and_run(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_selector(".jp-Notebook .jp-CodeCell")
    page.wait_for_function(
        "() => window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'", timeout=60_000
    )
    command(page, "notebook:run-all-cells")


def command(page: Page, name: str) -> None:
    page.evaluate("name => { window.jupyterapp.commands.execute(name) }", name)


def picture(page: Page, name: str) -> None:
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / f"{name}.png")


def test_the_switch_breaks_connectivity_and_brings_it_back(jupyter: Jupyter, browser_page: tuple[Page, list[str]]) -> None:
    page, outside = browser_page
    open_and_run(page, jupyter.notebook("switch", *CELLS.values()))
    status = page.get_by_role("status").last
    expect(status).to_contain_text("FORWARD policy ACCEPT: 4 of 4 flows are answered", timeout=60_000)
    picture(page, "accept")
    page.get_by_role("button", name="DROP").click()
    expect(status).to_contain_text("iptables -P FORWARD DROP\nFORWARD policy DROP: 0 of 4 flows are answered", timeout=10_000)
    panel = page.locator(".jupyter-widgets.widget-box").first
    expect(panel.locator("svg").first).to_contain_text("DROP")
    panel.scroll_into_view_if_needed()
    picture(page, "drop")
    page.get_by_role("button", name="ACCEPT").focus()
    page.keyboard.press("Space")
    expect(status).to_contain_text("4 of 4 flows are answered", timeout=10_000)
    page.evaluate("() => window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})")
    page.wait_for_selector("body[data-jp-theme-light=false]", state="attached")
    page.wait_for_selector("#jupyterlab-splash", state="detached")
    picture(page, "dark")
    page.evaluate("() => window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Light'})")
    assert outside == []


def test_the_stop_button_stops_a_ping_and_leaves_the_lab(jupyter: Jupyter, browser_page: tuple[Page, list[str]]) -> None:
    page, _ = browser_page
    ping = "%netlab $ ip netns exec ns1 ping 172.18.0.2"
    open_and_run(page, jupyter.notebook("stop", "%load_ext netlab_magic", f"%%netlab\n{SEED}", ping))
    outputs = page.locator(".jp-CodeCell").nth(2).locator(".jp-OutputArea")
    expect(outputs).to_contain_text("icmp_seq=2", timeout=60_000)
    command(page, "notebook:interrupt-kernel")
    expect(outputs).to_contain_text("packets transmitted", timeout=5_000)
    expect(outputs).to_contain_text("Interrupted: stopped; the lab is still up", timeout=5_000)
    picture(page, "stopped")


def test_a_mistake_is_a_sentence_with_a_caret(jupyter: Jupyter, browser_page: tuple[Page, list[str]]) -> None:
    page, _ = browser_page
    open_and_run(page, jupyter.notebook("mistake", "%load_ext netlab_magic", "%%netlab\nbridge br0\nns ns0 on brr0", "print('never')"))
    output = page.locator(".jp-CodeCell").nth(1).locator(".jp-OutputArea")
    expect(output).to_contain_text("there is no bridge brr0; did you mean br0?", timeout=60_000)
    expect(output).to_contain_text("line 2: ns ns0 on brr0")
    expect(output).not_to_contain_text("Traceback")
    expect(page.locator(".jp-CodeCell").nth(2).locator(".jp-OutputArea-output")).to_have_count(0)
    picture(page, "mistake")


def test_hovering_explains_a_rule_and_a_difference_is_side_by_side(jupyter: Jupyter, browser_page: tuple[Page, list[str]]) -> None:
    page, _ = browser_page
    cells = ["%load_ext netlab_magic", "%netlab docker install --version 27", "%netlab show chains FORWARD", "%netlab diff"]
    open_and_run(page, jupyter.notebook("docker", *cells))
    drawn = page.locator(".jp-CodeCell").nth(2).locator(".jp-OutputArea svg[role=img]")
    expect(drawn).to_contain_text("DOCKER-ISOLATION-STAGE-1", timeout=60_000)
    tips = drawn.locator("title").all_text_contents()
    assert any("-o docker0 -j DOCKER" in tip and "Matches packets that leave through docker0." in tip for tip in tips)
    picture(page, "docker-chains")
    compared = page.locator(".jp-CodeCell").nth(3).locator("table.diff")
    expect(compared).to_contain_text("table filter, chain FORWARD: policy ACCEPT → DROP")
    expect(compared.locator("td.came")).to_have_count(15)
    compared.scroll_into_view_if_needed()
    picture(page, "docker-diff")
