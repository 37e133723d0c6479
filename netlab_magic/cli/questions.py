"""The subcommands that ask about a dump: why, matrix, explain, show, diff."""

from argparse import Namespace
from collections.abc import Sequence

from netlab_magic.cli import json_fields
from netlab_magic.cli.answer import Answer
from netlab_magic.cli.exit_status import Status, status_of
from netlab_magic.cli.reading import host_of, load
from netlab_magic.draw.base.picture import Picture
from netlab_magic.i18n import language
from netlab_magic.session.lab import Lab
from netlab_magic.session.results.base import CellResult
from netlab_magic.session.results.diff import Compared
from netlab_magic.session.results.explain import Explained
from netlab_magic.session.results.probe import MatrixResult
from netlab_magic.session.results.why import Why

__all__ = ["diff", "explain", "matrix", "show", "why"]


def why(options: Namespace) -> Answer:
    """What happens to a packet; its picture is the topology with the packet's path."""
    loaded = host_of(options.file, options.lang, options.attach)
    found = loaded.lab.ask("why", options.source, options.destination, *options.through, *_six(options))
    assert isinstance(found, Why)
    fields = {**json_fields.of_why(found), **loaded.fields}
    return Answer(str(found), fields, status_of(found.verdict), _Later(found), loaded.assumed(language(options.lang)))


class _Later(Sequence[Picture]):
    """The pictures of a `why`, which are only made if one is asked for."""

    def __init__(self, found: Why) -> None:
        self.found = found

    def __len__(self) -> int:
        return len(self.found.pictures)

    def __getitem__(self, at: int) -> Picture:  # type: ignore[override]  # nobody slices it
        return self.found.pictures[at]


def matrix(options: Namespace) -> Answer:
    """Who can reach whom."""
    loaded = host_of(options.file, options.lang, options.attach)
    found = loaded.lab.ask("matrix", *_six(options), "--predict", *options.names)
    assert isinstance(found, MatrixResult)
    fields = {**json_fields.of_matrix(found), **loaded.fields}
    return Answer(str(found), fields, status_of(*(one.verdict for one in found.outcomes)), (), loaded.assumed(language(options.lang)))


def explain(options: Namespace) -> Answer:
    """A chain, a rule or a table in words."""
    loaded = host_of(options.file, options.lang, options.attach)
    found = loaded.lab.ask("explain", *_six(options), *_table(options), *filter(None, (options.chain, options.number)))
    fields = {"text": str(found), "sentences": list(found.sentences) if isinstance(found, Explained) else [], **loaded.fields}
    return Answer(str(found), fields, remarks=loaded.unread(language(options.lang)))


def show(options: Namespace) -> Answer:
    """The host's topology, chains, rules or routes."""
    loaded = host_of(options.file, options.lang, options.attach)
    found = loaded.lab.ask("show", options.what, *_six(options), *_table(options), *options.name)
    parts = found.results if isinstance(found, CellResult) else (found,)
    text = "\n".join(one.words if isinstance(one, Picture) else str(one) for one in parts)
    fields = json_fields.of_host(loaded.lab.look(foreign=True)) if options.what in ("topology", "routes") else {"text": text}
    pictures = [one for one in parts if isinstance(one, Picture)]
    return Answer(text, {**fields, **loaded.fields}, pictures=pictures, remarks=loaded.unread(language(options.lang)))


def diff(options: Namespace) -> Answer:
    """How two dumps differ."""
    lab = Lab(language=options.lang)
    load(lab, [options.before])
    load(lab, [options.after])
    found = lab.diff()
    renamed = Compared(found.comparison, options.before, options.after)
    return Answer(str(renamed), json_fields.of_diff(renamed), Status.NO if found.changed else Status.OK)


def _six(options: Namespace) -> tuple[str, ...]:
    return ("-6",) if options.six else ()


def _table(options: Namespace) -> tuple[str, ...]:
    return ("-t", options.table) if options.table else ()
