"""Remedies for a host whose firewall ufw manages, carried out by a real ufw."""

import os
from pathlib import Path

import pytest
from support.real_ufw import rules_after, why_missing

from netlab_magic import Lab
from netlab_magic.model.probe import Verdict
from netlab_magic.session.results.why import Why

GIVEN = os.environ.get("NETLAB_DOCKERD_ROOT")
ROOT = Path(GIVEN) if GIVEN else None

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.long("remedies carried out by a real ufw"),
    pytest.mark.skipif(bool(why_missing(ROOT)), reason=f"no ufw is run: {why_missing(ROOT)}"),
]

ROUTES = """default via 203.0.113.1 dev eth0
203.0.113.0/24 dev eth0 proto kernel scope link src 203.0.113.2
172.17.0.0/16 dev docker0 proto kernel scope link src 172.17.0.1
net.ipv4.ip_forward = 1
"""
BEFORE = ("deny from 203.0.113.9", "allow proto tcp from 198.51.100.9 to any port 8080")
LOST = ("198.51.100.9 host:8081", "203.0.113.9 host:8080", "198.51.100.50 172.17.0.2:81", "198.51.100.9 host:53/udp")
CLOSED = ("198.51.100.8 host:8081", "203.0.113.9 host:22", "198.51.100.50 172.17.0.2:82", "198.51.100.50 172.17.0.3:81")


def verdicts(rules: str, *questions: str) -> list[Why]:
    lab = Lab()
    lab.load(text=f"{rules}{ROUTES}")
    found = [lab.run(f"why {question}") for question in questions]
    return [why for why in found if isinstance(why, Why)]


def test_what_ufw_writes_for_the_remedies_lets_these_packets_pass_and_no_others():
    assert ROOT is not None
    lost = verdicts(rules_after(ROOT, BEFORE), *LOST)
    assert [why.verdict for why in lost] == [Verdict.BLOCKED] * len(LOST)
    commands = [line.removeprefix("ufw ") for why in lost for line in why.remedies[0].commands]
    after = rules_after(ROOT, (*BEFORE, *commands))
    assert [why.verdict for why in verdicts(after, *LOST)] == [Verdict.ANSWERED] * len(LOST)
    assert [why.verdict for why in verdicts(after, *CLOSED)] == [Verdict.BLOCKED] * len(CLOSED)
