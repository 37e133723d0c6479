"""Which tests run: without --all each behaviour once, and the summary says what was left out."""

import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

VARIANTS = frozenset({"legacy", "nft"})
THE_OTHER_VARIANT = "the same with the other variant of iptables"
ONLY_WITH_ALL = pytest.StashKey[Counter[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--all", action="store_true", help="also the tests marked `long`, and every test on both variants of iptables")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without --all, tests marked `long` are left out, and a test of both variants of iptables is run on one, half of them on each."""
    left_out: dict[pytest.Item, str] = {}
    if not config.getoption("--all"):
        left_out |= {item: mark.args[0] for item in items if (mark := item.get_closest_marker("long"))}
        left_out |= dict.fromkeys(_of_the_other_variant(item for item in items if item not in left_out), THE_OTHER_VARIANT)
    if left_out:
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=list(left_out))
    config.stash[ONLY_WITH_ALL] = Counter(left_out.values())


def _of_the_other_variant(items: Iterable[pytest.Item]) -> Iterator[pytest.Item]:
    alike: dict[str, dict[str, pytest.Item]] = defaultdict(dict)
    for item in items:
        parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
        variant = next((value for value in parameters if isinstance(value, str) and value in VARIANTS), "")
        if variant:
            alike[item.nodeid.replace(variant, "VARIANT", 1)][variant] = item
    for name, by_variant in alike.items():
        if by_variant.keys() == VARIANTS:
            yield by_variant[sorted(VARIANTS)[zlib.crc32(name.encode()) % 2]]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker tells what it left out to the process that prints the summary."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["only_with_all"] = dict(session.config.stash[ONLY_WITH_ALL])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Every worker leaves out the same tests."""
    told = getattr(node, "workeroutput", {}).get("only_with_all")
    if told is not None:
        node.config.stash[ONLY_WITH_ALL] = Counter(told)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """What `--all` runs besides."""
    for what, count in sorted(config.stash.get(ONLY_WITH_ALL, Counter()).items()):
        terminalreporter.write_line(f"only with --all: {what} ({count} test{'' if count == 1 else 's'})")
