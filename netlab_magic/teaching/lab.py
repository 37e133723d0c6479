"""The lab with lessons: scenarios, checks and checkpoints beside all that a lab can."""

from netlab_magic.language.lesson_statements import Check
from netlab_magic.session.lab import Lab as PlainLab
from netlab_magic.session.results.base import Result
from netlab_magic.teaching import steps  # registers the steps of its statements
from netlab_magic.teaching.checked import Checked
from netlab_magic.teaching.exercise import Learner, requirement_in

__all__ = ["Lab"]

_ = steps


class Lab(PlainLab, Learner):
    """A network lab in a host process of its own. Starts with the first statement; ends with `down`, or with this process.

    >>> with Lab() as lab:                                          # doctest: +SKIP
    ...     lab.bridge("docker1", "172.18.0.1/16")
    ...     lab.ns("ns0", "172.18.0.2/16", on="docker1")
    ...     lab.ping("host", "ns0")
    """

    def check(self, *requirements: str) -> Checked:
        """Whether the lab does what is required: `SRC DST[:PORT] ok|blocked [for N]`, each. Without any, whether its scenario is repaired.

        >>> lab.check("ns1 internet ok for 2", "internet ns0:22 blocked").points       # doctest: +SKIP
        3
        """
        result = self._of([Check(requirements=tuple(map(requirement_in, requirements)))])
        assert isinstance(result, Checked)
        return result

    def scenario(self, name: str, seed: int | None = None) -> Result:
        """`scenario list|NAME|random [--seed N]`"""
        return self._result(Result, "scenario", name, *(("--seed", str(seed)) if seed is not None else ()))

    def hint(self) -> Result:
        """`hint`"""
        return self._result(Result, "hint")

    def checkpoint(self, name: str) -> Result:
        """`checkpoint NAME`"""
        return self._result(Result, "checkpoint", name)


