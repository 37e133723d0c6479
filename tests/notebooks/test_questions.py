"""The labs on the page of questions show what the page says: each `expect` holds, in the model and on the kernel."""

from pathlib import Path

import pytest

from netlab_magic import CellResult, Lab, Measured

DOCS = Path(__file__).parents[2] / "docs"
LABS = sorted((DOCS / "questions").glob("*.netlab"))
PAGES = [DOCS / "questions.md", DOCS / "zh-TW" / "questions.md"]


def expectations(lab: Lab, cell: Path) -> list[Measured]:
    """What the cell expected and found; running it raises for the first one that does not hold."""
    with lab:
        found = lab.run(cell.read_text())
    assert isinstance(found, CellResult)
    return [result for result in found.results if isinstance(result, Measured)]


@pytest.mark.parametrize("cell", LABS, ids=lambda path: path.stem)
def test_a_question_is_answered_in_the_model(cell: Path):
    assert expectations(Lab(engine="simulated"), cell)


@pytest.mark.kernel
@pytest.mark.long("the labs of the page of questions, on the kernel")
@pytest.mark.parametrize("cell", LABS, ids=lambda path: path.stem)
def test_a_question_is_answered_on_the_kernel(cell: Path):
    assert expectations(Lab(), cell)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.parent.name)
def test_a_page_shows_every_lab_once(page: Path):
    assert [line.split()[1] for line in page.read_text().splitlines() if "literalinclude" in line] == [f"questions/{lab.name}" for lab in LABS]
