"""From DOT to SVG: with the dot program, and what happens without it."""

import re
import shutil
import sysconfig
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.laws import law
from support.pictures import CLASSROOM, CLOSED, DOCKER, OPEN, SEED, THIRTY, THREE, matrix, ping

from netlab_magic.draw import Picture, chains_picture, hooks_picture, topology_picture
from netlab_magic.draw.base import render
from netlab_magic.draw.base.dot_html import plain
from netlab_magic.draw.base.render import NO_DOT, SUBSTITUTE, DrawingFailed, Renderer, draw_with, renderer
from netlab_magic.draw.base.style import PAGE_WIDTH
from netlab_magic.draw.base.svg import WIDEST, finished
from netlab_magic.iptables.ruleset import Chain, Match, Option, Rule, Ruleset, Table, Target
from netlab_magic.iptables.save_format import parse
from netlab_magic.model.hooks import DIRECTIONS
from netlab_magic.model.packet_path import RulePath, RuleStep
from netlab_magic.model.topology import HOST, End, Interface, Namespace, Server, Topology

needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="the dot program is not installed")
needs_substitute = pytest.mark.skipif(not Path(sysconfig.get_path("scripts"), SUBSTITUTE).exists(), reason="graphviz-pure is not installed")

SVG = "{http://www.w3.org/2000/svg}"
DRAWN = {SVG + tag for tag in ("svg", "g", "path", "polygon", "polyline", "ellipse", "text", "title", "desc", "style")}
HOSTILE = "</svg><script>alert(1)</script>&bogus;&#0;\\N\\\"'\x1b[31m\r\n\u202e網路"


def _svg(picture: Picture) -> ElementTree.Element:
    return ElementTree.fromstring(picture.svg() or "")  # noqa: S314 - our own


def _texts(root: ElementTree.Element) -> Iterator[str]:
    return ("".join(element.itertext()) for element in root.iter(SVG + "text"))


def _hostile_lab(name: str) -> Topology:
    namespace = f"n-{name}"
    port = Interface("v" + name, master="b" + name, peer=End(namespace, "e" + name))
    guest = Interface("e" + name, addresses=(name,), peer=End(HOST, "v" + name))
    host = Namespace(HOST, (Interface("b" + name, "bridge", (name,)), port), sysctls={"net.ipv4.ip_forward": name})
    return Topology({HOST: host, namespace: Namespace(namespace, (guest,))}, (Server(namespace, 80, name, name),))


def _hostile_rules(text: str) -> Ruleset:
    comment = Match("comment", (Option("--comment", (text,)),))
    rules = (Rule(matches=(comment,), target=Target("c" + text)), Rule(target=Target(text)), Rule(raw=text))
    forward = Chain("FORWARD", "DROP", rules)
    return Ruleset((Table("filter", (forward, Chain("c" + text), Chain("other" + text))),))


SMALLEST_SCALE = 1.1
"""How much smaller than drawn a picture may get on the page: its 10 points stay above 9."""

PATH = RulePath((RuleStep("filter", "FORWARD", 1, "DOCKER-USER"), RuleStep("filter", "FORWARD", None, "DROP")), "a ping")

PICTURES = {
    "seed": topology_picture(SEED, CLOSED, [ping("ns1", "ns0", "blocked"), ping("ns1", "internet", "blocked", name="8.8.8.8")]),
    "three": topology_picture(THREE, OPEN, [ping("web0", "db1", "answered", 0.1)]),
    "thirty": topology_picture(THIRTY, OPEN, matrix(CLASSROOM, {("ns4", "ns5")})),
    "nothing": topology_picture(Topology(), OPEN),
    "docker": chains_picture(DOCKER),
    "one chain": chains_picture(DOCKER, chain="FORWARD", path=PATH),
    "no chain": chains_picture(DOCKER, chain="NOWHERE"),
    "way": hooks_picture(DOCKER, path=PATH),
    "way in": hooks_picture(OPEN, "in"),
}


@needs_dot
@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
def test_svg_is_accessible_themed_and_fits_the_page(picture):
    root = _svg(picture)
    title, description, style = root[:3]
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    assert (title.text, description.text) == (picture.title, picture.description)
    for part in ("prefers-color-scheme:dark", "--jp-content-font-color1", "max-width:100%", "background:transparent"):
        assert part in (style.text or "")
    assert float((root.get("width") or "").removesuffix("pt")) <= PAGE_WIDTH + 30


@needs_dot
def test_every_colour_is_one_that_has_a_dark_value():
    for picture in PICTURES.values():
        root = _svg(picture)
        used = {element.get(side) for element in root.iter() for side in ("fill", "stroke")} - {None, "none", "transparent"}
        style = root[2].text or ""
        missing = {colour for colour in used if f'="{colour}"' not in style}
        # text has no fill attribute when it is black, and black text would be invisible on a dark page
        assert not missing
        assert all(element.get("fill") for element in root.iter(SVG + "text") if (element.text or "").strip())


@needs_dot
def test_svgs_on_one_page_share_no_id_and_the_same_picture_has_the_same():
    ids = {name: re.findall(r' id="([^"]+)"', picture.svg() or "") for name, picture in PICTURES.items()}
    together = [each for found in ids.values() for each in found]
    assert len(together) == len(set(together)) > len(PICTURES)
    again = Picture(PICTURES["seed"].dot, "", PICTURES["seed"].title, PICTURES["seed"].description)
    assert again.svg() == PICTURES["seed"].svg()


DUMPS = sorted((Path(__file__).parents[1] / "data" / "dumps").glob("*.save"))


@needs_dot
@pytest.mark.parametrize("dump", DUMPS, ids=lambda dump: dump.stem)
def test_the_tables_of_real_hosts_are_legible_at_the_width_of_a_page(dump):
    ruleset = parse(dump.read_text(), strict=False)
    chains = [chains_picture(ruleset, table.name) for table in ruleset.tables]
    pictures = chains + [hooks_picture(ruleset, direction) for direction in DIRECTIONS]
    for picture in pictures:
        width = float((_svg(picture).get("viewBox") or "").split()[2])
        assert width <= WIDEST * SMALLEST_SCALE


@pytest.mark.parametrize("dump", [dump for dump in DUMPS if dump.stem.startswith("docker")], ids=lambda dump: dump.stem)
def test_every_rule_of_docker_is_in_the_text_form(dump):
    ruleset = parse(dump.read_text())
    for table in ruleset.tables:
        text = chains_picture(ruleset, table.name).text
        missing = [rule for chain in table.chains for rule in chain.rules if rule.options and str(rule.options[0]) not in text]
        assert not missing


def _boxes(root: ElementTree.Element) -> list[tuple[float, float, float, float]]:
    """The extents of all nodes."""
    boxes = []
    for group in root.iter(SVG + "g"):
        if (group.get("class") or "") == "node":
            shapes = [shape.get("points") or shape.get("d") or "" for shape in group.iter() if shape.tag in (SVG + "polygon", SVG + "path")]
            numbers = [(float(x), float(y)) for shape in shapes for x, y in re.findall(r"(-?[\d.]+),(-?[\d.]+)", shape)]
            xs, ys = zip(*numbers, strict=True)
            boxes.append((min(xs), min(ys), max(xs), max(ys)))
    return boxes


@needs_dot
@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
def test_no_node_overlaps_another(picture):
    boxes = _boxes(_svg(picture))
    assert boxes
    for place, (left, top, right, bottom) in enumerate(boxes):
        for other_left, other_top, other_right, other_bottom in boxes[:place]:
            assert right <= other_left or other_right <= left or bottom <= other_top or other_bottom <= top


@needs_dot
def test_the_drawing_shows_every_namespace_and_address():
    shown = " ".join(_texts(_svg(PICTURES["thirty"])))
    for name in CLASSROOM:
        assert f"{name} " in f"{shown} "
    for address, _ in THIRTY.addresses():
        assert address in shown


@needs_dot
def test_a_rule_has_its_tooltip_with_the_explanation_below_and_no_link():
    spec = "-m comment --comment " + "words-" * 40
    picture = chains_picture(parse(f"*filter\n:FORWARD DROP\n-A FORWARD {spec}\nCOMMIT\n"), explain=lambda *_: "a\nb <c>")
    assert f"-A FORWARD {spec}\na b <c>" in [element.text for element in _svg(picture).iter(SVG + "title")]
    assert "href" not in (picture.svg() or "")


@needs_dot
@law(40)
@given(st.text(max_size=40))
@example(HOSTILE)
@example("&amp;lt;")
@example("\\")
@example(" ")
@example("\ud800")
@example("]]><!--")
@example("]")
@example("]]")
def test_no_text_breaks_the_picture_or_becomes_markup(text):
    pictures = (
        topology_picture(_hostile_lab(text), _hostile_rules(text), [ping("n-" + text, text, "blocked", why=text)]),
        chains_picture(_hostile_rules(text)),
        chains_picture(_hostile_rules(text), text, text),
        chains_picture(_hostile_rules(text), explain=lambda *_: text, path=RulePath((RuleStep("filter", "FORWARD", 1, text),), text)),
        hooks_picture(_hostile_rules(text), explain=lambda *_: text),
    )
    for picture in pictures:
        root = _svg(picture)
        assert {element.tag for element in root.iter()} <= DRAWN
        assert not [name for element in root.iter() for name in element.attrib if name.startswith("on") or "href" in name]


@needs_dot
@pytest.mark.parametrize("text", ["a&amp;b", "&bogus;", "\\N \\G \\E", "<b>x</b>", "\"'", "網路 é"])
def test_text_is_shown_as_it_is_written(text):
    root = _svg(topology_picture(_hostile_lab(text), OPEN))
    assert f"n-{text}" in list(_texts(root))


@given(st.text(max_size=40))
@example(HOSTILE)
def test_text_form_has_every_name_on_one_line(text):
    lab_text = topology_picture(_hostile_lab(text), OPEN).text
    rules_text = chains_picture(_hostile_rules(text)).text
    for prefix in ("n-", "e", "v", "b"):
        assert plain(prefix + text) in lab_text
    for prefix in ("c", "other"):
        assert plain(prefix + text) in rules_text
    assert all(char.isprintable() or char == "\n" for char in lab_text + rules_text)


def test_bundle_has_text_always_and_svg_where_it_is_wanted():
    picture = PICTURES["docker"]
    wanted = {"text/plain"} | ({"image/svg+xml"} if renderer() else set())
    assert set(picture._repr_mimebundle_()) == wanted
    assert set(picture._repr_mimebundle_(include={"text/plain"})) == {"text/plain"}
    assert set(picture._repr_mimebundle_(exclude={"image/svg+xml"})) == {"text/plain"}
    assert picture._repr_mimebundle_()["text/plain"] == str(picture) == picture.text


def test_a_picture_that_says_more_when_hovered_over_is_html_too():
    """JupyterLab shows image/svg+xml as an <img>, in which titles are no tooltips."""
    ruleset = Ruleset((Table("filter", (Chain("FORWARD", "DROP", (Rule(target=Target("ACCEPT")),)),)),))
    picture = chains_picture(ruleset, "filter", "FORWARD", explain=lambda *_: "Every packet passes.")
    assert not chains_picture(ruleset, "filter", "FORWARD").tips
    assert picture.tips
    if renderer():
        bundle = picture._repr_mimebundle_()
        assert bundle["text/html"] == bundle["image/svg+xml"]
        assert "Every packet passes." in bundle["text/html"]
        assert set(picture._repr_mimebundle_(exclude={"text/html"})) == {"text/plain", "image/svg+xml"}


@pytest.fixture
def without_dot(monkeypatch, tmp_path):
    """A machine on which no system package is installed; what pip has installed stays."""
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.fixture
def without_renderer(without_dot, monkeypatch, tmp_path):
    """A machine on which nothing can draw."""
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(tmp_path))


@pytest.fixture(scope="module")
def drawn_by_dot():
    """What is written in each picture by the dot program."""
    return {name: _written(_svg(picture)) for name, picture in PICTURES.items()}


def _written(root):
    """Each text with its font and its size."""
    texts = [text for text in root.iter(SVG + "text") if (text.text or "").strip()]
    return Counter((text.text, text.get("font-family"), text.get("font-weight"), text.get("font-size")) for text in texts)


@needs_dot
@needs_substitute
@pytest.mark.parametrize("name", PICTURES)
def test_without_dot_its_substitute_draws_the_same(name, drawn_by_dot, without_dot):
    """The same texts in the same fonts and sizes, no wider than the page."""
    root = _svg(PICTURES[name])
    assert _written(root) == drawn_by_dot[name]
    assert float(root.get("width", "").removesuffix("pt")) <= WIDEST
    assert {element.tag for element in root.iter()} <= DRAWN


@needs_substitute
def test_without_dot_hostile_text_is_as_harmless(without_dot):
    for picture in (topology_picture(_hostile_lab(HOSTILE), OPEN), chains_picture(_hostile_rules(HOSTILE))):
        assert {element.tag for element in _svg(picture).iter()} <= DRAWN


def test_where_nothing_can_draw_the_text_says_how_to_get_pictures(without_renderer):
    picture = chains_picture(DOCKER)
    assert picture.svg() is None
    assert picture.text == f"{PICTURES['docker'].words}\n\n{NO_DOT}"
    assert picture._repr_mimebundle_() == {"text/plain": picture.text}


@pytest.mark.parametrize("program", ["#!/bin/sh\nexit 3\n", "#!/no/such/interpreter\n", "\x7fELF of another processor"])
def test_a_dot_that_fails_is_no_error(monkeypatch, tmp_path, program):
    broken = tmp_path / "dot"
    broken.write_text(program)
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    picture = Picture("digraph { broken_dot }", "words", "title", "description")
    assert picture.svg() is None
    assert picture._repr_mimebundle_() == {"text/plain": "words"}


@needs_dot
def test_a_library_that_is_given_draws_and_its_failure_is_no_error(monkeypatch):
    picture, other = PICTURES["seed"], PICTURES["docker"]

    def library(text: str) -> str:
        if text == other.dot:
            raise DrawingFailed("no")
        return render._printed("dot", text)

    by_program = picture.svg()
    monkeypatch.setattr(render, "_SOURCES", list(render._SOURCES))
    draw_with(Renderer("a library", has_fonts=True, draw=library))
    assert picture.svg() == by_program
    assert other.svg() is None


def test_a_drawing_does_not_depend_on_how_many_were_drawn_before():
    def drawn(number: int) -> str:
        link = f'<g id="a_node1_{number}"><a xlink:href="#" xlink:title="said"><text>said</text></a></g>'
        names = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
        return finished(f'<svg width="8pt" height="8pt" {names}><g id="node1">{link}</g></svg>', "nl", "title", "description")

    assert drawn(0) == drawn(36)
    assert 'id="nl-node1"' in drawn(0)
