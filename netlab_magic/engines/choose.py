"""The ways to create a lab, tried in order."""

import os
import shutil
import sys
from collections.abc import Iterator

from netlab_magic.engines import ENGINES
from netlab_magic.engines.engine import Engine
from netlab_magic.engines.kernel import KernelEngine, NotReady
from netlab_magic.engines.machine import CONTAINER
from netlab_magic.errors import LabUnavailable
from netlab_magic.text import suggest

__all__ = ["WAYS", "open_attached", "open_engine", "worth_trying"]

WAYS = {"user": "user namespace", "root": "root", "sudo": "sudo without a password"}
"""Each way to create a lab on the kernel, with its name for users, in the order in which they are tried."""


def worth_trying() -> Iterator[str]:
    """The ways that are worth trying for this process."""
    if sys.platform != "linux":
        return
    yield "user"
    if os.geteuid() == 0:
        yield "root"
    elif shutil.which("sudo"):
        yield "sudo"


def open_engine(firewall: str, name: str, engine: str = "auto") -> Engine:
    """A lab, created in the first way that works; simulated if requested, or if nothing else works and the engine is auto.

    Raises LabUnavailable, with the reason each way failed, if the kernel engine was requested and no way works.
    """
    if engine not in ENGINES:
        raise LabUnavailable(f"there is no engine {engine}{suggest(engine, ENGINES)}")
    if engine == "simulated":
        return _simulated(firewall, name)
    refusals: list[str] = []
    for way in worth_trying():
        try:
            return KernelEngine(way, firewall, name)
        except NotReady as refusal:
            refusals.append(f"{WAYS[way]}: {refusal}")
    answers = "; ".join(refusals) or "there is no Linux kernel"
    if engine == "auto":
        return _simulated(firewall, name, f"no real lab can be created here ({answers}); %netlab doctor says what would change that")
    raise LabUnavailable(f"no lab can be created here ({answers}); %netlab doctor says what would change that")


def _simulated(firewall: str, name: str, *notes: str) -> Engine:
    from netlab_magic.engines.simulated.engine import SimulatedEngine  # a third of all modules, which a lab on the kernel never needs

    return SimulatedEngine(firewall, name, *notes)


def open_attached(target: str, name: str) -> KernelEngine:
    """A look at this machine ("host"), or at the one of a process (a PID) or of a container (container:NAME). Raises LabUnavailable."""
    if sys.platform != "linux" or os.geteuid() != 0:
        raise LabUnavailable("attach needs root: only root may look into other network namespaces")
    try:
        return KernelEngine(f"attach:{target}", "auto", name)
    except NotReady as refusal:
        whose = "this machine" if target == "host" else "a container" if target.startswith(CONTAINER) else f"process {target}"
        raise LabUnavailable(f"cannot look at the network of {whose}: {refusal}") from None
