"""The site of static files in a real browser: notebooks by a link, the panel, pictures, what is missing. Screenshots go to artifacts/."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Page, expect, sync_playwright
from support.browsing import ARTIFACTS, QUIET, REPOSITORY, patient, served

pytestmark = [pytest.mark.browser, pytest.mark.long("the site of static files, in a browser"), pytest.mark.timeout(900)]

NOTEBOOKS = sorted(path.stem for path in (REPOSITORY / "notebooks/en").glob("*.ipynb"))
NO_OUTSIDE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
PICTURED = re.compile(r"^(?:%netlab )?(?:show (?:topology|chains|way)|panel|why (?!.*--predict))", re.MULTILINE)
"""Statements that give a picture."""

KERNEL_IS_IDLE = "() => window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
RUN_ALL = "async () => { await window.jupyterapp.commands.execute('notebook:run-all-cells') }"
CELLS = "() => window.jupyterapp.shell.currentWidget.content.model.toJSON().cells.filter(cell => cell.cell_type === 'code')"
EXECUTE = """async code => {
  const run = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestExecute({ code }), said = [];
  run.onIOPub = ({ content }) => said.push(content.text ?? content.traceback?.join('\\n') ?? '');
  const { content } = await run.done;
  return [content.status, said.join('')];
}"""

DRAWN = """
import json
from netlab_magic import Lab
lab = Lab(engine="simulated")
lab.run("docker install --version 27\\ndocker run web -p 8080:80\\ndocker run c1\\ninternet 8.8.8.8")
shown = [lab.run(statement)._repr_mimebundle_() for statement in ("show topology", "show chains", "show way", "why c1 web:80")]
lab.down()
print(json.dumps([bundle.get("text/html") or bundle["image/svg+xml"] for bundle in shown]))
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> Iterator[str]:
    """Where the site is served: in a folder of its server, as it would be on GitHub Pages."""
    top = tmp_path_factory.mktemp("served")
    site = top / "netlab"
    built = subprocess.run([sys.executable, REPOSITORY / "binder/lite/build.py", site], capture_output=True, text=True, check=False)
    if built.returncode == os.EX_UNAVAILABLE:
        (pytest.fail if os.environ.get("NETLAB_REQUIRE_ALL") == "1" else pytest.skip)(built.stderr)
    assert built.returncode == 0, built.stderr
    with served(top) as address:
        yield f"{address}/netlab"


@pytest.fixture(scope="module")
def browser(address) -> Iterator[Callable[[], Page]]:
    """Gives pages of a browser that reaches the site's server only; it fails in the end if a page has asked for anything else."""
    asked: list[str] = []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=[*QUIET, NO_OUTSIDE])

        def new_page() -> Page:
            context = chromium.new_context(viewport={"width": 1280, "height": 1000})  # a reader who was never here
            context.on("request", lambda request: asked.append(request.url))
            page = context.new_page()
            patient(page)
            return page

        yield new_page
        chromium.close()
    assert any(url.endswith("/static/pyodide/pyodide.asm.wasm") for url in asked), "the kernel's own requests are seen too"
    server = address.removesuffix("netlab")
    assert [url for url in asked if not url.startswith((server, f"blob:{server}", "data:"))] == []


@pytest.fixture
def page(browser) -> Iterator[Page]:
    page = browser()
    yield page
    page.context.close()


@pytest.fixture(scope="module")
def execute(address, browser) -> Iterator[Callable[[str], list[str]]]:
    """Executes code in the kernel of a notebook; gives the status, `ok` or `error`, and what was said."""
    page = opened(browser(), f"{address}/lab/index.html?path=en/04-gateway.ipynb")
    yield lambda code: page.evaluate(EXECUTE, code)
    page.context.close()


def opened(page: Page, link: str) -> Page:
    page.goto(link)
    page.wait_for_selector(".jp-Notebook .jp-CodeCell")
    page.wait_for_function(KERNEL_IS_IDLE)
    return page


def picture(page: Page, name: str) -> None:
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / f"site-{name}.png")


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_opens_by_a_link_and_runs_from_top_to_bottom(address, page, name):
    opened(page, f"{address}/lab/index.html?path=en/{name}.ipynb").evaluate(RUN_ALL)
    cells = page.evaluate(CELLS)
    source = json.loads((REPOSITORY / f"notebooks/en/{name}.ipynb").read_text())
    assert [cell["source"] for cell in cells] == ["".join(c["source"]) for c in source["cells"] if c["cell_type"] == "code"]
    assert all(cell["execution_count"] for cell in cells)
    for cell in cells:
        outputs = json.dumps(cell["outputs"])
        assert not [output for output in cell["outputs"] if output["output_type"] == "error"]
        assert "Traceback" not in outputs
        assert ("<svg" in outputs) >= bool(PICTURED.search(cell["source"])), cell["source"]
    picture(page, name)


def test_the_panel_switches_the_policy_and_its_picture_changes(address, page):
    opened(page, f"{address}/notebooks/index.html?path=en/panel.ipynb").evaluate(RUN_ALL)
    panel = page.locator(".jp-OutputArea-output", has=page.locator("fieldset")).first
    topology = panel.locator("svg[role=img]").first
    expect(topology).to_contain_text("FORWARD DROP")
    panel.scroll_into_view_if_needed()
    picture(page, "panel-drop")
    panel.get_by_role("group", name="FORWARD policy").get_by_role("radio", name="ACCEPT").click()
    expect(topology).to_contain_text("FORWARD ACCEPT")
    expect(panel.get_by_role("status").first).to_contain_text("FORWARD policy ACCEPT")
    assert page.evaluate(EXECUTE, "%netlab $ iptables -S FORWARD")[1].startswith("-P FORWARD ACCEPT\n")
    picture(page, "panel-accept")
    assert page.evaluate(EXECUTE, "%netlab policy FORWARD DROP")[0] == "ok"
    expect(topology).to_contain_text("FORWARD DROP")
    expect(panel.get_by_role("status").first).to_contain_text("The lab has changed.")
    panel.get_by_role("button", name="Send").click()
    expect(panel.locator(".nl-steps li").first).to_be_visible()
    assert "Traceback" not in page.content()
    picture(page, "panel-packet")


def test_a_link_opens_a_console_too(address, page):
    code = quote("%load_ext netlab_magic\n%netlab up")
    page.goto(f"{address}/repl/index.html?kernel=python&code={code}")
    expect(page.locator(".jp-CodeConsole .jp-OutputArea-output").first).to_contain_text("The lab is up, simulated")


def test_pictures_have_the_parts_that_dot_draws(execute):
    status, there = execute(DRAWN)
    assert status == "ok", there
    here = subprocess.run([sys.executable, "-c", DRAWN], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    assert [parts(shown) for shown in json.loads(there)] == [parts(shown) for shown in json.loads(here)]


def parts(shown: str) -> list[Counter[object]]:
    """For each picture how often it has what, in which group.

    Graphviz's releases differ in the order within a group, and in whether no colour is `none` or `transparent`.
    """
    return [Counter(parts_of(ElementTree.fromstring(svg))) for svg in re.findall(r"<svg.*?</svg>", shown, re.DOTALL)]  # noqa: S314 - ours


def parts_of(root: ElementTree.Element) -> Iterator[object]:
    for group in root.iter():
        for part in group:
            colours = [(part.get(side) or "").replace("transparent", "none") for side in ("fill", "stroke")]
            yield group.get("id"), group.get("class"), part.tag, *colours, (part.text or "").strip()


@pytest.mark.parametrize("asked", ["import numpy", "import numpy.linalg as la", "%pip install numpy"])
def test_what_the_site_does_not_have_is_named_in_one_sentence(execute, asked):
    assert execute(asked) == ["error", "NetlabError: numpy is not part of this site, which fetches nothing from elsewhere."]


def test_the_doctor_says_what_draws_and_asks_for_no_program(execute):
    status, said = execute("%load_ext netlab_magic\nprint(get_ipython().run_line_magic('netlab', 'doctor'))")
    assert status == "ok"
    assert re.search(r"✓ pictures: drawn by Graphviz [\d.]+ as WebAssembly", said)
    assert "apt-get" not in said
