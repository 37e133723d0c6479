"""What holds for all tests: which machine they need, and that the machine is afterwards as it was before."""

import functools
import os
import shutil
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator

import pytest
from machine import SESSION_VARIABLE, Machine, difference, read_machine

GRACE = 1.0  # seconds in which the kernel finishes taking down namespaces whose last process has ended


def _makes_namespaces(*command: str) -> bool:
    try:
        return subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


@functools.cache
def kernel_is_missing() -> str:
    """Why tests of the real kernel cannot run here, or nothing when they can."""
    if _makes_namespaces("unshare", "-Urn") or _makes_namespaces("unshare", "-n"):
        return ""
    return "network namespaces cannot be made here (`unshare -Urn true` is refused)"


@functools.cache
def browser_is_missing() -> str:
    """Why tests in a browser cannot run here, or nothing when they can."""
    if any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))):
        return ""
    return "there is no chromium on this machine"


REQUIREMENTS: dict[str, Callable[[], str]] = {"kernel": kernel_is_missing, "browser": browser_is_missing}


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what this machine cannot run; where NETLAB_REQUIRE_ALL=1 says that it must be able to, fail instead."""
    refuse = pytest.fail if os.environ.get("NETLAB_REQUIRE_ALL") == "1" else pytest.skip
    for marker, why_missing in REQUIREMENTS.items():
        if item.get_closest_marker(marker) and why_missing():
            refuse(f"needs {marker}: {why_missing()}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Recall, just above the closing line, the checks that `./netlab test` ran before the tests."""
    failed = os.environ.get("NETLAB_FAILED_CHECKS", "").split()
    if failed:
        terminalreporter.write_line(f"{' and '.join(failed)} failed as well: see above, before the tests", red=True)


@pytest.fixture(scope="session", autouse=True)
def untouched_machine() -> Iterator[None]:
    """No test may leave anything on the machine: the session fails, at its last test, with what was left."""
    os.environ[SESSION_VARIABLE] = str(uuid.uuid4())
    before = read_machine()
    yield
    left = _lasting_difference(before)
    if left:
        pytest.fail("the tests changed the machine:\n  " + "\n  ".join(left), pytrace=False)


def _lasting_difference(before: Machine) -> list[str]:
    deadline = time.monotonic() + GRACE
    while (left := difference(before, read_machine())) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left
