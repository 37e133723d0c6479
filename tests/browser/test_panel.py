"""The panel on a page: a real JupyterLab in a real browser. Screenshots go to artifacts/."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from support.browsing import Jupyter, browser_page, jupyter, open_and_run, picture
from support.labs import SEED, THREE_RULES

pytestmark = [pytest.mark.browser, pytest.mark.kernel, pytest.mark.timeout(600)]
__all__ = ["browser_page", "jupyter"]

LOAD = "%load_ext netlab_magic\n%netlab --quiet up"
BUILD = f"%%netlab --quiet\n{SEED}"
RULES = f"%%netlab --quiet\npolicy FORWARD DROP\n{THREE_RULES}"
PANEL = "%netlab panel"
NFT = """%%netlab --quiet
nft -f - <<EOF
table inet fw {
    set friends {
        type ipv4_addr
        elements = { 172.18.0.2, 172.18.0.3 }
    }
    chain forward {
        type filter hook forward priority filter; policy drop;
        ct state established,related accept
        ip saddr @friends oifname "docker1" counter accept comment "<b>bold</b>"
        jump outwards
    }
    chain outwards {
        oifname "eth0" counter accept
    }
}
EOF
docker install --firewall-backend nftables
policy -6 INPUT DROP"""
EVERYBODY = {"ns0>ns1", "ns1>ns0", "ns0>internet", "ns1>internet"}


def opened(page: Page, address: str, panels: int = 1) -> Locator:
    """The first panel of a notebook that was opened and run."""
    open_and_run(page, address)
    expect(page.locator(".netlab-panel")).to_have_count(panels)
    return page.locator(".netlab-panel").first


def answered(panel: Locator) -> set[str]:
    return set(panel.locator("td.nl-ok").evaluate_all("cells => cells.map(cell => cell.dataset.pair)"))


def expect_answered(panel: Locator, pairs: set[str]) -> None:
    expect(panel.locator("td.nl-ok")).to_have_count(len(pairs))
    assert answered(panel) == pairs


def policy(panel: Locator, chain: str, verdict: str) -> Locator:
    return panel.get_by_role("group", name=f"{chain} policy").get_by_role("radio", name=verdict)


def rule(panel: Locator, words: str) -> Locator:
    return panel.get_by_role("checkbox", name=words)


def status(panel: Locator) -> Locator:
    return panel.locator(".nl-status")


def theme(page: Page, name: str) -> None:
    page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", name)
    page.wait_for_selector(f"body[data-jp-theme-light={str('Light' in name).lower()}]", state="attached")
    page.wait_for_selector("#jupyterlab-splash", state="detached")


def test_drop_breaks_every_link_and_each_rule_brings_its_flows_back(jupyter: Jupyter, browser_page: tuple[Page, list[str]]) -> None:
    page, outside = browser_page
    panel = opened(page, jupyter.notebook("rules", LOAD, BUILD, PANEL))
    expect_answered(panel, EVERYBODY)
    picture(page, "panel-accept")
    policy(panel, "FORWARD", "DROP").check()
    expect_answered(panel, set())
    expect(status(panel)).to_have_text("iptables -P FORWARD DROP\nFORWARD policy DROP: 0 of 4 flows are answered.")
    expect(panel.get_by_label("Topology").locator("svg")).to_contain_text("FORWARD DROP")
    expect(panel.get_by_label("Topology").locator("svg")).to_contain_text("blocked")
    panel.scroll_into_view_if_needed()
    picture(page, "panel-drop")
    page.evaluate(
        """rules => { const notebook = window.jupyterapp.shell.currentWidget.content;
        notebook.model.sharedModel.insertCell(3, {cell_type: 'code', source: rules}); notebook.activeCellIndex = 3;
        window.jupyterapp.commands.execute('notebook:run-cell'); }""",
        RULES,
    )
    expect_answered(panel, EVERYBODY)
    bridged, outwards, back = (rule(panel, words) for words in ("-i docker1 -o docker1", "-i docker1 ! -o docker1", "--ctstate RELATED"))
    for tick in (bridged, outwards, back):
        tick.uncheck()
    expect_answered(panel, set())
    bridged.check()
    expect_answered(panel, {"ns0>ns1", "ns1>ns0"})
    outwards.check()
    expect_answered(panel, {"ns0>ns1", "ns1>ns0"})  # requests leave, and their replies are dropped
    back.check()
    expect_answered(panel, EVERYBODY)
    expect(panel.locator(".nl-commands")).to_contain_text("iptables -A FORWARD -i docker1 -o docker1 -j ACCEPT")
    panel.locator("li", has_text="--ctstate").drag_to(panel.locator("li", has_text="-i docker1 -o docker1"))
    expect(panel.locator(".nl-rule code").first).to_contain_text("--ctstate")
    picture(page, "panel-rules")
    assert outside == []


def choose(panel: Locator, what: str, value: str) -> None:
    panel.get_by_role("group", name="The chain to look at").get_by_label(what).select_option(value)


def test_every_chain_can_be_chosen_and_its_rules_and_policy_switched(jupyter: Jupyter, browser_page: tuple[Page, list[str]]) -> None:
    page, outside = browser_page
    panel = opened(page, jupyter.notebook("nft", LOAD, BUILD, NFT, PANEL))
    expect(status(panel)).to_contain_text("inet fw forward policy drop: 4 of 4 flows are answered.")
    expect(panel.locator(".nl-rule code").nth(1)).to_have_text('ip saddr @friends oifname "docker1" counter accept comment "<b>bold</b>"')
    expect(panel.locator(".nl-rule").nth(1)).to_contain_text(re.compile(r"[1-9]\d* packets"))
    rule(panel, "@friends").uncheck()
    expect_answered(panel, {"ns0>internet", "ns1>internet"})
    expect(status(panel)).to_contain_text("nft delete rule inet fw forward handle")
    rule(panel, "@friends").check()
    expect_answered(panel, EVERYBODY)
    panel.locator("li", has_text="jump outwards").get_by_role("button", name="Move rule 3 up").click()
    expect(panel.locator(".nl-rule code").nth(1)).to_have_text("jump outwards")
    picture(page, "panel-nft")
    policy(panel, "forward", "accept").check()
    expect(status(panel)).to_contain_text("nft 'chain inet fw forward { policy accept; }'")
    panel.get_by_role("button", name="Undo").click()
    expect(policy(panel, "forward", "drop")).to_be_checked()
    panel.get_by_role("button", name="Show the chain outwards").click()
    expect(panel.get_by_role("group", name="outwards policy")).to_contain_text("outwards is not a base chain, so it has no policy")
    expect(panel.get_by_label("Chains").locator("svg")).to_contain_text("outwards")
    rule(panel, 'oifname "eth0"').uncheck()
    expect_answered(panel, {"ns0>ns1", "ns1>ns0"})
    choose(panel, "Table", "ip docker-bridges")
    expect(rule(panel, "iifname vmap @filter-forward-out-jumps")).to_be_checked()
    expect(panel.locator(".nl-owner")).to_contain_text("This table belongs to dockerd")
    choose(panel, "Program", "ip6tables")
    choose(panel, "Chain", "INPUT")
    expect(policy(panel, "INPUT", "DROP")).to_be_checked()
    picture(page, "panel-ip6tables")
    choose(panel, "Program", "nft")
    choose(panel, "Table", "inet fw")
    expect(rule(panel, 'oifname "eth0"')).not_to_be_checked()
    rule(panel, 'oifname "eth0"').check()
    expect_answered(panel, EVERYBODY)
    panel.get_by_label("To", exact=True).select_option("internet")
    panel.get_by_role("button", name="Send").click()
    expect(panel.locator(".nl-steps")).to_contain_text("inet fw outwards rule 1")
    panel.get_by_role("button", name="ip docker-bridges filter-FORWARD rule 2").first.click()
    panel.locator(".nl-said").get_by_role("button", name="Show the chain filter-FORWARD").click()
    expect(panel.locator(".nl-here code")).to_have_text("iifname vmap @filter-forward-out-jumps")
    expect(panel.locator(".nl-steps")).to_contain_text("ip docker-bridges filter-FORWARD rule 2")
    expect(panel.locator(".nl-measured")).to_contain_text("✓ answered")
    assert outside == []


def test_a_packet_is_stepped_through_and_its_remedy_followed(jupyter: Jupyter, browser_page: tuple[Page, list[str]]) -> None:
    page, _ = browser_page
    panel = opened(page, jupyter.notebook("steps", LOAD, BUILD, RULES, PANEL))
    rule(panel, "--ctstate").uncheck()
    expect_answered(panel, {"ns0>ns1", "ns1>ns0"})
    panel.get_by_label("From", exact=True).select_option("ns1")
    panel.get_by_label("To", exact=True).select_option("internet")
    panel.get_by_role("button", name="Send").click()
    said = panel.locator(".nl-said")
    expect(said).to_contain_text("· ns1:eth0: It leaves ns1 through eth0.")
    expect(panel.locator(".nl-measured")).to_contain_text("✕ blocked")
    forward = panel.get_by_role("button", name="Step forward")
    forward.click()
    expect(said).to_contain_text("It comes into host through veth-ns1.")
    forward.click()
    expect(said).to_contain_text("Rule 1 of FORWARD does not match: output interface is eth0, not docker1.")
    expect(panel.get_by_label("Chains").locator("svg")).to_contain_text("▸3")
    expect(panel.get_by_label("Topology").locator("svg")).to_contain_text("▸3")
    picture(page, "panel-step")
    panel.get_by_role("button", name="Step back").click()
    expect(said).to_contain_text("Step 2 of")
    panel.get_by_role("button", name="Last step").click()
    expect(said).to_contain_text("The packet stops here.")
    expect(panel.get_by_label("Topology").locator("svg")).to_contain_text("stopped here: FORWARD policy DROP")
    panel.scroll_into_view_if_needed()
    picture(page, "panel-dies")
    panel.get_by_role("button", name="Play").click()
    expect(said).to_contain_text("Step 3 of")
    panel.get_by_role("button", name="Pause").click()
    panel.get_by_text("What would let it pass").click()
    panel.get_by_role("button", name="Do it").first.click()
    expect(panel.locator(".nl-measured")).to_contain_text("✓ answered")
    panel.get_by_role("button", name="Last step").click()
    expect(said).to_contain_text("ns1 gets the answer.")
    picture(page, "panel-answered")


def test_the_keyboard_alone_is_enough(jupyter: Jupyter, browser_page: tuple[Page, list[str]]) -> None:
    page, _ = browser_page
    panel = opened(page, jupyter.notebook("keyboard", LOAD, BUILD, RULES, PANEL))
    policy(panel, "FORWARD", "DROP").focus()
    page.keyboard.press("ArrowUp")
    expect(policy(panel, "FORWARD", "ACCEPT")).to_be_checked()
    expect(status(panel)).to_contain_text("FORWARD policy ACCEPT: 4 of 4")
    page.keyboard.press("ArrowDown")
    expect(status(panel)).to_contain_text("FORWARD policy DROP: 4 of 4")
    for _ in range(3):  # past the switches of INPUT and OUTPUT
        page.keyboard.press("Tab")
    expect(rule(panel, "-i docker1 -o docker1")).to_be_focused()
    page.keyboard.press("Space")
    expect(rule(panel, "-i docker1 -o docker1")).not_to_be_checked()
    expect(rule(panel, "-i docker1 -o docker1")).to_be_focused()
    expect_answered(panel, {"ns0>internet", "ns1>internet"})
    page.keyboard.press("Space")
    expect_answered(panel, EVERYBODY)
    page.keyboard.press("Alt+ArrowDown")
    expect(panel.locator(".nl-rule code").nth(1)).to_contain_text("-i docker1 -o docker1")
    expect(rule(panel, "-i docker1 -o docker1")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # its arrow up
    expect(panel.locator(".nl-rule code").first).to_contain_text("-i docker1 -o docker1")
    expect(panel.get_by_role("button", name="Move rule 1 up")).to_be_focused()
    panel.get_by_role("button", name="Watch").focus()
    page.keyboard.press("Enter")
    expect(panel.get_by_role("button", name="Watch")).to_have_attribute("aria-pressed", "true")
    expect(panel.locator(".nl-strip").first).to_contain_text("▁▁")
    policy(panel, "FORWARD", "DROP").focus()
    page.keyboard.press("x")
    page.keyboard.press("d")
    page.keyboard.press("d")  # JupyterLab would cut, or delete, the cell
    expect(panel).to_be_visible()
    panel.get_by_role("button", name="Watch").focus()
    page.keyboard.press("Space")
    expect(panel.get_by_role("button", name="Watch")).to_have_attribute("aria-pressed", "false")


@pytest.mark.long("the dark, narrow and Chinese panel, in a browser")
def test_dark_narrow_and_in_chinese(jupyter: Jupyter, browser_page: tuple[Page, list[str]]) -> None:
    page, _ = browser_page
    chinese = f"{LOAD}\n%config NetlabMagics.language = 'zh_TW'"
    panel = opened(page, jupyter.notebook("chinese", chinese, BUILD, RULES, PANEL))
    expect(status(panel)).to_contain_text("FORWARD 預設政策 DROP：4 個流向中有 4 個得到回應。")
    panel.get_by_role("button", name="送出").click()
    expect(panel.locator(".nl-said")).to_contain_text("它從 ns1 的 eth0 送出。")
    theme(page, "JupyterLab Dark")
    page.set_viewport_size({"width": 560, "height": 1400})
    panel.scroll_into_view_if_needed()
    picture(page, "panel-dark-narrow-chinese")
    overflow = panel.evaluate("panel => panel.scrollWidth - panel.clientWidth")
    page.set_viewport_size({"width": 1280, "height": 1000})
    picture(page, "panel-dark-chinese")
    theme(page, "JupyterLab Light")
    assert overflow <= 0


@pytest.mark.long("two panels and a dead lab, in a browser")
def test_two_panels_stay_in_step_and_a_dead_lab_comes_back(jupyter: Jupyter, browser_page: tuple[Page, list[str]]) -> None:
    page, _ = browser_page
    first = opened(page, jupyter.notebook("two", LOAD, BUILD, RULES, PANEL, PANEL), panels=2)
    second = page.locator(".netlab-panel").nth(1)
    policy(second, "FORWARD", "ACCEPT").check()
    expect(policy(first, "FORWARD", "ACCEPT")).to_be_checked()
    rule(first, "--ctstate").uncheck()
    expect(rule(second, "--ctstate")).not_to_be_checked()
    run_more(page, "%netlab down")
    for panel in (first, second):
        expect(status(panel)).to_contain_text("The lab has ended. This is its last state.")
    picture(page, "panel-ended")
    first.get_by_role("button", name="Start it again as it was").click()
    expect(status(second)).to_contain_text("The lab is up again, in its last known state.")
    expect_answered(second, EVERYBODY)


def run_more(page: Page, source: str) -> None:
    """Runs one more cell at the notebook's end."""
    page.evaluate(
        """source => { const notebook = window.jupyterapp.shell.currentWidget.content;
        notebook.model.sharedModel.insertCell(notebook.model.cells.length, {cell_type: 'code', source});
        notebook.activeCellIndex = notebook.model.cells.length - 1; window.jupyterapp.commands.execute('notebook:run-cell'); }""",
        source,
    )


@pytest.mark.long("the panel of a saved notebook and of a restarted kernel, in a browser")
def test_the_notebook_keeps_the_last_state_and_a_restart_is_told(
    jupyter: Jupyter, browser_page: tuple[Page, list[str]], tmp_path: Path
) -> None:
    page, _ = browser_page
    panel = opened(page, jupyter.notebook("kept", LOAD, BUILD, PANEL))
    policy(panel, "FORWARD", "DROP").check()
    expect_answered(panel, set())
    kept = "() => window.jupyterapp.shell.currentWidget.content.model.toJSON().cells[2].outputs[0].data['text/plain']"
    page.wait_for_function(f"() => ({kept})().includes('0 of 4 flows')")
    expect(policy(panel, "FORWARD", "DROP")).to_be_focused()  # keeping made a new view of it
    page.evaluate("() => window.jupyterapp.shell.currentWidget.context.save()")
    saved = json.loads((jupyter.folder / "kept.ipynb").read_text())
    data = saved["cells"][2]["outputs"][0]["data"]
    assert "FORWARD policy DROP: 0 of 4 flows are answered." in "".join(data["text/plain"])
    assert "".join(data["image/svg+xml"]).startswith("<svg")
    options = ["--to", "html", "--output-dir", str(tmp_path), str(jupyter.folder / "kept.ipynb")]
    subprocess.run([sys.executable, "-m", "nbconvert", *options], check=True, capture_output=True)
    html = (tmp_path / "kept.html").read_text()
    assert "FORWARD policy DROP: 0 of 4 flows are answered." in html
    assert html.count('aria-labelledby="nl') >= 2
    page.evaluate("() => { window.jupyterapp.shell.currentWidget.sessionContext.restartKernel() }")
    expect(panel.get_by_role("alert")).to_contain_text("The notebook kernel has ended or was restarted.")
    picture(page, "panel-restarted")
