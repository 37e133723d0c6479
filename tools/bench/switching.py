"""The policy switch as a person sees it: from the click in a real browser to the frame in which the topology has been painted anew."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory

from measure import Contestant, unavailable
from support.labs import SEED

__all__ = ["switch_in_the_browser"]

_CELLS = ("%load_ext netlab_magic\n%netlab --quiet up", f"%%netlab --quiet\n{SEED}", "%netlab panel")
_CLICK = """async verdict => {
    const panel = document.querySelector(".netlab-panel"), topology = panel.querySelector(".nl-picture");
    const switched = panel.querySelector(`input[data-key=FORWARD-${verdict}]`);
    if (switched.checked) return 0;
    const before = topology.dataset.painted, started = performance.now();
    switched.click();
    while (topology.dataset.painted === before) await new Promise(resolve => setTimeout(resolve, 1));
    await new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve, 0)));
    return performance.now() - started;
}"""
_REST_MS = 700


@contextmanager
def switch_in_the_browser(quick: bool) -> Iterator[Sequence[Contestant]]:
    """JupyterLab's panel of the seed lab: to ACCEPT, after which its four flows pass, and to DROP, after which they are blocked."""
    if which("chromium") is None:
        yield [unavailable("ACCEPT", "no chromium"), unavailable("DROP", "no chromium")]
        return
    from playwright.sync_api import sync_playwright
    from support.browsing import QUIET, Jupyter, open_and_run

    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        jupyter = Jupyter(Path(folder))
        try:
            browser = playwright.chromium.launch(executable_path=which("chromium"), args=list(QUIET))
            page = browser.new_page(viewport={"width": 1280, "height": 1000})
            open_and_run(page, jupyter.notebook("bench", *_CELLS))
            page.wait_for_selector(".netlab-panel td.nl-ok", timeout=60_000)

            def switch(verdict: str) -> float:
                other = "ACCEPT" if verdict == "DROP" else "DROP"
                for wanted in (other, verdict):
                    page.wait_for_timeout(_REST_MS)
                    taken = float(page.evaluate(_CLICK, wanted))
                return taken

            yield [Contestant("ACCEPT", lambda: switch("ACCEPT")), Contestant("DROP", lambda: switch("DROP"))]
            browser.close()
        finally:
            jupyter.stop()
