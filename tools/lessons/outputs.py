"""What of a cell's outputs is kept with the notebook, and when two outputs say the same.

Kept is what a page shows that runs nothing and trusts nobody, as GitHub does: text, HTML without styles and folding, and pictures as
outputs of their own. Two runs give the same but for what the clock, the kernel and other traffic decide (`alike`); then the older
output stays.
"""

import json
import re
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from typing import Any

import nbformat

__all__ = ["alike", "kept"]

SVG = "image/svg+xml"
HTML = "text/html"
WIDGET = "application/vnd.jupyter.widget-view+json"

_STYLE = {
    "pre": "margin:0;font-family:var(--jp-code-font-family,monospace);white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere",
    "td": "text-align:left",
    "th": "text-align:left",
    "ok": "color:#0072B2",
    "bad": "color:#D55E00",
}
"""How elements and classes look where no style sheet is allowed, but an element's own style is."""
_INSTEAD = {"details": "div", "summary": "p"}
_VOID = frozenset({"br", "hr", "img", "input", "wbr"})
_HIDDEN = re.compile(r"<style>.*?</style>|<title[^>]*>.*?</title>|<[^>]+>", re.DOTALL)
"""What a picture does not show by itself: tags, and what the mouse finds, which a picture that grew by a column of counters leaves out."""

_VARIES = tuple(
    (re.compile(pattern, re.MULTILINE), instead)
    for pattern, instead in (
        (r"\bnl[0-9a-f]{10}\b", "ID"),
        (r"\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b", "MAC"),
        (r"\bfe80::[0-9a-f:]+", "LINK-LOCAL"),
        (r"\d+(?:\.\d+)? ?ms\b", "TIME"),
        (r"\b\d+\.\d+ / TIME", "TIME / TIME"),
        (r"time[= ]\d+(?:\.\d+)?", "TIME"),
        (r"rtt min.*", "RTT"),
        (r"\b\d\d:\d\d:\d\d(?:\.\d+)?\b", "CLOCK"),
        (r" on \w{3} \w{3} +\d+ CLOCK \d{4}", " on DATE"),
        (r"\b(?:v?1\.8\.\d+|nft [\d.]+)\b", "RELEASE"),
        (r"(?<=[.:])(?:3[2-9]\d{3}|[456]\d{4})\b", "PORT"),
        (r"(?<=port )(?:3[2-9]\d{3}|[456]\d{4})\b", "PORT"),
        (r"(?<=port=)(?:3[2-9]\d{3}|[456]\d{4})\b", "PORT"),
        (r"\b(?:pid|id|seq|ack|cksum|ecr|val)[= ]\w+(?::\d+)?", "NUMBER"),
        (r"\[\d+:\d+\]", "COUNTERS"),
        (r"\d+[KM]? packets, \d+[KM]? bytes", "COUNTERS"),
        (r"packets \d+ bytes \d+", "COUNTERS"),
        (r"^( *\d+)? +\d+[KM]? +\d+[KM]? (?=\S* +\S+ +(?:opt|--|\*|0))", "COUNTERS"),
        (r"\n*^No counters, or no packet yet\.$", ""),
        (r"^ +num(?: +pkts)? +", "HEADER "),
        (r"^ *(?:\d+)?(?: +\d+[KM]?)? +(?=[→✓✕↩])", "ROW "),
        (r"\b(?:REACHABLE|DELAY|STALE|PROBE)\b", "KNOWN"),
        (r"(?<=\bexpires )\w+", "TIME"),
        (r"(?<=index )\d+|@if\d+|^\d+: ", "INDEX"),
    )
)


def alike(one: Sequence[Any], other: Sequence[Any]) -> bool:
    """Whether two lists of outputs say the same, apart from times, addresses and counters that no run repeats."""
    return _steady(one) == _steady(other)


def _steady(outputs: Sequence[Any]) -> list[str]:
    return [json.dumps(_words_of(output), ensure_ascii=False) for output in outputs]


def _words_of(output: Any) -> list[str]:
    """What an output says, and how a picture says it; where a picture draws its parts depends on counters' width, so it does not count."""
    if output["output_type"] == "stream":
        return [output["name"], _masked(output["text"])]
    if output["output_type"] == "error":
        return [output["ename"], output["evalue"]]
    words = []
    for kind, text in sorted(output["data"].items()):
        if kind in (SVG, HTML):
            texts = [each.strip() for each in _HIDDEN.sub("\n", text).splitlines()]
            words.append("\n".join(each for each in texts if each and not re.fullmatch(r"[\d,.KM]+|pkts", each)))
        else:
            words.append(text if isinstance(text, str) else json.dumps(text))
    return [_masked(each) for each in words]


def _masked(text: str) -> str:
    for pattern, instead in _VARIES:
        text = pattern.sub(instead, text)
    return text


def kept(outputs: Sequence[Any]) -> list[Any]:
    """The outputs of a cell as they are committed."""
    return [nbformat.from_dict(_plain(output)) for joined in _joined(outputs) for output in _parted(joined)]


def _plain(output: Any) -> dict[str, Any]:
    if "data" in output:
        output = {**output, "data": {kind: value for kind, value in output["data"].items() if kind != WIDGET}}
    return output if output["output_type"] != "execute_result" else {**output, "execution_count": None}


def _joined(outputs: Sequence[Any]) -> Iterator[dict[str, Any]]:
    """Text of one stream that follows itself is one output, however it came in pieces."""
    held: dict[str, Any] | None = None
    for output in outputs:
        if held and output["output_type"] == "stream" and held["name"] == output["name"]:
            held["text"] += output["text"]
            continue
        if held:
            yield held
        held = dict(output) if output["output_type"] == "stream" else None
        if held is None:
            yield dict(output)
    if held:
        yield held


def _parted(output: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """HTML with pictures in it becomes outputs one behind the other: HTML, picture, HTML …, for pages that show no pictures in HTML."""
    html = output.get("data", {}).get(HTML)
    if html is None:
        yield output
        return
    text = output["data"].get("text/plain", "")
    for at, (kind, piece) in enumerate(Parted(html).pieces):
        said = text if at == 0 else _title(piece) if kind == SVG else ""
        data = {kind: piece} | ({"text/plain": said} if said else {})
        yield {"output_type": "display_data", "data": data, "metadata": {}}


def _title(svg: str) -> str:
    found = re.search(r"<desc[^>]*>(.*?)</desc>", svg, re.DOTALL) or re.search(r"<title[^>]*>(.*?)</title>", svg, re.DOTALL)
    return found[1] if found else ""


class Parted(HTMLParser):
    """Cuts HTML at its pictures; what is open there is closed before and opened again behind. Styles go, what was folded is unfolded."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=False)
        self.pieces: list[tuple[str, str]] = []
        self._open: list[tuple[str, str]] = []
        self._piece: list[str] = []
        self._svg = 0
        self._says = False
        self._style = False
        self.feed(html)
        self._end(HTML)

    def _end(self, kind: str) -> None:
        if kind == SVG or self._says:
            self.pieces.append((kind, "".join(self._piece)))
        self._piece, self._says = [], False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        source = self.get_starttag_text() or ""
        if tag == "style" and not self._svg:
            self._style = True
            return
        if tag == "svg" and not self._svg:
            self._piece += [f"</{name}>" for name, _ in reversed(self._open)]
            self._end(HTML)
        if tag == "svg" or self._svg:
            self._svg += tag == "svg"
            self._piece.append(source)
            return
        if tag in _INSTEAD:
            tag = _INSTEAD[tag]
            source = f"<{tag}>"
        styles = [_STYLE[key] for key in (tag, dict(attrs).get("class") or "") if key in _STYLE]
        if styles and "style" not in dict(attrs):
            source = f'{source[:-1]} style="{";".join(styles)}">'
        self._piece.append(source)
        if tag not in _VOID:
            self._open.append((tag, source))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._piece.append(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        if self._style and not self._svg:
            self._style = False
            return
        if not self._svg:
            tag = _INSTEAD.get(tag, tag)
            if self._open and self._open[-1][0] == tag:
                self._open.pop()
        # HTMLParser gives names in lower case; SVG's are not all so.
        self._piece.append({"lineargradient": "</linearGradient>", "clippath": "</clipPath>"}.get(tag, f"</{tag}>"))
        if tag == "svg":
            self._svg -= 1
            if not self._svg:
                self._end(SVG)
                self._piece = [source for _, source in self._open]

    def handle_data(self, data: str) -> None:
        if not (self._style and not self._svg):
            self._piece.append(data)
            self._says = self._says or bool(data.strip())

    def handle_entityref(self, name: str) -> None:
        self.handle_data(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.handle_data(f"&#{name};")
