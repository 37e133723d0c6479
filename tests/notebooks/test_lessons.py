"""The lessons: one source for both languages, one vocabulary, and outputs that are those of today's program."""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import mistune
import nbformat
import pytest
from lessons.__main__ import with_older_outputs, written
from lessons.outputs import Parted, alike, kept
from lessons.running import executed
from lessons.source import LANGUAGES, LESSONS, NOTEBOOKS, SourceError, lesson_parts, lessons, notebook, parts

GLOSSARY = tomllib.loads((LESSONS / "glossary.toml").read_text())
HAN = "\u3400-\u9fff"
FULL = "\u3001\u3002\uff0c\uff1a\uff1b\uff1f\uff01\uff08\uff09\u300c\u300d\u300a\u300b"

NUMBERED = [path for path in lessons() if path.stem[0].isdigit()]

every_lesson = pytest.mark.parametrize("path", lessons(), ids=lambda path: path.stem)
every_language = pytest.mark.parametrize("language", LANGUAGES)
may_warn = pytest.mark.filterwarnings("ignore")  # Jupyter's own packages warn about their next versions


@cache
def committed(path: Path, language: str) -> Any:
    return nbformat.read(NOTEBOOKS / language / f"{path.stem}.ipynb", as_version=4)


def chinese(path: Path) -> dict[str, str]:
    """The Chinese prose of a lesson by its parts' names, without code."""
    prose = {part.name: part.text for part in lesson_parts(path) if part.kind == "zh-TW"}
    return {name: re.sub(r"```.*?```", "", text, flags=re.DOTALL) for name, text in prose.items()}


def said(path: Path) -> str:
    return "\n".join(chinese(path).values())


class TestSources:
    def test_each_lesson_has_a_number_and_a_notebook_in_each_language(self):
        assert [path.stem[:2] for path in NUMBERED] == [f"{number:02}" for number in range(1, 13)]
        names = sorted(path.stem for path in lessons())
        assert [sorted(path.stem for path in (NOTEBOOKS / language).glob("*.ipynb")) for language in LANGUAGES] == [names, names]

    @every_lesson
    @every_language
    def test_links_lead_somewhere(self, path, language):
        for cell in committed(path, language).cells:
            for target in re.findall(r"\]\((?!https?:|#)([^)#]+)\)", cell.source if cell.cell_type == "markdown" else ""):
                assert (NOTEBOOKS / language / target).exists(), target

    @every_lesson
    @every_language
    def test_the_notebook_is_what_its_source_says(self, path, language):
        wanted = [(cell.id, cell.cell_type, cell.source, cell.metadata) for cell in notebook(path, language).cells]
        found = [(cell.id, cell.cell_type, cell.source, cell.metadata) for cell in committed(path, language).cells]
        assert found == wanted, "run `python tools/lessons`"

    @every_lesson
    def test_the_code_is_the_same_in_all_languages(self, path):
        codes = [[cell.source for cell in committed(path, language).cells if cell.cell_type == "code"] for language in LANGUAGES]
        assert codes[0] == codes[1]

    @pytest.mark.parametrize("path", NUMBERED, ids=lambda path: path.stem)
    @every_language
    def test_it_has_what_a_lesson_has(self, path, language):
        """A goal, guesses, folded answers, a host that has not been seen, and what to remember."""
        cells = committed(path, language).cells
        prose = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
        wanted = {"en": ("**Goal.**", "redict", "<details>"), "zh-TW": ("**目標。**", "猜", "<details>")}[language]
        assert [each for each in wanted if each not in prose] == []
        assert {"variant-host", "variant-yours", "solution-variant", "end"} <= {cell.id for cell in cells}

    @pytest.mark.parametrize(
        ("text", "complaint"),
        [
            ("=== en a\nx\n=== code b\n", "line 1: a is wanted in en, then zh-TW"),
            ("=== code a\nx\n=== code a\n", "line 3: there is a part called a already"),
            ("=== fr a\n", "line 1: a part begins with"),
            ("x\n=== code a\n", "line 1: this comes before the first part"),
        ],
    )
    def test_a_mistake_is_one_sentence_with_its_place(self, tmp_path, text, complaint):
        (tmp_path / "99-x.md").write_text(text)
        with pytest.raises(SourceError, match=re.escape(complaint)):
            parts(tmp_path / "99-x.md")


class TestChinese:
    @every_lesson
    def test_characters_are_those_of_taiwan(self, path):
        """Big5 has what is written there, and nearly nothing of what is written otherwise elsewhere."""
        strange = {char for char in re.findall(f"[{HAN}]", said(path)) if not char.encode("cp950", "ignore")}
        assert strange == set()

    @every_lesson
    def test_words_are_those_of_the_glossary(self, path):
        text = said(path).replace("用戶端", "")
        assert {wrong: right for wrong, right in GLOSSARY["instead"].items() if wrong in text} == {}

    def test_the_glossary_has_only_words_that_are_used(self):
        everything = "".join(said(path) for path in lessons())
        assert [word for word in GLOSSARY["terms"].values() if word not in everything] == []

    @every_lesson
    def test_spaces_and_punctuation(self, path):
        """A space between Chinese and Latin, none between Chinese; full-width punctuation in Chinese sentences."""
        for name, text in chinese(path).items():
            ended = re.sub(rf"(?<=[{FULL}])\*\* ", "", text)  # Markdown needs this space to see where emphasis ends
            bare = re.sub(r"\*\*|</?\w+>", "", ended)
            words = re.sub(r"\]\([^)]*\)", "]", bare)
            assert re.findall(rf".{{0,9}}[{HAN}](?:[A-Za-z0-9`]).{{0,9}}|.{{0,9}}[A-Za-z0-9%`](?:[{HAN}]).{{0,9}}", words) == [], name
            assert re.findall(rf".{{0,9}}[{HAN}{FULL}] +[{HAN}{FULL}].{{0,9}}", words) == [], name
            assert re.findall(rf".{{0,9}}[{HAN}] ?[,;:?!()].{{0,9}}", words) == [], name


    @every_lesson
    @every_language
    def test_markdown_sees_all_emphasis(self, path, language):
        """Between Chinese and punctuation it does not everywhere: **「a」**b is no emphasis (CommonMark, 6.2)."""
        for cell in committed(path, language).cells:
            if cell.cell_type == "markdown":
                assert "**" not in re.sub(r"<(code|pre)>.*?</\1>", "", mistune.html(cell.source), flags=re.DOTALL), cell.id


class TestOutputs:
    @every_lesson
    @every_language
    def test_every_picture_is_there_without_a_kernel(self, path, language):
        cells = [cell for cell in committed(path, language).cells if cell.cell_type == "code"]
        for cell in cells:
            if re.search(r"^(?:%netlab )?(?:--lab \w+ )?show (?:topology|chains|way)", cell.source, re.MULTILINE):
                assert [output for output in cell.outputs if "image/svg+xml" in output.get("data", {})], cell.source
            for output in cell.outputs:
                assert output.output_type != "error"
                assert "text/plain" in output.get("data", {"text/plain": ""}) or "text/html" in output.data
                assert not re.search("<style|<svg|<details", output.get("data", {}).get("text/html", ""))

    @pytest.mark.long("whether the outputs of the lessons are those of today")
    @may_warn
    @pytest.mark.kernel
    @pytest.mark.timeout(900)
    @every_language
    @every_lesson
    def test_outputs_are_not_stale(self, path, language):
        """What differs by chance (a packet more, and a column of counters is shown) does not differ five times."""
        before = committed(path, language)
        stale = {cell.id for cell in before.cells}
        for _ in range(5):
            made = with_older_outputs(executed(notebook(path, language), language), before)
            stale &= {cell.id for cell, old in zip(made.cells, before.cells, strict=True) if cell != old}
            if not stale:
                break
        assert stale == set(), "run `python tools/lessons`"

    def test_html_is_cut_at_pictures_and_closed_on_both_sides(self):
        pieces = Parted('<style>p{}</style><div class="a"><pre>x &amp; y</pre><svg id="n"><path d="M0"/></svg><p>z</p></div>').pieces
        assert [kind for kind, _ in pieces] == ["text/html", "image/svg+xml", "text/html"]
        assert re.fullmatch(r'<div class="a"><pre style="[^"]*">x &amp; y</pre></div>', pieces[0][1])
        assert pieces[1][1] == '<svg id="n"><path d="M0"/></svg>'
        assert pieces[2][1] == '<div class="a"><p>z</p></div>'

    def test_what_a_run_decides_does_not_make_outputs_differ(self):
        def stream(text: str) -> list[Any]:
            return kept([nbformat.v4.new_output("stream", text=text)])

        assert alike(stream("64 bytes: time=0.05 ms\n:FORWARD DROP [2:56]\n"), stream("64 bytes: time=0.61 ms\n:FORWARD DROP [4:112]\n"))
        assert alike(stream("link/ether 16:9c:73:c3:33:a8"), stream("link/ether 6e:55:ae:dc:7c:09"))
        assert not alike(stream(":FORWARD DROP [2:56]\n"), stream(":FORWARD ACCEPT [2:56]\n"))
        assert not alike(stream("ttl=64"), stream("ttl=63"))

    def test_a_cell_that_says_the_same_keeps_what_it_said(self):
        def one(text: str) -> Any:
            made = nbformat.v4.new_notebook()
            made.cells = [nbformat.v4.new_code_cell("ping", id="a", outputs=[nbformat.v4.new_output("stream", text=text)])]
            return made

        assert written(with_older_outputs(one("time=1 ms"), one("time=2 ms"))) == written(one("time=2 ms"))
        assert written(with_older_outputs(one("lost"), one("time=2 ms"))) == written(one("lost"))
