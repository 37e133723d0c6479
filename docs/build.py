"""Builds the site: `python docs/build.py FOLDER` writes FOLDER/en and FOLDER/zh-TW, with a search that needs no server of its own.

    ./netlab site FOLDER            installs what is needed first; with --live, lessons also run in the reader's browser
    python -m http.server --bind 127.0.0.1 --directory FOLDER

The pages of docs/ are in English; docs/zh-TW/ has those that are written in Traditional Chinese too, and where one is missing, the English
one stands in its place. The lessons are notebooks/en and notebooks/zh-TW with their committed outputs. The reference of statements is made
from the language's own table. Nothing is fetched while the site is built, and its pages ask no other server for anything.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT))

# The package is found by the line above.
from netlab_magic import Lab  # noqa: E402
from netlab_magic.i18n import language  # noqa: E402
from netlab_magic.language.syntax import GROUPS  # noqa: E402

LANGUAGES = {"en": "en", "zh-TW": "zh_TW"}
"""The site's languages and what the package calls them."""

STATEMENTS = {"en": "Statements", "zh-TW": "陳述式"}
FROM_ROOT = {"architecture.md": "ARCHITECTURE.md", "changelog.md": "CHANGELOG.md"}
"""Pages of the site that are documents of the repository."""

INDEX = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>netlab_magic</title>
<script>location.replace((navigator.language.startsWith("zh") ? "zh-TW" : "en") + "/index.html");</script>
</head><body><p><a href="en/index.html">English</a> · <a href="zh-TW/index.html" lang="zh-TW">中文</a></p></body></html>
"""


def statement_reference(lang: str) -> str:
    """The page on all statements, made from the same table as `help`."""
    say = language(LANGUAGES[lang])
    lines = [f"# {STATEMENTS[lang]}", ""]
    for title, group in GROUPS.items():
        lines += [f"## {say(title)}", ""]
        for syntax in group:
            forms = "\n".join(syntax.forms or (syntax.form,))
            lines += [f"### `{syntax.word}`", "", say(syntax.summary), "", "```text", forms, "```", ""]
            if syntax.examples:
                lines += ["```text", *syntax.examples, "```", ""]
    return "\n".join(lines)


def staged(lang: str, stage: Path) -> None:
    """Gathers the pages of one language."""
    shutil.copytree(HERE, stage, ignore=shutil.ignore_patterns("zh-TW", "build.py", "__pycache__"))
    if lang != "en":
        shutil.copytree(HERE / lang, stage, dirs_exist_ok=True)
    for page, document in FROM_ROOT.items():
        shutil.copy(ROOT / document, stage / page)
    answered(lang, stage / "hosts")
    (stage / "statements.md").write_text(statement_reference(lang))
    for lesson in sorted((ROOT / "notebooks" / "en").glob("*.ipynb")):
        own = ROOT / "notebooks" / lang / lesson.name
        (stage / "lessons" / lesson.name).write_text(coloured((own if own.exists() else lesson).read_text()))


def answered(lang: str, hosts: Path) -> None:
    """Puts beside each host to load what `why` says about it, so that the page never says anything else than the program."""
    for path in sorted(hosts.glob("*.host")):
        head, _, dump = path.read_text().partition("---\n")
        question = head.splitlines()[-1].removeprefix("? ").partition(" => ")[0]
        lab = Lab(language=LANGUAGES[lang])
        lab.load(text=dump)
        path.with_suffix(".txt").write_text(dump)
        path.with_suffix(".answer.md").write_text(f"```text\n%netlab why {question}\n\n{lab.run(f'why {question}')}\n```\n")


def coloured(notebook: str) -> str:
    """The notebook with the name of the lexer that knows cell magics."""
    content = json.loads(notebook)
    content["metadata"].setdefault("language_info", {})["pygments_lexer"] = "ipython3"
    return json.dumps(content)


def main() -> None:
    """Builds all languages, then the index for the search."""
    parser = argparse.ArgumentParser(description="Builds the site of netlab_magic.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--live", action="store_true", help="with lessons that run in the browser (needs npm and the network)")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        for lang in LANGUAGES:
            stage = Path(work) / lang
            staged(lang, stage)
            environment = os.environ | {"SITE_LANG": lang, "SITE_LIVE": str(int(given.live))}
            sphinx = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "-d", f"{work}/doctrees-{lang}"]
            subprocess.run([*sphinx, str(stage), str(given.folder / lang)], env=environment, check=True)
    (given.folder / "index.html").write_text(INDEX)
    if given.live:
        subprocess.run([sys.executable, str(ROOT / "binder" / "lite" / "build.py"), str(given.folder / "live")], check=True)
    search = [sys.executable, "-m", "pagefind", "--site", str(given.folder), "--glob", "{en,zh-TW}/**/*.html"]
    subprocess.run([*search, "--root-selector", "main", "--exclude-selectors", ".headerlink,nav", "--quiet"], check=True)
    shutil.rmtree(given.folder / "jupyter_execute", ignore_errors=True)  # copies that MyST-NB leaves beside the pages
    sys.stdout.write(f"The site is in {given.folder}; look at it with: python -m http.server --bind 127.0.0.1 --directory {given.folder}\n")


if __name__ == "__main__":
    main()
