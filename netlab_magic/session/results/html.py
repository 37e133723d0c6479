"""HTML from values: each tag is a function, and every text is escaped unless it is HTML already."""

from functools import partial
from html import escape

from netlab_magic.draw import Picture

__all__ = ["Html", "b", "code", "details", "div", "drawn", "joined", "li", "ol", "pre", "span", "table", "tag", "td", "th", "tr"]


class Html(str):
    """Text that is HTML already; only this module makes it from other text."""

    __slots__ = ()


def joined(*content: str) -> Html:
    """Several pieces one after the other."""
    return Html("".join(piece if isinstance(piece, Html) else escape(piece) for piece in content))


def tag(name: str, *content: str, **attributes: str | int | bool) -> Html:
    """An element. `class_` is the attribute class, `aria_label` is aria-label; one that is True has no value, an empty one is left out.

    >>> tag("td", "a < b", class_="bad")
    '<td class="bad">a &lt; b</td>'
    """
    return Html(f"<{name}{''.join(_attribute(key, value) for key, value in attributes.items())}>{joined(*content)}</{name}>")


def _attribute(name: str, value: str | int | bool) -> str:
    name = name.rstrip("_").replace("_", "-")
    if value is True:
        return f" {name}"
    return "" if value is False or value == "" else f' {name}="{escape(str(value))}"'


b, code, div, li, ol, pre, span, table, td, th, tr = (
    partial(tag, name) for name in ("b", "code", "div", "li", "ol", "pre", "span", "table", "td", "th", "tr")
)


def details(summary: str, *content: str, unfolded: bool = False) -> Html:
    """Content that a click on its summary unfolds."""
    return tag("details", tag("summary", summary), *content, open=unfolded)


def drawn(picture: Picture) -> Html:
    """A picture, or its text if it cannot be drawn."""
    svg = picture.svg()
    return Html(svg) if svg else pre(picture.text)
