"""What the tests of the real kernel share: labs of both firewall variants, the seed lab, and what a cell printed."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.machine import SESSION_VARIABLE

from netlab_magic import Lab

SEED = """
bridge docker1 172.18.0.1/16
ns ns0 172.18.0.2/16 on docker1
ns ns1 172.18.0.3/16 on docker1
internet 8.8.8.8
masquerade 172.18.0.0/16 except docker1
"""

THREE_RULES = """
forward -i docker1 -o docker1 -j ACCEPT
forward -i docker1 ! -o docker1 -j ACCEPT
forward -o docker1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
"""


@pytest.fixture(params=["legacy", "nft"])
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """An empty lab, once with each firewall variant."""
    with Lab(firewall=request.param) as made:
        yield made


@pytest.fixture
def seed(lab: Lab) -> Lab:
    """The lab of the tutorial: docker1 with ns0 and ns1, the internet, and MASQUERADE."""
    lab.run(SEED)
    return lab


class Written:
    """Collects what commands write."""

    def __init__(self) -> None:
        self.parts: list[tuple[str, str]] = []

    def __call__(self, stream: str, text: str) -> None:
        self.parts.append((stream, text))

    def of(self, stream: str) -> str:
        return "".join(text for name, text in self.parts if name == stream)

    @property
    def stdout(self) -> str:
        return self.of("stdout")

    @property
    def stderr(self) -> str:
        return self.of("stderr")


def hosts_of_labs() -> set[int]:
    """The PIDs of all lab hosts and watchers that this test session started, directly or through programs it started."""
    ours = f"{SESSION_VARIABLE}={os.environ[SESSION_VARIABLE]}".encode()  # of a worker's own, where there are several
    found: set[int] = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                if b"netlab_magic.engines.host" in words and ours in (entry / "environ").read_bytes().split(b"\0"):
                    found.add(int(entry.name))
            except OSError:
                continue
    return found
