"""A real JupyterLab in a real browser: cells, the stop button, pictures. Screenshots go to artifacts/."""

import pytest
from playwright.sync_api import Page, expect
from support.browsing import Jupyter, browser_page, command, jupyter, open_and_run, picture
from support.labs import SEED

pytestmark = [pytest.mark.browser, pytest.mark.kernel, pytest.mark.timeout(600)]
__all__ = ["browser_page", "jupyter"]


def test_the_stop_button_stops_a_ping_and_leaves_the_lab(jupyter: Jupyter, browser_page: tuple[Page, list[str]]) -> None:
    page, _ = browser_page
    ping = "%netlab $ ip netns exec ns1 ping 172.18.0.2"
    open_and_run(page, jupyter.notebook("stop", "%load_ext netlab_magic", f"%%netlab\n{SEED}", ping))
    outputs = page.locator(".jp-CodeCell").nth(2).locator(".jp-OutputArea")
    expect(outputs).to_contain_text("icmp_seq=2")
    command(page, "notebook:interrupt-kernel")
    expect(outputs).to_contain_text("packets transmitted")
    expect(outputs).to_contain_text("Interrupted: stopped; the lab is still up")
    picture(page, "stopped")


def test_a_mistake_is_a_sentence_with_a_caret(jupyter: Jupyter, browser_page: tuple[Page, list[str]]) -> None:
    page, _ = browser_page
    open_and_run(page, jupyter.notebook("mistake", "%load_ext netlab_magic", "%%netlab\nbridge br0\nns ns0 on brr0", "print('never')"))
    output = page.locator(".jp-CodeCell").nth(1).locator(".jp-OutputArea")
    expect(output).to_contain_text("there is no bridge brr0; did you mean br0?")
    expect(output).to_contain_text("line 2: ns ns0 on brr0")
    expect(output).not_to_contain_text("Traceback")
    expect(page.locator(".jp-CodeCell").nth(2).locator(".jp-OutputArea-output")).to_have_count(0)
    picture(page, "mistake")


@pytest.mark.long("hovering over pictures, in a browser")
def test_hovering_explains_a_rule_and_a_difference_is_side_by_side(jupyter: Jupyter, browser_page: tuple[Page, list[str]]) -> None:
    page, _ = browser_page
    cells = ["%load_ext netlab_magic", "%netlab docker install --version 27", "%netlab show chains FORWARD", "%netlab diff"]
    open_and_run(page, jupyter.notebook("docker", *cells))
    drawn = page.locator(".jp-CodeCell").nth(2).locator(".jp-OutputArea svg[role=img]")
    expect(drawn).to_contain_text("DOCKER-ISOLATION-STAGE-1")
    tips = drawn.locator("title").all_text_contents()
    assert any("-o docker0 -j DOCKER" in tip and "Matches packets that leave through docker0." in tip for tip in tips)
    picture(page, "docker-chains")
    compared = page.locator(".jp-CodeCell").nth(3).locator("table.diff")
    expect(compared).to_contain_text("table filter, chain FORWARD: policy ACCEPT → DROP")
    expect(compared.locator("td.came")).to_have_count(21)  # six of them in the rules of ip6tables
    compared.scroll_into_view_if_needed()
    picture(page, "docker-diff")
