"""The rows of the table: what is measured, beside what, and what it shall reach."""

from building import BATCH, FLOOR, MININET, SCRIPT, one_bridge, seed_lab
from drawing import DRAWING, READING, large_picture
from killing import left_over
from measure import Row, Target
from memory import memory, thirty_labs
from native import FEW, INTERVALS, SETS, finding, large_ruleset, reading_sets
from reaching import PINGS, matrix, policy_switch
from reasoning import why_it_died
from starting import BARE, LABS, first_statement, load_extension, together
from switching import switch_in_the_browser
from walking import docker_rules, large_rules, walks

__all__ = ["ROWS"]

_BRIDGE_TARGETS = (Target(2, FLOOR), Target(1 / 2, BATCH), Target(1 / 5, SCRIPT), Target(1 / 5, MININET))
_MEGABYTES = 30

ROWS = (
    Row("seed-legacy", "seed lab, legacy firewall", seed_lab("legacy"), [Target(1 / 3, SCRIPT)], rounds=15, quick_rounds=5),
    Row("seed-nft", "seed lab, nft firewall", seed_lab("nft"), [Target(1 / 3, SCRIPT)], rounds=15, quick_rounds=5),
    Row("bridge-2", "2 namespaces on one bridge", one_bridge(2), _BRIDGE_TARGETS, rounds=15, quick_rounds=5),
    Row("bridge-32", "32 namespaces on one bridge", one_bridge(32), _BRIDGE_TARGETS),
    Row("bridge-100", "100 namespaces on one bridge", one_bridge(100), _BRIDGE_TARGETS),
    Row("matrix-open", "9,900 flows, all open", matrix(blocked=False), [Target(1500), Target(1 / 50, PINGS)], rounds=5),
    Row("matrix-blocked", "9,900 flows, all blocked", matrix(blocked=True), [Target(2000), Target(1 / 50, PINGS)], rounds=5),
    Row("load", "%load_ext netlab_magic", load_extension, [Target(100, BARE, plus=True)], rounds=15, quick_rounds=5),
    Row("first", "first statement in a fresh kernel", first_statement, [Target(500)], rounds=15, quick_rounds=5),
    Row("switch-open", "policy switch to ACCEPT, picture redrawn", policy_switch(blocked=False), [Target(250)], rounds=15, quick_rounds=5),
    Row("switch-blocked", "policy switch to DROP, picture redrawn", policy_switch(blocked=True), [Target(500)], rounds=15, quick_rounds=5),
    Row(
        "switch-page",
        "panel in the browser: click to repainted page",
        switch_in_the_browser,
        [Target(250, who="ACCEPT"), Target(500, who="DROP")],
        rounds=15,
        quick_rounds=5,
    ),
    Row("why-answered", "why a packet arrives, told and drawn", why_it_died(blocked=False), [Target(300)], rounds=15, quick_rounds=5),
    Row("why-dropped", "why a packet is dropped, told and drawn", why_it_died(blocked=True), [Target(700)], rounds=15, quick_rounds=5),
    Row("draw", "5,000 rules read and drawn", large_picture, [Target(300, who=READING), Target(1000, who=DRAWING)]),
    Row(
        "nft-draw",
        "5,000 rules of nft read and drawn",
        large_ruleset,
        [Target(300), Target(300, who="nft -j list ruleset"), Target(1000, who=DRAWING)],
    ),
    Row("nft-sets", "a set of nft read", reading_sets, [Target(2000, who=name) for name in SETS], rounds=5),
    Row(
        "nft-find",
        f"one of {100_000:,} elements found, for one packet",
        finding,
        [Target(2, FEW), Target(50), Target(50, who=INTERVALS)],
        unit="µs",
    ),
    Row("walk-docker", "a walk through Docker's rules (20,000 a second)", walks(docker_rules("28")), [Target(50)], unit="µs"),
    Row("walk-docker-nft", "a walk through Docker's nftables rules", walks(docker_rules("29", "nftables")), [Target(50)], unit="µs"),
    Row("walk-5000", "a walk through 5,000 rules (200 a second)", walks(large_rules), [Target(5000)], unit="µs"),
    Row(
        "memory",
        "memory of a lab host process",
        memory,
        [Target(_MEGABYTES), Target(_MEGABYTES, who="30 labs at once, each")],
        unit="MB",
        rounds=3,
        quick_rounds=1,
        warm_up=False,
    ),
    Row("labs-30", "30 seed labs, made one after the other", thirty_labs, unit="s", rounds=3, quick_rounds=1, warm_up=False),
    Row("together", f"{LABS} fresh kernels at once, first statement", together, unit="s", rounds=3, quick_rounds=1, warm_up=False),
    Row("kill", "kernel killed with -9", left_over, [Target(0)], unit="left", rounds=1, quick_rounds=1, warm_up=False),
)
