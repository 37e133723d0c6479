"""The message catalogues: complete, translated, compiled, and with the same placeholders in every language."""

import re
from string import Formatter

import catalogue
import pytest
from babel.messages.mofile import read_mo

from netlab_magic.errors import StatementError
from netlab_magic.explain.known.chains import PURPOSES
from netlab_magic.explain.known.docker_filter import DOCKER
from netlab_magic.explain.known.everyday import EVERYDAY
from netlab_magic.explain.known.kubernetes import KUBERNETES
from netlab_magic.explain.known.programs import PROGRAMS
from netlab_magic.i18n import LANGUAGES, language, preferred

TRANSLATED = LANGUAGES[1:]
AGAIN = "run: python tools/catalogue.py"


def placeholders(text: str) -> set[str]:
    """The fields of a message; those without a name by their place."""
    fields = [field for _, field, _, _ in Formatter().parse(text) if field is not None]
    return {field or str(place) for place, field in enumerate(fields)}


@pytest.mark.parametrize("name", TRANSLATED)
def test_the_catalogue_has_the_messages_of_the_sources_and_no_others(name: str) -> None:
    said = {text for text, _ in catalogue.messages()}
    held = {message.id for message in catalogue.read(name) if message.id}
    assert held == said, AGAIN


@pytest.mark.parametrize("name", TRANSLATED)
def test_every_message_is_translated_with_the_same_placeholders(name: str) -> None:
    for message in (message for message in catalogue.read(name) if message.id):
        assert message.string, message.id
        assert not message.fuzzy, message.id
        assert placeholders(message.string) == placeholders(message.id), message.id


@pytest.mark.parametrize("name", TRANSLATED)
def test_what_is_compiled_is_what_is_written(name: str) -> None:
    with catalogue.po_path(name).with_suffix(".mo").open("rb") as file:
        compiled = {message.id: message.string for message in read_mo(file) if message.id}
    assert compiled == {message.id: message.string for message in catalogue.read(name) if message.id}, AGAIN


def test_chinese_ends_its_sentences_and_sets_its_marks_as_in_taiwan() -> None:
    for message in (message for message in catalogue.read("zh_TW") if message.id):
        assert message.string.endswith("。") == message.id.endswith("."), message.id
        assert not re.search(r"[\u4e00-\u9fff][,;:?!]|[“”‘’]", message.string), message.string
        assert not re.search("[\u4e00-\u9fff] \\{|\\} [\u4e00-\u9fff]", message.string), "spaces around values are the program's business"


@pytest.mark.parametrize("shape", [*DOCKER, *KUBERNETES, *PROGRAMS, *EVERYDAY], ids=lambda shape: f"{shape.where} {shape.rule}")
def test_a_situation_names_only_what_its_shape_has(shape) -> None:
    names = set(re.findall(r"\{(\w+)\}", shape.rule)) | set(re.compile(shape.where).groupindex)
    assert placeholders(shape.says) <= names


@pytest.mark.parametrize(("where", "says"), PURPOSES, ids=[where for where, _ in PURPOSES])
def test_a_purpose_names_only_what_its_chains_name_has(where: str, says: str) -> None:
    assert placeholders(says) <= {"chain", *re.compile(where).groupindex}


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "zh_TW.UTF-8"}, "zh_TW"),
        ({"LANG": "zh_CN.UTF-8"}, "en"),
        ({"LANG": "zh_TW.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "de_DE.UTF-8", "LC_MESSAGES": "zh_TW"}, "zh_TW"),
        ({"LANG": "zh_TW.UTF-8", "LC_ALL": ""}, "zh_TW"),
    ],
)
def test_the_environment_chooses_the_language(environment: dict[str, str], name: str) -> None:
    assert preferred(environment) == name


def test_a_language_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(StatementError, match="choose en or zh_TW"):
        language("fr")


@pytest.mark.parametrize(
    ("text", "values", "said"),
    [
        ("從{}進來", ["docker0"], "從 docker0 進來"),
        ("從{}進來", ["其他介面"], "從其他介面進來"),
        ("{}的{}", ["TTL 小於 5", "封包"], "TTL 小於 5 的封包"),
        ("port {}", ["{}"], "port {}"),
        ("“{}”", ["a\nb\x1b"], "“a b\N{REPLACEMENT CHARACTER}”"),
    ],
)
def test_values_are_put_into_messages_safely_and_with_a_space_between_scripts(text: str, values: list[str], said: str) -> None:
    assert language("en")(text, *values) == said
