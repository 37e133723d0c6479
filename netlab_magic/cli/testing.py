"""`netlab-magic test`: a firewall against files of expectations, as text, TAP, JUnit or JSON."""

from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path

from netlab_magic.cli import json_fields
from netlab_magic.cli.answer import Answer
from netlab_magic.cli.exit_status import Status
from netlab_magic.cli.reading import STDIN, host_of
from netlab_magic.cli.test_reports import junit, tap, told
from netlab_magic.errors import StatementError
from netlab_magic.i18n import Language, language
from netlab_magic.session.expectations import Expectation, Judged, Judgement, expectations_in, judged

__all__ = ["test"]

_MARKS = {Judgement.MET: "✓", Judgement.FAILED: "✕", Judgement.UNKNOWN: "?"}


def test(options: Namespace) -> Answer:
    """Whether the host does what the files expect: NO if it does not, UNKNOWN if that cannot be told of some lines."""
    dumps, names = ([], [options.rules, *options.expectations]) if options.attach else ([options.rules], options.expectations)
    if not names:
        raise StatementError("there are no expectations: netlab-magic test RULES EXPECTATIONS")
    wanted = [one for name in names for one in _expectations(name)]
    loaded = host_of([*dumps, *options.file], options.lang, options.attach)
    found = list(judged(loaded.lab.look(foreign=True), wanted, options.lang))
    if options.junit:
        _write(options.junit, junit(found))
    results = {one.result for one in found}
    status = Status.NO if Judgement.FAILED in results else Status.UNKNOWN if Judgement.UNKNOWN in results else Status.OK
    say = language(options.lang)
    text = tap(found) if options.tap else "\n".join(_report(found, say))
    fields = {**_counts(found), "tests": [json_fields.of_judged(one) for one in found], **loaded.fields}
    return Answer(text, fields, status, remarks=loaded.assumed(say))


def _expectations(name: str) -> Sequence[Expectation]:
    if name == STDIN:
        raise StatementError("expectations are read from files; standard input may be the dump")
    try:
        return expectations_in(Path(name).read_text(), name)
    except UnicodeDecodeError:
        raise StatementError(f"{name} is not text") from None
    except OSError as error:
        raise StatementError(f"{name} cannot be read: {error.strerror}") from None


def _write(name: str, text: str) -> None:
    try:
        Path(name).write_text(text)
    except OSError as error:
        raise StatementError(f"{name} cannot be written: {error.strerror}") from None


def _counts(found: Sequence[Judged]) -> dict[str, int]:
    return {str(kind): sum(one.result == kind for one in found) for kind in Judgement}


def _report(found: Sequence[Judged], say: Language) -> Iterator[str]:
    """A line a test; of those that are not met, what happens and the rule that decides."""
    for one in found:
        yield f"{_MARKS[one.result]} {one.expectation}"
        if one.result != Judgement.MET:
            yield from (f"    {line}" for line in told(one))
    counts = _counts(found)
    yield say(
        "Expectations: {all}. Met: {met}. Not met: {failed}. Unknown: {unknown}.",
        all=len(found),
        **counts,
    )
