"""The machine and the repository are after the tests as they were before: else the session fails, with what was left.

Where the tests run in several processes at once, the one that started the others looks, when all have ended.
"""

import os
import time
import uuid

import pytest
from support.machine import SESSION_VARIABLE, Machine, difference, read_machine

GRACE = 1.0  # seconds in which the kernel finishes taking down namespaces whose last process has ended

BEFORE = pytest.StashKey[Machine]()
LEFT = pytest.StashKey[list[str]]()


def pytest_sessionstart(session: pytest.Session) -> None:
    """Processes of the session carry its name; those of a worker also the worker's, behind it."""
    worker = getattr(session.config, "workerinput", {}).get("workerid")
    if worker:
        os.environ[SESSION_VARIABLE] += f"{worker}/"
    else:
        os.environ[SESSION_VARIABLE] = f"{uuid.uuid4()}/"
        session.config.stash[BEFORE] = read_machine()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fails the session when something is left."""
    before = session.config.stash.get(BEFORE, None)
    if before is not None and (left := _lasting_difference(before)):
        session.config.stash[LEFT] = left
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _lasting_difference(before: Machine) -> list[str]:
    deadline = time.monotonic() + GRACE
    while (left := difference(before, read_machine())) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """One line for everything that was left."""
    for sentence in config.stash.get(LEFT, []):
        terminalreporter.write_line(f"the tests changed the machine: {sentence}", red=True)
