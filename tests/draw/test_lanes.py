"""Arrows beside the cards: each lane holds arrows that do not overlap, and none touches a card but at its ends."""

import re
from xml.etree import ElementTree

import pytest

from netlab_magic.draw.base.lanes import LANE, SPINE, in_lanes

SVG = "{http://www.w3.org/2000/svg}"


def _drawing(kind: str, *arrows: tuple[float, float], x: float = 100.0) -> ElementTree.Element:
    edges = "".join(
        f'<g class="edge {kind}"><path d="M{x},{start}C{x},{start} {x},{end} {x},{end}" stroke="#000"/>'
        f'<polygon points="{x - 3},{end - 8} {x},{end} {x + 3},{end - 8} {x - 3},{end - 8}"/></g>'
        for start, end in arrows
    )
    return ElementTree.fromstring(f'<svg xmlns="http://www.w3.org/2000/svg" width="200pt" viewBox="0 0 200 300">{edges}</svg>')  # noqa: S314


def _lanes(root: ElementTree.Element) -> list[float]:
    """Where each arrow runs along the cards."""
    return [float(re.search(r"Q(-?[\d.]+),", path.get("d"))[1]) for path in root.iter(f"{SVG}path")]


@pytest.mark.parametrize(
    ("arrows", "lanes"),
    [
        ([(10, 50)], [114]),
        ([(10, 50), (60, 90)], [114, 114]),
        ([(10, 90), (20, 50)], [124, 114]),
        ([(10, 90), (20, 90)], [114, 114]),
        ([(10, 60), (40, 90)], [114, 124]),
    ],
    ids=["one", "one after the other", "nested", "to one place", "crossing"],
)
def test_arrows_that_would_overlap_get_lanes_of_their_own(arrows, lanes):
    root = _drawing(LANE, *arrows)
    in_lanes(root)
    assert _lanes(root) == lanes


def test_an_arrow_starts_and_ends_where_it_did():
    root = _drawing(LANE, (10, 50))
    in_lanes(root)
    path, head = next(root.iter(f"{SVG}path")), next(root.iter(f"{SVG}polygon"))
    assert path.get("d", "").startswith("M100.0,10.0 H")
    assert head.get("points", "").startswith("100.0,50.0 ")


def test_the_spine_runs_on_the_left():
    root = _drawing(SPINE, (10, 50), x=20.0)
    in_lanes(root)
    assert _lanes(root) == [6]


def test_the_picture_grows_by_what_its_lanes_need():
    root = _drawing(LANE, (10, 90), (20, 50))
    in_lanes(root)
    assert (root.get("viewBox"), root.get("width")) == ("0.00 0.00 232.00 300.00", "232pt")


def test_many_lanes_lie_closer_together():
    root = _drawing(LANE, *((10 + number, 290 - number) for number in range(30)))
    in_lanes(root)
    lanes = sorted(_lanes(root))
    assert len(set(lanes)) == 30
    assert lanes[-1] - lanes[0] == 60


def test_other_arrows_stay_as_they_are():
    root = _drawing("", (10, 50))
    before = ElementTree.tostring(root)
    in_lanes(root)
    assert ElementTree.tostring(root) == before
