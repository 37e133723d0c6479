"""An IPython shell of its own, with the extension loaded."""

from collections.abc import Iterator
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    """A shell of its own with the extension loaded; labs end with it."""
    InteractiveShell.clear_instance()
    made = InteractiveShell.instance(history_load_length=0)
    made.history_manager.enabled = False  # type: ignore[union-attr]
    made.run_line_magic("load_ext", "netlab_magic")
    yield made
    for lab in made.magics_manager.registry["NetlabMagics"].labs.values():
        lab.down()
    made.history_manager.end_session()  # type: ignore[union-attr]
    InteractiveShell.clear_instance()


def run(shell: InteractiveShell, cell: str) -> Any:
    done = shell.run_cell(cell, store_history=False)
    if not done.success:
        raise done.error_in_exec or done.error_before_exec
    return done.result
