"""How many examples a law is tried on: all that it asks for with --all, a tenth of them in a quick run."""

import pytest
from hypothesis import HealthCheck, settings

_FEWEST = 15
_SHARE = 10
_every_example = True


def pytest_configure(config: pytest.Config) -> None:
    """Before the tests are imported, so that `law` knows; laws that name no number have hypothesis' own, or a tenth of that."""
    global _every_example  # noqa: PLW0603 (decorators have no other way to ask)
    _every_example = bool(config.getoption("--all"))
    settings.register_profile("netlab", max_examples=_examples(100), deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("netlab")


def law(examples: int, *, suppressed: tuple[HealthCheck, ...] = ()) -> settings:
    """A law that is tried on so many examples. How long that takes is no matter of the law: the machine may be busy."""
    return settings(max_examples=_examples(examples), suppress_health_check=[HealthCheck.too_slow, *suppressed])


def _examples(examples: int) -> int:
    return examples if _every_example else min(examples, max(_FEWEST, examples // _SHARE))
