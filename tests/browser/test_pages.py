"""The site of lessons and reference: built without a warning, every link leads somewhere, nothing is asked of other servers."""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlparse

import pytest
from playwright.sync_api import Page, expect, sync_playwright
from support.browsing import ARTIFACTS, QUIET, REPOSITORY, served

MISSING = not importlib.util.find_spec("sphinx") and os.environ.get("NETLAB_REQUIRE_ALL") != "1"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.long("the site of lessons and reference, in a browser"),
    pytest.mark.timeout(900),
    pytest.mark.skipif(MISSING, reason="Sphinx is not installed; ./netlab test --all does it"),
]

LANGUAGES = ("en", "zh-TW")
FOUND = {"en": ("conntrack", "masquerade"), "zh-TW": ("橋接器", "命名空間")}


class Links(HTMLParser):
    """What a page links to, and the anchors that it has."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        self.targets += [given[name] for name in ("href", "src") if name in given and tag in ("a", "link", "script", "img")]


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The built site."""
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run([sys.executable, REPOSITORY / "docs" / "build.py", folder], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return folder


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    with served(site) as address:
        yield address


def links_of(page: Path) -> Links:
    found = Links()
    found.feed(page.read_text())
    return found


def pages_of(site: Path, lang: str) -> list[Path]:
    """The pages for readers; the theme leaves templates beside its files, and Sphinx a search page that nothing leads to."""
    pages = sorted((site / lang).rglob("*.html"))
    return [page for page in pages if "_static" not in page.parts and page.name not in ("genindex.html", "search.html")]


def test_every_link_leads_to_a_page_and_a_place_of_the_site(site: Path):
    pages = {page: links_of(page) for lang in LANGUAGES for page in pages_of(site, lang)}
    broken = []
    for page, links in pages.items():
        for target in links.targets:
            address, anchor = urldefrag(target)
            if urlparse(target).scheme:
                continue
            to = (page.parent / unquote(urlparse(address).path)).resolve() if address else page
            if not to.exists() or (anchor and to in pages and unquote(anchor) not in pages[to].anchors):
                broken.append(f"{page.relative_to(site)}: {target}")
    assert len(pages) > 2 * 12
    assert broken == []


def test_every_page_is_there_in_both_languages(site: Path):
    english, chinese = ({str(page.relative_to(site / lang)) for page in pages_of(site, lang)} for lang in LANGUAGES)
    assert english == chinese


@pytest.mark.parametrize("lang", LANGUAGES)
def test_pages_fit_a_phone_ask_no_other_server_and_are_found(site: Path, address: str, lang: str):
    ARTIFACTS.mkdir(exist_ok=True)
    asked: list[str] = []
    wrong: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(QUIET))
        for scheme, width in (("light", 390), ("dark", 1200)):
            context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
            page = context.new_page()
            page.on("request", lambda request: asked.append(request.url))
            page.on("pageerror", lambda error: wrong.append(str(error)))
            for path in pages_of(site, lang):
                page.goto(f"{address}/{path.relative_to(site)}")
                if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                    wrong.append(f"{path.relative_to(site)} is wider than {width}")
            page.goto(f"{address}/{lang}/index.html")
            page.screenshot(path=ARTIFACTS / f"site-{lang}-{scheme}.png")
            for words in FOUND[lang]:
                search(page, f"{address}/{lang}/find.html", words)
            context.close()
        browser.close()
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []
    assert wrong == []


def search(page: Page, address: str, words: str) -> None:
    page.goto(address)
    page.locator("#search input").fill(words)
    expect(page.locator("#search .pagefind-ui__result").first).to_be_visible(timeout=60_000)
