"""Prepares dot's SVG for a page: accessible, themed, without links, and with ids that do not clash with another picture's."""

from xml.etree import ElementTree

from netlab_magic.draw.base.dot_html import LINE_BREAK
from netlab_magic.draw.base.lanes import in_lanes
from netlab_magic.draw.base.style import style_sheet

__all__ = ["finished"]

WIDEST = 620
"""In points: 827 pixels, the width of a notebook's cell in an ordinary window."""

_SVG = "http://www.w3.org/2000/svg"
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
_XLINK = "http://www.w3.org/1999/xlink"


def _name(tag: str) -> str:
    return f"{{{_SVG}}}{tag}"


def _without_titles(element: ElementTree.Element) -> None:
    """Removes dot's own titles (`n0`, `n0->n1`), which would show as tooltips and be read aloud."""
    for title in element.findall(_name("title")):
        element.remove(title)
    for child in element:
        _without_titles(child)


def _link_to_tooltip(link: ElementTree.Element) -> None:
    """Keeps the tooltips but drops the links: dot gives a cell a tooltip only as part of a link."""
    text = link.get(f"{{{_XLINK}}}title", "").replace(LINE_BREAK, "\n")
    link.tag = _name("g")
    link.attrib.clear()
    title = ElementTree.Element(_name("title"))
    title.text = text
    link.insert(0, title)


def _prefixed(element: ElementTree.Element, prefix: str) -> None:
    """Makes an id unique. Ids of links are removed: a process numbers them across drawings, so no two drawings would be equal."""
    name = element.get("id", "")
    if name.startswith("a_"):
        del element.attrib["id"]
    elif name:
        element.set("id", f"{prefix}-{name}")


def _described(root: ElementTree.Element, prefix: str, title: str, description: str) -> None:
    texts = (("title", title), ("desc", description), ("style", style_sheet(prefix)))
    for place, (tag, text) in enumerate(texts):
        child = ElementTree.Element(_name(tag))
        child.text = text
        if tag != "style":
            child.set("id", f"{prefix}-{tag}")
        root.insert(place, child)
    root.set(_SPACE, "preserve")
    root.set("id", prefix)
    root.set("role", "img")
    root.set("aria-labelledby", f"{prefix}-title {prefix}-desc")


def _fitted(root: ElementTree.Element) -> None:
    """Scales down a picture that is wider than a notebook's page; as an `<img>` it would be cut off."""
    width, height = (float(root.get(side, "0").removesuffix("pt")) for side in ("width", "height"))
    if width > WIDEST:
        root.set("width", f"{WIDEST}pt")
        root.set("height", f"{height * WIDEST / width:.0f}pt")


def finished(raw: str, prefix: str, title: str, description: str) -> str:
    """dot's SVG, ready for use inline in a page or as an `<img>`; `prefix` must be unique to its content."""
    root = ElementTree.fromstring(raw)  # noqa: S314 - dot wrote it
    _without_titles(root)
    in_lanes(root)
    for element in root.iter():
        _prefixed(element, prefix)
        if element.tag == _name("a"):
            _link_to_tooltip(element)
    _described(root, prefix, title, description)
    _fitted(root)
    ElementTree.register_namespace("", _SVG)
    return ElementTree.tostring(root, encoding="unicode")
