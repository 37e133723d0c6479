"""A picture as a value: its DOT source and the same content as text."""

from collections.abc import Collection

import msgspec

from netlab_magic.draw.base.dot_html import label, run
from netlab_magic.draw.base.render import NO_DOT, available, svg_of
from netlab_magic.draw.base.style import BODY, Role

__all__ = ["Picture"]


class Picture(msgspec.Struct, frozen=True):
    """A picture: `dot` is the drawing, `words` says everything that it shows, `title` and `description` are one sentence each.

    `tips` is set if it has tooltips. It is then shown as HTML too: JupyterLab shows an SVG as an <img>, which has no tooltips.
    """

    dot: str
    words: str
    title: str
    description: str
    tips: bool = False

    @property
    def text(self) -> str:
        """The text form: everything in words and, without a renderer, how to get pictures."""
        return self.words if available() else f"{self.words}\n\n{NO_DOT}"

    def svg(self) -> str | None:
        """The picture as SVG, or None if no renderer can draw it."""
        return svg_of(self.dot, self.title, self.description)

    def marked(self, word: str) -> "Picture":
        """The picture with a remark at its edge and in its text."""
        note = f"\tremark [shape=plain, label={label(run(word, Role.QUIET, BODY, bold=True))}]\n}}\n"
        return msgspec.structs.replace(
            self, dot=self.dot.rstrip().removesuffix("}") + note, words=f"{self.words}\n({word})", title=f"{self.title} ({word})"
        )

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<Picture: {self.title}>"

    def _repr_mimebundle_(self, include: Collection[str] | None = None, exclude: Collection[str] | None = None) -> dict[str, str]:
        """Always the text; the picture if it can be drawn."""
        drawn_as = ("image/svg+xml", "text/html") if self.tips else ("image/svg+xml",)
        wanted = [kind for kind in drawn_as if (include is None or kind in include) and kind not in (exclude or ())]
        drawn = self.svg() if wanted else None
        return {"text/plain": self.text} | (dict.fromkeys(wanted, drawn) if drawn else {})
