"""The message catalogues: `python tools/catalogue.py` brings them up to date with the sources.

It gathers every message of the package into netlab_magic/i18n/locale/*/LC_MESSAGES/netlab_magic.po, keeps the translations that are there,
leaves new ones empty for a translator, forgets those that no source says any more, and compiles the .mo beside it.
"""

import ast
import io
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

PACKAGE = Path(__file__).parents[1] / "netlab_magic"
sys.path.insert(0, str(PACKAGE.parent))

# The package is found by the line above.
from netlab_magic.i18n import LANGUAGES  # noqa: E402
from netlab_magic.iptables.extensions import HEADER, MATCHES, TARGETS, TargetExtension  # noqa: E402
from netlab_magic.language.syntax import GROUPS  # noqa: E402
from netlab_magic.model.probe import Verdict  # noqa: E402

SPEAKERS = {"message", "say"}
"""The functions whose first argument is a message."""

_DATE = datetime(2025, 1, 1, tzinfo=UTC)  # a fixed one: the same sources give the same file


def messages() -> Iterator[tuple[str, str]]:
    """Every message of the sources with the file that it stands in."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SPEAKERS and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant) and first.value:
                    yield first.value, str(path.relative_to(PACKAGE.parent))
    for extension in (HEADER, *MATCHES.values(), *TARGETS.values()):
        then = extension.then if isinstance(extension, TargetExtension) else ""
        for text in (extension.says, then, *(text for row in extension.parameters for text in (row.says, row.denies))):
            if text:
                yield text, "netlab_magic/extensions"
    for title, group in GROUPS.items():
        for text in (title, *(syntax.summary for syntax in group)):
            yield text, "netlab_magic/language"
    for verdict in Verdict:
        yield verdict.value, "netlab_magic/model/probe.py"


def po_path(language: str) -> Path:
    return PACKAGE / "i18n" / "locale" / language / "LC_MESSAGES" / "netlab_magic.po"


def read(language: str) -> Catalog:
    with po_path(language).open("rb") as file:
        return read_po(file, locale=language)


def compiled(catalogue: Catalog) -> bytes:
    binary = io.BytesIO()
    write_mo(binary, catalogue)
    return binary.getvalue()


def updated(language: str) -> Catalog:
    """The catalogue as it should be: the messages of the sources, with the translations that are known."""
    known = read(language) if po_path(language).exists() else Catalog()
    catalogue = Catalog(language, project="netlab_magic", version="1", fuzzy=False, creation_date=_DATE, revision_date=_DATE,
                        copyright_holder="The netlab_magic authors", last_translator="The netlab_magic authors",
                        language_team="none", msgid_bugs_address="none",
                        header_comment=f"# The sentences of netlab_magic in {language}, kept by python tools/catalogue.py.")  # fmt: skip
    for text, path in messages():
        found = known.get(text)
        catalogue.add(text, found.string if found else "", locations=[(path, None)])
    return catalogue


def main() -> None:
    for language in LANGUAGES[1:]:
        catalogue = updated(language)
        text = io.BytesIO()
        write_po(text, catalogue, width=0)
        po_path(language).write_bytes(text.getvalue())
        po_path(language).with_suffix(".mo").write_bytes(compiled(catalogue))
        missing = sum(not message.string for message in catalogue if message.id)
        print(f"{po_path(language).name}: {len(catalogue)} messages, {missing} without a translation")


if __name__ == "__main__":
    main()
