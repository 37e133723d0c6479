"""The panel without a browser: what the switch does to the kernel, and what it shows."""

import time
from collections.abc import Callable

import pytest
from labs import THREE_RULES, Written, lab, seed

from netlab_magic import Lab, savefile
from netlab_magic.errors import CommandFailed
from netlab_magic.panel import Panel

pytestmark = [pytest.mark.kernel, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
__all__ = ["lab", "seed"]


def policy(lab: Lab) -> str:
    return savefile.parse(lab.observe().rules).forward_policy


def until(true: Callable[[], bool], seconds: float = 3) -> bool:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.02)
    return true()


def status(panel: Panel) -> str:
    return str(panel._status.value)


def test_the_switch_changes_the_kernel_and_redraws(seed: Lab) -> None:
    panel = Panel(seed)
    assert "4 of 4 flows are answered" in status(panel)
    panel._switch.value = "DROP"
    assert policy(seed) == "DROP"
    assert "iptables -P FORWARD DROP" in status(panel)
    assert "0 of 4 flows are answered" in status(panel)
    assert "FORWARD DROP" in panel._topology.value
    panel._switch.value = "ACCEPT"
    assert policy(seed) == "ACCEPT"
    assert "4 of 4" in status(panel)
    panel.close()


def test_the_switch_follows_changes_made_elsewhere(seed: Lab) -> None:
    first, second = Panel(seed), Panel(seed)
    seed.run(f"sudo iptables -P FORWARD DROP\n{THREE_RULES}", stream=Written())
    assert until(lambda: first._switch.value == second._switch.value == "DROP")
    assert until(lambda: "4 of 4 flows" in status(second))
    first._switch.value = "ACCEPT"
    assert until(lambda: second._switch.value == "ACCEPT")
    first.close()
    second.close()


def test_the_panel_follows_a_cell_that_failed_halfway(seed: Lab) -> None:
    panel = Panel(seed)
    with pytest.raises(CommandFailed):
        seed.run("sudo iptables -P FORWARD DROP\nfalse", stream=Written())
    assert until(lambda: panel._switch.value == "DROP")
    assert until(lambda: "0 of 4 flows" in status(panel))
    panel.close()


def test_an_error_appears_in_the_panel_and_the_switch_shows_the_truth(seed: Lab) -> None:
    panel = Panel(seed)
    seed.engine.restore("*filter\n:FORWARD DROP [0:0]\nCOMMIT\n")
    panel._guarded(lambda: str(seed.run("bridge lo")))
    assert panel._switch.value == "DROP"
    seed.run("down")
    assert until(lambda: "The lab has ended" in status(panel))
    panel.close()


def test_without_a_kernel_the_last_picture_and_its_text_are_left(seed: Lab) -> None:
    bundle = Panel(seed)._repr_mimebundle_()
    assert "docker1" in bundle["text/plain"]
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert bundle["image/svg+xml"].startswith("<svg")


def test_what_a_name_holds_is_escaped(seed: Lab) -> None:
    seed.run("$ ip netns add '<b>x'; ip link add '<i>y' type bridge", stream=Written())
    panel = Panel(seed)
    assert "<b>x" not in panel._topology.value
    assert "<i>y" not in panel._topology.value
    assert "&lt;b&gt;x" in panel._topology.value
    panel.close()
