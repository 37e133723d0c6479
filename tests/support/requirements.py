"""What tests need of the machine: where it is missing they are skipped with the reason, or fail where nothing may be missing."""

import functools
import os
import shutil
import signal
import subprocess
from collections.abc import Callable

import pytest


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


def refuse(reason: str) -> None:
    """Skip what this machine cannot run; where NETLAB_REQUIRE_ALL=1 says that it must be able to, fail instead."""
    (pytest.fail if os.environ.get("NETLAB_REQUIRE_ALL") == "1" else pytest.skip)(reason)


def required(program: str) -> str:
    """The path of a program that the test needs."""
    found = shutil.which(program)
    if found is None:
        refuse(f"there is no {program} on this machine")
    return str(found)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip, or refuse, what this machine cannot run."""
    for marker, why_missing in REQUIREMENTS.items():
        if item.get_closest_marker(marker) and why_missing():
            refuse(f"needs {marker}: {why_missing()}")


def pytest_configure() -> None:
    """A session that a script started with `&` has these signals ignored; tests of the stop button send them."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Recall, just above the closing line, the checks that `./netlab test` ran before the tests."""
    failed = os.environ.get("NETLAB_FAILED_CHECKS", "").split()
    if failed:
        terminalreporter.write_line(f"{' and '.join(failed)} failed as well: see above, before the tests", red=True)
